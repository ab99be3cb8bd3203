"""A tab of the browser on a built page, with its requests and complaints."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parents[2]
SITE = (ROOT / "_build" / "html").resolve()
WIDE = {"width": 1440, "height": 900}
NARROW = {"width": 360, "height": 740}
LOCAL = ("file", "data", "blob", "about")


def built_pages():
    """Return every page, except the one that redirects to the first."""
    pages = [path.relative_to(SITE).as_posix() for path in SITE.rglob("*.html")]
    skipped = ("_static/", "_sources/", "index.html")
    return sorted(page for page in pages if not page.startswith(skipped))


class Visit:
    """A tab, and what its page has requested or complained about."""

    def __init__(self, browser, viewport=WIDE, scheme="light"):
        self.context = browser.new_context(viewport=viewport, color_scheme=scheme)
        self.requests, self.complaints = [], []
        # The context also hears tabs that a page opens.
        self.context.on("request", lambda request: self.requests.append(request.url))
        self.context.on("requestfailed", self._miss)
        self.context.on("console", self._hear)
        self.context.on("weberror", lambda error: self.complain("error", error.error))
        self.page = self.context.new_page()
        self.page.set_default_timeout(20_000)

    def _hear(self, message):
        if message.type in ("error", "warning"):
            self.complain(message.type, message.text)

    def _miss(self, request):
        if request.failure != "net::ERR_ABORTED":  # how the page sees a download
            self.complain(request.failure, request.url)

    def complain(self, kind, what):
        self.complaints.append(f"{kind}: {what}")

    def open(self, name):
        self.page.goto(f"{SITE.as_uri()}/{name}", wait_until="load")
        # Wait for scripts that run after the page has loaded.
        self.page.wait_for_function("document.readyState === 'complete'")
        self.page.wait_for_timeout(100)
        return self.page

    def loaded_files(self):
        """Return the files that the page requested, each once."""
        urls = [urlsplit(url) for url in self.requests]
        return {Path(unquote(url.path)) for url in urls if url.scheme == "file"}

    def assert_quiet(self):
        away = [url for url in self.requests if urlsplit(url).scheme not in LOCAL]
        assert not away, "a page must not load anything from another host"
        assert not self.complaints

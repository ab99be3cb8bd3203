"""A tab of the browser on a built page, with its requests and complaints."""

import base64
import functools
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parents[2]
SITE = (ROOT / "_build" / "html").resolve()
WIDE = {"width": 1440, "height": 900}
NARROW = {"width": 360, "height": 740}
TABLET = {"width": 1100, "height": 800}
# Readers have other fonts than this machine. Matplotlib brings these: the first is as wide as
# fonts of text get, the second is among the narrowest.
WIDE_FONT, NARROW_FONT = "DejaVuSans-Bold", "STIXGeneral"
LOCAL = ("file", "data", "blob", "about")


def built_pages():
    """Return every page, except the one that redirects to the first."""
    pages = [path.relative_to(SITE).as_posix() for path in SITE.rglob("*.html")]
    skipped = ("_static/", "_sources/", "index.html")
    return sorted(page for page in pages if not page.startswith(skipped))


@functools.cache
def use_font(name):
    """Return a script that draws all text of a page and of its frames in one font."""
    import matplotlib

    path = Path(matplotlib.get_data_path(), "fonts", "ttf", f"{name}.ttf")
    address = f"data:font/ttf;base64,{base64.b64encode(path.read_bytes()).decode()}"
    style = f"""
        @font-face {{ font-family: "of the test"; src: url({address}); }}
        *, ::before, ::after {{ font-family: "of the test" !important; }}
    """
    return f"""document.addEventListener("DOMContentLoaded", () => {{
        const style = document.createElement("style");
        style.textContent = `{style}`;
        document.head.append(style);
    }});"""


class Visit:
    """A tab, and what its page has requested or complained about."""

    def __init__(self, browser, viewport=WIDE, scheme="light", font=None):
        self.context = browser.new_context(viewport=viewport, color_scheme=scheme)
        self.font = font
        if font:
            self.context.add_init_script(use_font(font))
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
        if self.font:
            drawn = self.page.evaluate(
                "document.fonts.ready.then(() => [...document.fonts].some("
                "(each) => each.family.includes('of the test') && each.status === 'loaded'))"
            )
            assert drawn, "the font of the test was not drawn"
        return self.page

    def loaded_files(self):
        """Return the files that the page requested, each once."""
        urls = [urlsplit(url) for url in self.requests]
        return {Path(unquote(url.path)) for url in urls if url.scheme == "file"}

    def assert_quiet(self):
        away = [url for url in self.requests if urlsplit(url).scheme not in LOCAL]
        assert not away, "a page must not load anything from another host"
        assert not self.complaints

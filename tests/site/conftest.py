"""The built pages, from the disk, in a Chromium that is asked for nothing else."""

import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]
SITE = (ROOT / "_build" / "html").resolve()
WIDE = {"width": 1440, "height": 900}
NARROW = {"width": 360, "height": 740}
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
]
LOCAL = ("file", "data", "blob", "about")

sys.path.insert(0, str(ROOT / "tools"))
from check_site import find_chromium  # noqa: E402


def built_pages():
    """Every page but the one that only leads to the first."""
    pages = [path.relative_to(SITE).as_posix() for path in SITE.rglob("*.html")]
    skipped = ("_static/", "_sources/", "index.html")
    return sorted(page for page in pages if not page.startswith(skipped))


def pytest_generate_tests(metafunc):
    if "page_name" in metafunc.fixturenames:
        metafunc.parametrize("page_name", built_pages())


def pytest_collection_modifyitems(config):
    if not (SITE / "index.html").is_file():
        pytest.exit(f"there is no book at {ROOT / '_build/html'}: run make test-site", 1)


@pytest.fixture(scope="session")
def browser():
    from playwright.sync_api import sync_playwright

    chromium = find_chromium()
    if not chromium:
        pytest.exit("there is no Chromium here (or name one in $CHROMIUM)", 1)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


class Visit:
    """A tab, and all that a page in it asked for or complained about."""

    def __init__(self, browser, viewport=WIDE, scheme="light"):
        self.context = browser.new_context(viewport=viewport, color_scheme=scheme)
        self.requests, self.complaints = [], []
        # For every tab, those that a page opens included.
        self.context.on("request", lambda request: self.requests.append(request.url))
        self.context.on("requestfailed", lambda request: self.complain("failed", request.url))
        self.context.on("console", self._hear)
        self.context.on("weberror", lambda error: self.complain("error", error.error))
        self.page = self.context.new_page()
        self.page.set_default_timeout(20_000)

    def _hear(self, message):
        if message.type in ("error", "warning"):
            self.complain(message.type, message.text)

    def complain(self, kind, what):
        self.complaints.append(f"{kind}: {what}")

    def open(self, name):
        self.page.goto(f"{SITE.as_uri()}/{name}", wait_until="load")
        # What scripts still do after the page has loaded.
        self.page.wait_for_function("document.readyState === 'complete'")
        self.page.wait_for_timeout(100)
        return self.page

    def loaded_files(self):
        """The files that the page asked for, each once."""
        urls = [urlsplit(url) for url in self.requests]
        return {Path(unquote(url.path)) for url in urls if url.scheme == "file"}

    def assert_quiet(self):
        away = [url for url in self.requests if urlsplit(url).scheme not in LOCAL]
        assert not away, "a page must ask for nothing from elsewhere"
        assert not self.complaints


@pytest.fixture
def visit(browser):
    """Opens tabs, and checks at the end that none complained or asked for anything elsewhere."""
    visits = []

    def start(**how):
        visits.append(Visit(browser, **how))
        return visits[-1]

    yield start
    for each in visits:
        each.context.close()
    for each in visits:
        each.assert_quiet()

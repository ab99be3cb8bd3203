"""Fixtures that open the built pages from the disk in a Chromium."""

import pytest
from check_site import find_chromium
from visits import SITE, Visit, built_pages

FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
]


def pytest_generate_tests(metafunc):
    if "page_name" in metafunc.fixturenames:
        metafunc.parametrize("page_name", built_pages())


@pytest.fixture(scope="session")
def browser():
    from playwright.sync_api import sync_playwright

    if not (SITE / "index.html").is_file():
        pytest.fail("there is no book at _build/html: run make test-site")
    chromium = find_chromium()
    if not chromium:
        pytest.fail("there is no Chromium here (or name one in $CHROMIUM)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser):
    """Return a function that opens tabs; at the end, none may have complained or left the disk."""
    visits = []

    def start(**how):
        visits.append(Visit(browser, **how))
        return visits[-1]

    yield start
    for each in visits:
        each.context.close()
    for each in visits:
        each.assert_quiet()

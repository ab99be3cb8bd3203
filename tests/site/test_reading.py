"""Readers search, copy cells, download notebooks, follow wrong links and use the keyboard."""

import functools
import http.server
import re
import threading

import nbformat
import pytest
from visits import NARROW_FONT, SITE, Visit

CHAPTER = "chapters/02_spectrograms.html"


@pytest.fixture(scope="module")
def served():
    """Serve the pages, because a clipboard can only be read there, and return their address."""
    handler = functools.partial(QuietHandler, directory=SITE)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def served_visit(browser, served):
    """Return a tab on the served pages, which loads nothing from another host."""
    visit = Visit(browser)
    yield visit
    visit.context.close()
    visit.requests = [url for url in visit.requests if not url.startswith(served)]
    visit.assert_quiet()


def results_of_search(page):
    page.locator("#search-results li a").first.wait_for()
    page.get_by_text(re.compile("Search finished")).wait_for()
    return [link.get_attribute("href") for link in page.locator("#search-results li a").all()]


def test_the_first_address_leads_to_the_first_page(visit):
    page = visit().open("index.html")
    page.wait_for_url("**/intro.html")


def test_a_word_is_found_without_a_server(visit):
    page = visit().open("index.html")
    page.wait_for_url("**/intro.html")
    page.keyboard.press("Control+k")
    page.locator("#pst-search-dialog input").fill("noise floor")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?*")
    found = results_of_search(page)
    assert any(link.startswith(CHAPTER) for link in found)
    assert any(link.startswith("glossary.html") for link in found)
    page.locator(f"#search-results a[href^='{CHAPTER}']").first.click()
    page.wait_for_url(f"**/{CHAPTER}*")


def test_a_word_is_found_with_its_surroundings_on_a_server(served, served_visit):
    page = served_visit.page
    page.goto(f"{served}/search.html?q=noise+floor")
    assert any(link.startswith(CHAPTER) for link in results_of_search(page))
    page.locator("#search-results .context").first.wait_for()


def test_every_page_leads_to_the_next_and_back(visit):
    page = visit().open("intro.html")
    way = []
    while page.locator("a.right-next").count():
        way.append(page.url)
        page.locator("a.right-next").click()
        page.wait_for_url(lambda url: url != way[-1])
    order = [re.search(r"/html/(.*)\.html", url)[1] for url in way]
    chapters = [name for name in order if name.startswith("chapters/")]
    assert chapters == sorted(chapters)
    assert len(chapters) >= 8
    assert page.url.endswith("bibliography.html")
    page.locator("a.left-prev").click()
    page.wait_for_url(way[-1])


def test_a_cell_is_copied_as_it_is(served, served_visit):
    served_visit.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=served)
    page = served_visit.page
    page.goto(f"{served}/{CHAPTER}")
    cell = page.locator(".cell_input div.highlight").first
    cell.hover()
    button = cell.locator("button.copybtn")
    assert button.get_attribute("aria-label") or button.get_attribute("data-tooltip")
    button.click()
    page.locator("button.copybtn.success").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.strip() == cell.locator("pre").inner_text().strip()


def test_a_citation_is_copied_from_a_disk(visit):
    page = visit().open("cite.html")
    block = page.locator("div.highlight-bibtex")
    block.hover()
    block.locator("button.copybtn").click()
    block.locator("button.copybtn.success").wait_for()
    page.keyboard.press("Control+k")
    page.keyboard.press("Control+v")
    pasted = page.locator("#pst-search-dialog input").input_value()
    assert pasted.startswith("@misc{usvlib,")


def is_the_chapter(text):
    notebook = nbformat.reads(text, as_version=4)
    return any("usvlib" in cell.source for cell in notebook.cells if cell.cell_type == "code")


def test_a_chapter_is_downloaded_as_a_notebook(served, served_visit):
    page = served_visit.page
    page.goto(f"{served}/{CHAPTER}")
    page.get_by_role("button", name="Download this page").click()
    with page.expect_download() as download:
        page.locator(".btn-download-source-button").click()
    assert download.value.suggested_filename == "02_spectrograms.ipynb"
    assert is_the_chapter(download.value.path().read_text())


def test_a_chapter_is_shown_as_a_notebook_where_it_is_on_the_disk_already(visit):
    tab = visit()
    page = tab.open(CHAPTER)
    page.get_by_role("button", name="Download this page").click()
    with tab.context.expect_page() as opened:
        page.locator(".btn-download-source-button").click()
    opened.value.wait_for_load_state()
    assert is_the_chapter(opened.value.locator("pre").inner_text())


def test_light_and_dark_are_chosen_and_kept(visit):
    page = visit().open("intro.html")
    button = page.locator(".theme-switch-button").first
    seen = {page.evaluate("document.documentElement.dataset.theme")}
    for _ in range(3):
        button.click()
        seen.add(page.evaluate("document.documentElement.dataset.theme"))
        if page.evaluate("document.documentElement.dataset.mode") == "dark":
            break
    assert seen == {"light", "dark"}
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_the_keyboard_skips_to_the_text(visit):
    page = visit().open(CHAPTER)
    page.keyboard.press("Tab")
    link = page.locator("#pst-skip-link a")
    assert link.evaluate("(each) => each === document.activeElement")
    assert link.is_visible()
    page.keyboard.press("Enter")
    page.wait_for_url("**#main-content")
    page.keyboard.press("Tab")
    inside = "document.querySelector('main').contains(document.activeElement)"
    assert page.evaluate(inside)


@pytest.mark.parametrize("font", ["DejaVuSans", NARROW_FONT])
def test_the_first_page_is_seen_at_once(visit, font):
    page = visit(font=font).open("intro.html")
    for selector in (".landing-claim", ".landing-figure img", ".landing-path", ".landing-ways"):
        box = page.locator(selector).bounding_box()
        assert box["y"] + box["height"] <= 900, selector
        assert box["y"] >= 0


LOST = {
    "https://somebody.github.io/a-book/chapters/old/page.html": "https://somebody.github.io/a-book/",
    "https://somebody.github.io/a-book/none": "https://somebody.github.io/a-book/",
    "https://book.example.org/deep/er/none": "https://book.example.org/",
}


@pytest.mark.parametrize("address", LOST)
def test_who_is_lost_finds_home(visit, address):
    tab = visit()
    page = tab.page
    # Hosts of static pages answer every unknown address with this page, at any depth.
    page.route("**/*", lambda route: route.fulfill(path=SITE / "404.html", status=200))
    page.goto(address)
    assert page.get_by_role("link").evaluate("(each) => each.href") == LOST[address]
    assert tab.requests == [address]
    tab.requests.clear()


def test_home_is_found_on_a_disk(visit):
    page = visit().open("404.html")
    page.get_by_role("link").click()
    page.wait_for_url("**/intro.html")


def test_paper_is_light_and_unfolded(visit):
    page = visit(scheme="dark").open(CHAPTER)
    folded = page.locator("details")
    assert folded.count()

    def states():
        theme = page.evaluate("document.documentElement.dataset.theme")
        return theme, [each.evaluate("(each) => each.open") for each in folded.all()]

    on_screen = states()
    assert on_screen == ("dark", [False] * folded.count())
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert states() == ("light", [True] * folded.count())
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert states() == on_screen

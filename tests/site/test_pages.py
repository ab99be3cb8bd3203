"""Every page is quiet, self-contained, accessible, light, and fits any width."""

from pathlib import Path

import axe_playwright_python
import pytest
from visits import NARROW, NARROW_FONT, SITE, TABLET, WIDE_FONT

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
MB = 1_000_000
HEAVIER = {"chapters/08_explore.html": 4 * MB}  # it holds every sound
SLOWEST_PAINT_MS = 1000
TRIALS = 3

# Read folded parts as well, and wait until they have faded in.
UNFOLD = """
document.querySelectorAll("details").forEach((each) => { each.open = true; });
document.getAnimations().forEach((each) => each.finish());
"""

WATCH_PAINT = """
window.largestPaint = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.largestPaint = entry.startTime;
}).observe({ type: "largest-contentful-paint", buffered: true });
"""


def violations(page):
    """Return what axe finds in the page and in its frames."""
    page.evaluate(UNFOLD)
    found = []
    for frame in page.frames:
        frame.evaluate(AXE)
        result = frame.evaluate(
            # With a preload, axe would request the style sheets once more.
            "(rules) => axe.run(document, { iframes: false, preload: false, runOnly: rules })",
            RULES,
        )
        found += [
            f"{violation['id']}: {node['html'][:200]} ({node['failureSummary'][:300]})"
            for violation in result["violations"]
            for node in violation["nodes"]
        ]
    return found


def overflowing(page):
    """Return what reaches beyond the right edge, if the page scrolls sideways."""
    return page.evaluate(
        """() => {
          const width = document.documentElement.clientWidth;
          if (document.documentElement.scrollWidth <= width) return [];
          return [...document.querySelectorAll("body *")]
            .filter((each) => each.getBoundingClientRect().right > width + 1)
            .map((each) => each.outerHTML.slice(0, 120));
        }"""
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible_in_light_and_in_dark(visit, page_name, scheme):
    page = visit(scheme=scheme).open(page_name)
    shown = page.evaluate("document.documentElement.dataset.theme")
    assert shown in (scheme, None)
    assert not violations(page)


@pytest.mark.parametrize("font", [WIDE_FONT, NARROW_FONT])
def test_it_fits_a_phone_and_a_tablet_in_any_font(visit, page_name, font):
    page = visit(viewport=NARROW, font=font).open(page_name)
    page.evaluate(UNFOLD)
    assert not overflowing(page)
    page.set_viewport_size(TABLET)
    assert not overflowing(page)


def test_it_is_accessible_on_a_phone(visit, page_name):
    page = visit(viewport=NARROW, font=WIDE_FONT).open(page_name)
    # For example, a keyboard must reach every part that scrolls.
    assert not violations(page)


def test_images_load_and_say_what_they_show(visit, page_name):
    page = visit().open(page_name)
    images = page.locator("main img, article img")
    for i in range(images.count()):
        image = images.nth(i)
        assert image.evaluate("(each) => each.complete && each.naturalWidth > 0")
        assert image.get_attribute("alt").strip()
    for sound in page.locator("audio").all():
        assert sound.get_attribute("aria-label").strip()
    for icon in page.locator("i[class*='fa-'], span[class*='fa-']").all():
        raise AssertionError(f"an icon was not drawn: {icon.evaluate('(each) => each.outerHTML')}")
    # Font Awesome draws this for a name that it does not know.
    assert page.locator("svg g.missing").count() == 0


def test_it_is_light_and_appears_soon(visit, page_name):
    paints_ms = []
    for _ in range(TRIALS):
        tab = visit()
        tab.context.add_init_script(WATCH_PAINT)
        page = tab.open(page_name)
        page.wait_for_timeout(200)
        paints_ms.append(page.evaluate("window.largestPaint"))
        if 0 < paints_ms[-1] < SLOWEST_PAINT_MS:
            break
    assert 0 < min(paints_ms) < SLOWEST_PAINT_MS, paints_ms
    weight = sum(path.stat().st_size for path in tab.loaded_files() if path.is_file())
    assert SITE / page_name in tab.loaded_files()
    assert weight <= HEAVIER.get(page_name, 2 * MB), sorted(
        (path.stat().st_size, path.name) for path in tab.loaded_files()
    )
    print(f"{page_name}: {weight / MB:.2f} MB, {min(paints_ms):.0f} ms")


def test_it_prints_without_what_only_a_screen_needs(visit, page_name):
    page = visit().open(page_name)
    page.emulate_media(media="print")
    for selector in (".bd-sidebar-primary", ".bd-sidebar-secondary", ".bd-header-article"):
        for part in page.locator(selector).all():
            assert not part.is_visible(), selector
    assert page.locator("main").is_visible()
    sheet_px = 680  # A4 less its margins
    page.set_viewport_size({"width": sheet_px, "height": 1000})
    for image in page.locator("main img:visible").all():
        assert image.bounding_box()["width"] <= sheet_px
        block = image.evaluate("(each) => getComputedStyle(each).breakInside")
        assert block == "avoid"
    assert page.pdf().startswith(b"%PDF")

"""The tools that make the site. The tests of tests/site look at it in a browser."""

import functools
import inspect
import re
import subprocess
import sys
from pathlib import Path

import bookcitation
import bookpages
import booktidy
import check_site
import pybtex.database
import pytest
import yaml
from PIL import Image
from test_book import Book, replace_in

import usvlib

ROOT = Path(__file__).resolve().parents[1]
ADDRESS = "https://github.com/somebody/a-book"


NEEDS_ADDRESS = (
    "mybinder.org",
    "colab.research.google.com",
    "/edit/",
    "/issues/new",
    "pip install",
)

INTRO = """# A book

```{citation}
```

Cited are {cite:t}`sainburg2020` and {cite:t}`stoumpou2022`.

```{bibliography}
```

::::{with-address}
It lives at [ADDRESS](ADDRESS).

```python
%pip install git+ADDRESS
```
::::
"""


def build_pages(book):
    """Build a small book, and return its first page and its chapter, which is not executed."""
    replace_in(book.root / "_config.yml", "execute_notebooks: cache", 'execute_notebooks: "off"')
    (book.root / "intro.md").write_text(INTRO)
    (book.root / "CITATION.cff").write_bytes((ROOT / "CITATION.cff").read_bytes())
    run = subprocess.run([sys.executable, "tools/notebooks.py", "pair"], cwd=book.root)
    assert run.returncode == 0
    return jupyter_book(book)


def jupyter_book(book):
    command = [Path(sys.executable).with_name("jupyter-book"), "build", ".", "-W", "-n", "-q"]
    run = subprocess.run(
        command, cwd=book.root, env=book.environment, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    html = book.root / "_build" / "html"
    return [(html / name).read_text() for name in ("intro.html", "chapters/01_chapter.html")]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Return a small book that was built without an address, and its two pages."""
    book = Book(tmp_path_factory.mktemp("site"))
    return book, build_pages(book)


class TestAddress:
    @pytest.mark.slow
    def test_without_one_nothing_needs_it(self, built):
        _, (intro, chapter) = built
        for page in (intro, chapter):
            for needing in NEEDS_ADDRESS:
                assert needing not in page
            assert "ADDRESS" not in page
            assert "https://github.com" not in page
        assert "The usvlib developers (2026)" in intro

    @pytest.mark.slow
    def test_one_setting_switches_all_on(self, tmp_path):
        book = Book(tmp_path)
        replace_in(book.root / "_config.yml", 'url: ""', f"url: {ADDRESS}")
        intro, chapter = build_pages(book)
        assert f"%pip install git+{ADDRESS}" in re.sub("<[^>]*>", "", intro)
        assert f'href="{ADDRESS}"' in intro
        for expected in (
            "https://mybinder.org/v2/gh/somebody/a-book/main?urlpath=lab/tree/chapters/01_chapter.ipynb",
            "https://colab.research.google.com/github/somebody/a-book/blob/main/chapters/01_chapter.ipynb",
            f"{ADDRESS}/edit/main/chapters/01_chapter.md",
            f"{ADDRESS}/issues/new",
            f'href="{ADDRESS}"',
            "https://somebody.github.io/a-book/_static/card.png",
            "https://somebody.github.io/a-book/chapters/01_chapter.html",
        ):
            assert expected in chapter
        # The icons of these buttons are kept as well.
        script = (book.root / "_build" / "html" / "_static" / booktidy.SCRIPT).read_text()
        for icon in ("rocket", "github", "lightbulb", "pencil", "circle-half-stroke"):
            assert re.search(rf'"?{icon}"?:\[', script), icon

    @pytest.mark.slow
    def test_colab_opens_nothing_from_elsewhere_than_github(self, tmp_path):
        book = Book(tmp_path)
        replace_in(book.root / "_config.yml", 'url: ""', "url: https://gitlab.com/somebody/a-book")
        _, chapter = build_pages(book)
        assert "https://mybinder.org/v2/gl/somebody%2Fa-book/main" in chapter
        assert "colab" not in chapter

    @pytest.mark.parametrize(
        ("address", "pages"),
        [
            ("https://github.com/Some/Book", "https://some.github.io/Book/"),
            ("https://github.com/some/some.github.io", "https://some.github.io/"),
            ("https://gitlab.com/some/book", ""),
        ],
    )
    def test_pages_of_github_have_an_address_of_their_own(self, address, pages):
        assert bookpages.pages_address(address) == pages


@pytest.mark.slow
def test_an_edit_of_the_style_or_the_citation_reaches_the_pages(built):
    book, _ = built
    styles, citation = book.root / "_assets" / "book.css", book.root / "CITATION.cff"
    styles.write_text(styles.read_text() + "\n.new-rule { top: 0; }\n")
    replace_in(citation, "The usvlib developers", "Somebody else")
    intro, _ = jupyter_book(book)
    assert ".new-rule" in (book.root / "_build" / "html" / "_static" / "book.css").read_text()
    assert "Somebody else (2026)" in intro


class TestCitation:
    CFF = yaml.safe_load((ROOT / "CITATION.cff").read_text())

    def test_it_is_bibtex(self):
        text = bookcitation.as_bibtex(self.CFF, ADDRESS)
        (entry,) = pybtex.database.parse_string(text, "bibtex").entries.values()
        assert entry.fields["title"].strip("{}") == self.CFF["title"]
        assert entry.fields["url"] == ADDRESS
        assert entry.fields["version"] == usvlib.__version__
        # The name is in braces because it is not a first and a family name.
        assert [str(person) for person in entry.persons["author"]] == ["{The usvlib developers}"]

    def test_people_are_named_as_bibliographies_name_them(self):
        people = [{"family-names": "Gray", "given-names": "Ada"}, {"name": "The others"}]
        text = bookcitation.as_bibtex(self.CFF | {"authors": people})
        (entry,) = pybtex.database.parse_string(text, "bibtex").entries.values()
        assert [str(person) for person in entry.persons["author"]] == ["Gray, Ada", "{The others}"]
        assert "url" not in entry.fields

    def test_it_is_a_line_of_text(self):
        text = bookcitation.as_text(self.CFF, ADDRESS)
        assert self.CFF["title"] in text
        assert text.endswith(ADDRESS)
        assert "\n" not in text

    @pytest.mark.slow
    def test_long_and_short_lists_of_authors_are_written_alike(self, built):
        _, (intro, _) = built
        text = re.sub("<[^>]*>", "", intro)
        assert "Cited are Sainburg and others [2020] and Stoumpou and others [2022]." in text


class TestReference:
    """The page api.md, which names each public object once, under the door that gives it."""

    TEXT = (ROOT / "api.md").read_text()
    NAMED = re.findall(r"^\.\. (?:py:|auto)(?:class|function|data|exception):: (\S+)$", TEXT, re.M)
    # What other modules of usvlib take from these packages, and readers do not need.
    INTERNAL = (
        *("data.default_name", "data.mark_used", "data.trim_cache"),
        *("data.recording_of_latents",),
    )

    def test_it_has_every_public_name_once(self):
        public = {f"usvlib.{name}" for name in usvlib.__all__}
        for door in ("continuum", "data", "explorer"):
            package = getattr(usvlib, door)
            names = [name for name in package.__all__ if callable(getattr(package, name))]
            above = {name for name in names if f"usvlib.{name}" in public}
            public |= {f"usvlib.{door}.{name}" for name in {*names} - above}
        public -= {f"usvlib.{name}" for name in self.INTERNAL}
        modules = {name for name in public if inspect.ismodule(found(name))}
        assert len(self.NAMED) == len(set(self.NAMED))
        assert public - modules <= set(self.NAMED)

    def test_it_has_every_function_that_a_chapter_calls(self):
        texts = [path.read_text() for path in sorted(ROOT.glob("chapters/*.md"))]
        used = {name for text in texts for name in re.findall(r"\busvlib\.[a-z]\w*[\w.]*\w", text)}
        functions = {name for name in used if inspect.isfunction(found(name))}
        assert len(functions) > 20
        assert functions <= set(self.NAMED)

    def test_every_name_is_found_and_documented(self):
        for name in self.NAMED:
            assert inspect.getdoc(found(name)) or f"py:data:: {name}\n\n   " in self.TEXT, name

    def test_every_name_is_in_the_section_of_the_module_that_defines_it(self):
        section = None
        for line in self.TEXT.splitlines():
            if line.startswith(".. automodule::"):
                section = line.split()[-1]
            elif re.match(r"\.\. auto(class|function|exception)::", line):
                module = found(line.split()[-1]).__module__
                assert module == section or module.startswith(f"{section}."), line


def found(name):
    """Return what a dotted name stands for."""
    return functools.reduce(getattr, name.split(".")[1:], usvlib)


class TestIcons:
    def test_only_icons_in_use_are_kept(self):
        script = (booktidy.THEME / booktidy.SCRIPT).read_text()
        kept = booktidy.with_drawings(script, {"rocket", "adjust"})  # the second is an old name
        assert re.findall(booktidy.DRAWING, kept)
        assert {name for name, _ in re.findall(booktidy.DRAWING, kept)} == {
            "rocket",
            "circle-half-stroke",
        }
        assert len(kept) < len(script) / 10

    def test_rules_without_a_letter_stay(self):
        styles = '.fa-a:before{content:"\\f001"}.fa-b:before,.fa-c:before{content:"x"}p{top:0}'
        assert (
            booktidy.with_rules(styles, {"c"}) == '.fa-b:before,.fa-c:before{content:"x"}p{top:0}'
        )

    def test_letters_are_found_as_codes_and_as_themselves(self):
        assert booktidy.letters('a{content:"\\f107"}b{content:"\uf02d"}') == {0xF107, 0xF02D}


def test_the_card_has_the_size_that_other_sites_show():
    card = ROOT / "_assets" / "card.png"
    assert Image.open(card).size == (1200, 630)
    assert card.stat().st_size < 100_000


def test_the_404_page_needs_no_other_file():
    page = (ROOT / "_extra" / "404.html").read_text()
    assert not re.findall(r'(?:src|href)="(?!data:|/")', page)
    logo = (ROOT / "_assets" / "logo.svg").read_text()
    assert re.search(r'd="M[^"]*"', logo)[0] in page


def test_a_browser_can_be_named(monkeypatch):
    monkeypatch.setenv("CHROMIUM", sys.executable)
    assert check_site.find_chromium() == sys.executable
    monkeypatch.setenv("CHROMIUM", "no-such-browser")
    assert check_site.find_chromium() is None


def test_a_missing_browser_is_reported(monkeypatch):
    monkeypatch.setenv("CHROMIUM", "no-such-browser")
    for arguments, status in ((["--if-possible"], 0), ([], 1)):
        command = [sys.executable, ROOT / "tools" / "check_site.py", *arguments]
        run = subprocess.run(command, capture_output=True, text=True)
        assert run.returncode == status
        assert "there is no Chromium here" in run.stdout

"""Sphinx extension: how to cite the book, from `CITATION.cff`, and how the book cites others."""

import dataclasses
from pathlib import Path

import yaml
from docutils import nodes
from sphinx.util.docutils import SphinxDirective
from sphinxcontrib.bibtex.plugin import register_plugin
from sphinxcontrib.bibtex.style.referencing import PersonStyle
from sphinxcontrib.bibtex.style.referencing.author_year import AuthorYearReferenceStyle


@dataclasses.dataclass
class AuthorsAndOthers(AuthorYearReferenceStyle):
    """Cite by author and year, with *and others* instead of *et al.*, as the prose does."""

    person: PersonStyle = dataclasses.field(
        default_factory=lambda: PersonStyle(other=" and others")
    )


class Citation(SphinxDirective):
    """Show the citation of the book as text and as BibTeX."""

    def run(self):
        path = Path(self.env.srcdir) / "CITATION.cff"
        self.env.note_dependency(str(path))
        cff = yaml.safe_load(path.read_text())
        address = cff.get("url") or self.config.repository_address
        texts = {"text": as_text(cff, address), "bibtex": as_bibtex(cff, address)}
        return [
            nodes.literal_block(text, text, language=language) for language, text in texts.items()
        ]


def as_text(cff, address=""):
    """Return the citation as a line of text."""
    authors = ", ".join(author_name(author) for author in cff["authors"])
    text = f"{authors} ({year(cff)}). {cff['title']}. Version {cff['version']}."
    return f"{text} {address}" if address else text


def as_bibtex(cff, address=""):
    """Return the citation as a BibTeX entry."""
    fields = {
        # In braces, BibTeX does not split the name of a group.
        "author": " and ".join(
            f"{{{author['name']}}}" if "name" in author else author_name(author)
            for author in cff["authors"]
        ),
        "title": f"{{{cff['title']}}}",
        "year": year(cff),
        "version": cff["version"],
        "note": f"Version {cff['version']}",  # for styles that have no version
        "doi": cff.get("doi"),
        "url": address,
    }
    lines = [f"  {name} = {{{value}}}" for name, value in fields.items() if value]
    return "@misc{usvlib,\n" + ",\n".join(lines) + "\n}"


def author_name(author):
    return author.get("name") or f"{author['family-names']}, {author['given-names']}"


def year(cff):
    return str(cff["date-released"])[:4]


def setup(app):
    register_plugin(
        "sphinxcontrib.bibtex.style.referencing", "authors_and_others", AuthorsAndOthers, force=True
    )
    app.add_directive("citation", Citation)

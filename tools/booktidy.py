"""Sphinx extension: remove from the theme's largest files what no page uses.

Font Awesome has about two thousand icons: as drawings in a script, as names in the style sheet and
as letters of a font. Only those that the pages use are kept.
"""

import logging
import re
from pathlib import Path

import pydata_sphinx_theme
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

THEME = Path(pydata_sphinx_theme.__file__, "../theme/pydata_sphinx_theme/static").resolve()
SCRIPT = Path("scripts/fontawesome.js")
STYLES = Path("styles/pydata-sphinx-theme.css")
FONT = Path("vendor/fontawesome/webfonts/fa-solid-900.ttf")

# "name":[width, height, [other names and codes], "code", "outline" or [outlines]], in the script
DRAWING = re.compile(
    r'"?([a-z0-9-]+)"?:\[\d+,\d+,\[([^\[\]]*)\],"[0-9a-f]+",(?:"[^"]*"|\[[^\[\]]*\])\],?'
)
# .fa-name:before,.fa-other-name:before{content:"code"}, in the style sheet
RULE = re.compile(r'((?:\.fa-[a-z0-9-]+:before,?)+)\{content:"[^"]*"\}')
FONT_SOURCE = re.compile(
    rf'url\(../{FONT.with_suffix(".woff2")}\) format\("woff2"\),'
    rf'url\(../{FONT}\) format\("truetype"\)'
)
PRIVATE = range(0xE000, 0xF900)  # the code points of the font's letters


def tidy(app, exception):
    """Rewrite the script, the style sheet and the font of the theme after a build."""
    if exception or app.builder.format != "html":
        return
    static = Path(app.outdir, "_static")
    for source_map in static.rglob("*.map"):
        source_map.unlink()
    pages = [path for path in Path(app.outdir).rglob("*.html") if static not in path.parents]
    scripts = [path for path in static.rglob("*.js") if path.name != SCRIPT.name]
    used = set()
    for path in [*pages, *scripts]:
        used |= set(re.findall(r"\bfa-([a-z0-9-]+)", path.read_text()))
    # Start from the theme's own files: those of the last build may lack an icon.
    (static / SCRIPT).write_text(with_drawings((THEME / SCRIPT).read_text(), used))
    font = FONT.with_suffix(".woff")
    styles, n_sources = FONT_SOURCE.subn(
        f'url(../{font}) format("woff")', with_rules((THEME / STYLES).read_text(), used)
    )
    (static / STYLES).write_text(styles)
    if n_sources:
        texts = [path.read_text() for path in static.rglob("*.css")]
        save_font(THEME / FONT, set().union(*map(letters, texts)), static / font)


def with_drawings(script, names):
    """Return the script with the drawings of these icons only."""

    def kept(drawing):
        other_names = set(re.findall(r'"([^"]+)"', drawing[2]))
        return drawing[0] if ({drawing[1]} | other_names) & names else ""

    return DRAWING.sub(kept, script)


def with_rules(styles, names):
    """Return the style sheet with the letters of these icons only."""

    def kept(rule):
        return rule[0] if set(re.findall(r"\.fa-([a-z0-9-]+)", rule[1])) & names else ""

    return RULE.sub(kept, styles)


def letters(styles):
    """Return the letters of the font that a style sheet uses, written directly or as codes."""
    written = {ord(letter) for letter in styles}
    written |= {int(code, 16) for code in re.findall(r"\\([0-9a-f]{4})\b", styles)}
    return written & set(PRIVATE)


def save_font(source, codes, path):
    """Save the font with these letters only."""
    logging.getLogger("fontTools").setLevel(logging.WARNING)
    font = TTFont(source, recalcTimestamp=False)
    subsetter = Subsetter(Options(notdef_outline=True))
    subsetter.populate(unicodes=codes)
    subsetter.subset(font)
    font.flavor = "woff"
    font.save(path)


def setup(app):
    # Run after all other extensions that write into the folder.
    app.connect("build-finished", tidy, priority=900)

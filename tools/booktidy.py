"""After a build: the theme's heaviest files, without what no page uses."""

import re
from pathlib import Path

import pydata_sphinx_theme

ICONS = Path(
    pydata_sphinx_theme.__file__, "../theme/pydata_sphinx_theme/static/scripts/fontawesome.js"
).resolve()
# "name":[width, height, [other names and codes], "code", "outline" or [outlines]], as it is there
ICON = re.compile(
    r'"?([a-z0-9-]+)"?:\[\d+,\d+,\[([^\[\]]*)\],"[0-9a-f]+",(?:"[^"]*"|\[[^\[\]]*\])\],?'
)


def tidy(app, exception):
    if exception or app.builder.format != "html":
        return
    static = Path(app.outdir, "_static")
    for source_map in static.rglob("*.map"):
        source_map.unlink()
    pages = [path for path in Path(app.outdir).rglob("*.html") if static not in path.parents]
    scripts = [path for path in static.rglob("*.js") if path.name != ICONS.name]
    used = set()
    for path in [*pages, *scripts]:
        used |= set(re.findall(r"\bfa-([a-z0-9-]+)", path.read_text()))
    # From the theme's own file, not from the last build's, which may lack an icon by now.
    (static / "scripts" / ICONS.name).write_text(with_icons(ICONS.read_text(), used))


def with_icons(script, names):
    """The script of Font Awesome with these icons only, of some two thousand."""

    def kept(icon):
        aliases = set(re.findall(r'"([^"]+)"', icon[2]))
        return icon[0] if ({icon[1]} | aliases) & names else ""

    return ICON.sub(kept, script)


def setup(app):
    # After all others that write into the folder.
    app.connect("build-finished", tidy, priority=900)

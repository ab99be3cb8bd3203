"""Sphinx extension: what the theme and Jupyter Book leave open.

Buttons and texts that need the repository's address appear if it is known. Every page loads only
what it needs. Elements without a name get one, for readers who use a screen reader.
"""

import functools
import inspect
import re
import zlib
from pathlib import Path

import bookcitation
import booktidy
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

REPOSITORY_BUTTONS = ("use_repository_button", "use_edit_page_button", "use_issues_button")
LAUNCH_BUTTONS = {
    "binderhub_url": "https://mybinder.org",
    "colab_url": "https://colab.research.google.com",
    "notebook_interface": "jupyterlab",
}

ROOT = Path(__file__).resolve().parents[1]
PROPERTIES = (property, functools.cached_property)


def open_to_repository(app, config):
    """Switch on the buttons that need the repository's address, if `_config.yml` has one.

    They cannot be on in `_config.yml`, because Jupyter Book stops if there is no address.
    """
    options = config.html_theme_options
    address = (options.pop("repository_url", None) or "").strip().rstrip("/").removesuffix(".git")
    options.pop("launch_buttons", None)  # Jupyter Book sets its own even without an address
    if not address:
        return
    options |= {"repository_url": address, "launch_buttons": dict(LAUNCH_BUTTONS)}
    if not pages_address(address):
        del options["launch_buttons"]["colab_url"]  # Colab only opens files on GitHub
    options |= dict.fromkeys(REPOSITORY_BUTTONS, True)
    config.repository_address = address
    config.ogp_site_url = config.html_baseurl or pages_address(address)


def pages_address(address):
    """Return the address of a repository's GitHub Pages; empty for other hosts."""
    found = re.fullmatch(r"https://github\.com/([^/]+)/([^/]+)", address)
    if not found:
        return ""
    owner, name = found.groups()
    host = f"{owner.lower()}.github.io"
    return f"https://{host}/" if name.lower() == host else f"https://{host}/{name}/"


class WithAddress(SphinxDirective):
    """Show text if the repository's address is known, with the address in place of ADDRESS."""

    has_content = True

    def run(self):
        address = self.config.repository_address
        if not address:
            return []
        lines = [line.replace("ADDRESS", address) for line in self.content]
        self.content = StringList(lines, source=self.get_source_info()[0])
        return self.parse_content_to_nodes()


def finish_page(app, pagename, templatename, context, doctree):
    """Change the scripts, the styles, the body and the buttons that the theme gives a page."""
    for kind in ("script_files", "css_files"):
        # thebe fails even if no page uses it, and it loads from another host.
        context[kind] = [
            file for file in context.get(kind, []) if "thebe" not in f"{file}{vars(file)}".lower()
        ]
    context["body"] = accessible(context.get("body", ""))
    for button in all_buttons(context.get("header_buttons", [])):
        # Readers edit the text of a chapter; the notebook follows.
        if button.get("label") == "source-edit-button" and "/chapters/" in button["url"]:
            button["url"] = button["url"].replace(".ipynb", ".md")


def plain_property(app, what, name, obj, options, lines):
    """Restore the docstring of a property; napoleon takes what is before a colon for a type."""
    if what == "property":
        lines[:] = [*inspect.getdoc(obj).splitlines(), ""] if obj.__doc__ else []


def skip_field(app, what, name, obj, skip, options):
    """Skip fields and properties that the docstring of their class lists."""
    if skip or what != "class" or callable(obj):
        return skip
    if not isinstance(obj, PROPERTIES):
        return True
    getter = getattr(obj, "fget", None) or obj.func
    owner = getattr(inspect.getmodule(getter), getter.__qualname__.split(".")[0])
    listed = re.findall(r"^([a-z_]\w*(?:, \w+)*)(?: :|$)", inspect.getdoc(owner), re.MULTILINE)
    return name in ", ".join(listed).split(", ")


def all_buttons(buttons):
    for button in buttons:
        yield button
        yield from all_buttons(button.get("buttons", []))


def accessible(body):
    """Return the body of a page without obstacles for screen readers and keyboards."""
    # thebe also has scripts in the body.
    body = re.sub(
        r'<script type="text/x-thebe-config">.*?</script>\s*<script>kernelName.*?</script>',
        "",
        body,
        flags=re.DOTALL,
    )
    # Wide tables scroll; a keyboard can only scroll what can have the focus.
    body = body.replace('class="dataframe"', 'class="dataframe" tabindex="0"')
    # This role was removed from the standard, and without it the list would have no members.
    body = body.replace(' role="doc-biblioentry"', "")
    return body.replace(' role="list" class="citation-list"', ' class="citation-list"')


def checksum(*patterns):
    """Return a number that changes with the files that match."""
    paths = sorted(path for pattern in patterns for path in ROOT.glob(pattern))
    return zlib.crc32(b"\0".join(path.read_bytes() for path in paths))


def setup(app):
    app.add_config_value("repository_address", "", "env")
    app.add_directive("with-address", WithAddress)
    app.connect("config-inited", open_to_repository)
    app.connect("html-page-context", finish_page, priority=900)
    app.connect("autodoc-process-docstring", plain_property, priority=900)
    app.connect("autodoc-skip-member", skip_field)
    bookcitation.setup(app)
    booktidy.setup(app)
    # Sphinx does not notice edits of these extensions, of _assets and of _extra.
    app.add_config_value("assets", checksum("_assets/*", "_extra/*"), "html")
    return {
        "env_version": checksum("tools/book*.py"),
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }

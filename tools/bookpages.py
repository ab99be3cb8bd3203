"""Sphinx extension: what every page needs, and what it does not."""


def drop_thebe(app, pagename, templatename, context, doctree):
    """Leave out thebe's scripts, which fail even where no page asks for thebe."""
    scripts = context.get("script_files", [])
    context["script_files"] = [s for s in scripts if "thebe" not in str(getattr(s, "filename", s))]


def setup(app):
    app.connect("html-page-context", drop_thebe, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

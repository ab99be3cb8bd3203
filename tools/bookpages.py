"""Sphinx extension: leaves out of every page what no page needs."""


def drop_thebe(app, pagename, templatename, context, doctree):
    """thebe's scripts: they fail even where no page asks for thebe, and name another host."""
    scripts = context.get("script_files", [])
    context["script_files"] = [
        script for script in scripts if "thebe" not in f"{script}{vars(script)}".lower()
    ]


def setup(app):
    app.connect("html-page-context", drop_thebe, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

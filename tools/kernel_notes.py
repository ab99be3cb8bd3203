"""Start-up file of the chapters' kernels: show each UsvWarning as a note below its cell.

`notebooks.kernel_profile` copies this file into the IPython profile of the kernels. Without it, a
warning would go to the error stream, which fails the build of the book. Other warnings still do.
"""


def _show_usv_warnings_as_notes():
    import html
    import warnings

    from IPython import get_ipython
    from IPython.display import display

    try:
        from usvlib import UsvWarning
    except ImportError:  # a kernel of another environment
        return

    class Note:
        def __init__(self, text):
            self.text = text

        def __repr__(self):
            return f"Note: {self.text}"

        def _repr_html_(self):
            title = '<p class="admonition-title">Note</p>'
            return f'<div class="admonition note">{title}<p>{html.escape(self.text)}</p></div>'

    show_others = warnings.showwarning
    shown = set()

    def show(message, category, filename, lineno, file=None, line=None):
        if file is not None or not issubclass(category, UsvWarning):
            show_others(message, category, filename, lineno, file, line)
        elif str(message) not in shown:
            shown.add(str(message))
            display(Note(str(message)))

    warnings.showwarning = show
    # Python itself shows a warning once for each line of code, also if the cell is run again.
    warnings.simplefilter("always", UsvWarning)
    if shell := get_ipython():
        shell.events.register("pre_run_cell", lambda *_: shown.clear())


_show_usv_warnings_as_notes()
del _show_usv_warnings_as_notes

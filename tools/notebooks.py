"""Keep the chapters' pairs of text and notebook in step, and store only what belongs in git.

python tools/notebooks.py pair    # inputs only: the newer file of a pair wins
python tools/notebooks.py sync    # the same, then outputs anew, on the simulated recording
"""

import concurrent.futures
import os
import sys
from pathlib import Path

import jupytext
import nbformat
from jupytext.combine import combine_inputs_with_outputs
from jupytext.config import load_jupytext_configuration_file

ROOT = Path(__file__).resolve().parents[1]
CELL_TIMEOUT_S = 300

# Sound and the explorer are long; what the cells around print of them is compared.
MEDIA_TAG = "nbval-ignore-output"


def pair(root=ROOT):
    """Give both files of each pair the same inputs, those of the file that was changed last."""
    for text in sorted((root / "chapters").glob("*.md")):
        notebook = text.with_suffix(".ipynb")
        if not notebook.is_file():
            write(jupytext.read(text), notebook)
        elif as_text(jupytext.read(notebook), root) != text.read_text():
            if text.stat().st_mtime >= notebook.stat().st_mtime:
                inputs, outputs = jupytext.read(text), jupytext.read(notebook)
                write(combine_inputs_with_outputs(inputs, outputs), notebook)
            # Both ways: so the text, too, has the form that jupytext gives it.
            text.write_text(as_text(jupytext.read(notebook), root))


def sync(root=ROOT):
    """Pair the chapters, run all of them on the simulated recording, store what can be compared."""
    pair(root)
    os.environ["USVLIB_RECORDING"] = "simulated"
    plain_kernels(root)
    notebooks = sorted((root / "chapters").glob("*.ipynb"))
    # The stages are computed once, before several chapters ask for them.
    import usvlib

    study = usvlib.open_study()
    _ = study.clusters, study.measures
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for path, executed in zip(notebooks, pool.map(execute, notebooks), strict=True):
            write(stripped(executed), path)


def settle_environment():
    """Make what names the recording and the folders good for kernels, which run elsewhere."""
    name = os.environ.pop("RECORDING", None) or os.environ.get("USVLIB_RECORDING")
    if name:
        path = Path(name).expanduser()
        # Not resolved: a table of syllables lies beside a link, not beside what it leads to.
        os.environ["USVLIB_RECORDING"] = str(path.absolute()) if path.is_file() else name
    for variable in ("USVLIB_DATA_DIR", "USVLIB_CACHE_DIR"):
        if folder := os.environ.get(variable):
            os.environ[variable] = str(Path(folder).expanduser().absolute())


def plain_kernels(root=ROOT):
    """Let kernels run without a reader's own start-up files and settings, and without log lines."""
    profile = root / "_build" / "ipython" / "profile_default"
    profile.mkdir(parents=True, exist_ok=True)
    (profile / "ipython_kernel_config.py").write_text(
        "c = get_config()\nc.IPKernelApp.log_level = 40\n"
    )
    os.environ["IPYTHONDIR"] = str(profile.parent)
    # Chapters run side by side; threads of theirs that wait for each other's cores cost minutes.
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(variable, "1")


def execute(path):
    """The notebook with its cells run, in its own folder."""
    from nbclient import NotebookClient

    print(f"running {path.name}")
    notebook = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(path.parent)}}
    NotebookClient(notebook, timeout=CELL_TIMEOUT_S, resources=resources).execute()
    return notebook


def stripped(notebook):
    """The notebook without pictures, sounds and anything else that is not compared."""
    code_cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for number, cell in enumerate(code_cells, start=1):
        cell.execution_count = number  # nbval compares no cell that was not run
        if MEDIA_TAG in cell.metadata.get("tags", []):
            cell.outputs = []
        for output in cell.outputs:
            if "execution_count" in output:
                output.execution_count = number
            for mime in [mime for mime in output.get("data", {}) if mime.startswith("image/")]:
                del output.data[mime]
    return notebook


def write(notebook, path):
    """Write a notebook without the marks that an editor or a run leaves in it."""
    language = {"name": "python"}
    notebook.metadata = nbformat.from_dict(
        {"kernelspec": notebook.metadata["kernelspec"], "language_info": language}
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for number, cell in enumerate(notebook.cells):
        cell.id = f"{path.stem[:2]}-{number:02d}"
        kept = {key: value for key, value in cell.metadata.items() if key in ("tags", "mystnb")}
        cell.metadata = nbformat.from_dict(kept)
        if cell.cell_type == "code":
            cell.setdefault("outputs", [])
            cell.setdefault("execution_count", None)
    nbformat.validate(notebook)
    path.write_text(nbformat.writes(notebook).rstrip() + "\n")


def as_text(notebook, root=ROOT):
    """A notebook's inputs as MyST Markdown."""
    settings = load_jupytext_configuration_file(str(root / "chapters" / "jupytext.toml"))
    notebook.metadata.pop("language_info", None)
    return jupytext.writes(notebook, fmt="md:myst", config=settings)


if __name__ == "__main__":
    {"pair": pair, "sync": sync}[sys.argv[1]]()

"""Keep the text and the notebook of each chapter in step, and store only what belongs in git.

python tools/notebooks.py pair    # copies the inputs of the newer file of a pair to the other
python tools/notebooks.py sync    # does the same, and runs all chapters on the simulated recording
"""

import concurrent.futures
import glob
import os
import sys
from pathlib import Path

import jupytext
import nbformat
from jupytext.combine import combine_inputs_with_outputs
from jupytext.config import load_jupytext_configuration_file

ROOT = Path(__file__).resolve().parents[1]
KERNEL_NOTES = Path(__file__).with_name("kernel_notes.py")
CELL_TIMEOUT_S = 300

# What `make book` and `make lab` can be given; usvlib reads USVLIB_RECORDING, and so on.
PATHS = ("RECORDING", "ANNOTATIONS", "RECIPE")
SETTINGS = (*PATHS, "CHANNEL", "SAMPLERATE")

# Outputs of such a cell are long (sound, the explorer); the text of the cells around is compared.
MEDIA_TAG = "nbval-ignore-output"


def pair(root=ROOT):
    """Give both files of each pair the inputs of the file that was changed last."""
    for text in sorted((root / "chapters").glob("*.md")):
        notebook = text.with_suffix(".ipynb")
        if not notebook.is_file():
            write(jupytext.read(text), notebook)
        elif as_text(jupytext.read(notebook), root) != text.read_text():
            if text.stat().st_mtime >= notebook.stat().st_mtime:
                inputs, outputs = jupytext.read(text), jupytext.read(notebook)
                write(combine_inputs_with_outputs(inputs, outputs), notebook)
            # In both cases, so that the text has the form that jupytext gives it.
            text.write_text(as_text(jupytext.read(notebook), root))


def sync(root=ROOT):
    """Pair the chapters, run them on the simulated recording, and store the text outputs."""
    pair(root)
    for setting in SETTINGS:
        os.environ.pop(f"USVLIB_{setting}", None)
    os.environ["USVLIB_RECORDING"] = "simulated"
    plain_kernels(root)
    notebooks = sorted((root / "chapters").glob("*.ipynb"))
    # Compute the stages once, before several chapters ask for them.
    import usvlib

    study = usvlib.open_study()
    _ = study.clusters, study.measures
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for path, executed in zip(notebooks, pool.map(execute, notebooks), strict=True):
            write(stripped(executed), path)


def settle_environment():
    """Pass the settings of `make` on to kernels, which run in another folder.

    `make book RECORDING=mine.wav RECIPE=rat CHANNEL=1` becomes USVLIB_RECORDING, USVLIB_RECIPE and
    USVLIB_CHANNEL, with absolute paths.
    """
    for setting in SETTINGS:
        value = os.environ.pop(setting, None) or os.environ.get(f"USVLIB_{setting}")
        if value:
            value = absolute(value) if setting in PATHS else value
            os.environ[f"USVLIB_{setting}"] = value
    for variable in ("USVLIB_DATA_DIR", "USVLIB_CACHE_DIR"):
        if folder := os.environ.get(variable):
            os.environ[variable] = str(Path(folder).expanduser().absolute())


def absolute(source):
    """Return the absolute path of a file, a folder or a pattern; names stay as they are."""
    import usvlib

    path = Path(source).expanduser()
    is_name = source in usvlib.data.NAMES or source in usvlib.RECIPES
    # A link is not resolved: the table of syllables lies beside the link.
    is_path = not is_name and (path.exists() or glob.has_magic(source))
    return str(path.absolute()) if is_path else source


def kernel_profile(root=ROOT):
    """Give kernels a profile of their own, which shows each UsvWarning as a note.

    A reader's start-up files and settings, and log messages, must not reach the chapters.
    """
    profile = root / "_build" / "ipython" / "profile_default"
    write_if_new(
        profile / "ipython_kernel_config.py", "c = get_config()\nc.IPKernelApp.log_level = 40\n"
    )
    write_if_new(profile / "startup" / KERNEL_NOTES.name, KERNEL_NOTES.read_text())
    os.environ["IPYTHONDIR"] = str(profile.parent)


def write_if_new(path, text):
    """Write a file, unless it has this text already: another process may be reading it."""
    if not path.is_file() or path.read_text() != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.{os.getpid()}")
        partial.write_text(text)
        partial.replace(path)


def plain_kernels(root=ROOT):
    """Prepare kernels that run side by side: a profile of their own, and one thread each."""
    kernel_profile(root)
    # Threads of one kernel that wait for another's cores would cost minutes.
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(variable, "1")


def execute(path):
    """Return the notebook with its cells run in the folder of the file."""
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(path.parent)}}
    # Printed lines come in pieces, at moments that differ from run to run.
    settings = {"record_timing": False, "coalesce_streams": True}
    client = NotebookClient(notebook, timeout=CELL_TIMEOUT_S, resources=resources, **settings)
    client.execute()
    return notebook


def stripped(notebook):
    """Return the notebook without images, sounds and other outputs that are not compared."""
    code_cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for number, cell in enumerate(code_cells, start=1):
        cell.execution_count = number  # nbval only compares cells that were run
        if MEDIA_TAG in cell.metadata.get("tags", []):
            cell.outputs = []
        for output in cell.outputs:
            if "execution_count" in output:
                output.execution_count = number
            for mime in [mime for mime in output.get("data", {}) if mime.startswith("image/")]:
                del output.data[mime]
    return notebook


def write(notebook, path):
    """Write a notebook without the metadata that an editor or a run adds."""
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
    """Return the inputs of a notebook as MyST Markdown."""
    settings = load_jupytext_configuration_file(str(root / "chapters" / "jupytext.toml"))
    notebook.metadata.pop("language_info", None)
    return jupytext.writes(notebook, fmt="md:myst", config=settings)


if __name__ == "__main__":
    {"pair": pair, "sync": sync}[sys.argv[1]]()

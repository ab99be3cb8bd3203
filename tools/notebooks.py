"""Keep the text and the notebook of each chapter in step, and store only what belongs in git.

python tools/notebooks.py pair    # copies the inputs of the edited file of a pair to the other
python tools/notebooks.py sync    # does the same, and runs all chapters on the simulated recording
"""

import concurrent.futures
import copy
import glob
import hashlib
import json
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


class PairError(Exception):
    """A chapter that cannot be paired; both of its files are as they were."""


def pair(root=ROOT):
    """Give both files of each chapter the same inputs: those of the file that was edited.

    Each notebook stores a digest of the inputs that both files had when they were last paired. A
    file that differs from the digest was edited; times of change do not matter. A chapter that
    cannot be paired stays as it is, and the others are paired before the process exits.
    """
    from usvlib import UsvError

    folder = root / "chapters"
    texts = [*folder.glob("*.md"), *(p.with_suffix(".md") for p in notebook_paths(root))]
    complaints = []
    for text in sorted({path for path in texts if not path.name.startswith(".")}):
        try:
            pair_chapter(text, text.with_suffix(".ipynb"), root)
        except (PairError, UsvError) as error:
            complaints.append(str(error))
    if complaints:
        sys.exit("\n".join(complaints))


def notebook_paths(root=ROOT):
    """Return the notebooks of all chapters, which have a number; others are a reader's own."""
    return sorted((root / "chapters").glob("[0-9]*.ipynb"))


def pair_chapter(text, notebook, root=ROOT):
    """Pair one chapter; raise a PairError if it is unclear which of its files is right."""
    in_text = read_text(text) if text.is_file() else None
    in_notebook = read_notebook(notebook) if notebook.is_file() else None
    if in_notebook is None and in_text is None:
        raise PairError(f"{notebook} is not a notebook, and there is no {text.name}")
    if in_notebook is None:
        if notebook.is_file():
            print(f"{notebook} was broken: it is made anew from {text.name}, without outputs")
        in_notebook = in_text
    in_text = in_text or in_notebook
    edited, inputs = as_text(in_text, root), as_text(in_notebook, root)
    common = in_notebook.metadata.get("usvlib", {}).get("inputs")
    if edited != inputs:
        if common is None:
            raise PairError(
                f"{text} and {notebook.name} differ, and it is not known which of them was edited: "
                "nothing was changed; delete the one that is out of date"
            )
        if common not in (digest_of(edited), digest_of(inputs)):
            raise PairError(
                f"{text} and {notebook.name} were both edited: nothing was changed; copy what you "
                "want to keep into one of them, and delete the other"
            )
        if common == digest_of(inputs):
            in_notebook, inputs = combine_inputs_with_outputs(in_text, in_notebook), edited
    # The text comes first: if the process ends here, the next one sees the same edit.
    if not text.is_file() or text.read_text(encoding="utf-8") != inputs:
        write_whole(text, inputs)
    if common != digest_of(inputs):
        write(in_notebook, notebook, root)


def read_text(path):
    """Return the text of a chapter as a notebook; raise a PairError if it was cut or emptied."""
    try:
        content = path.read_text(encoding="utf-8")
        notebook = jupytext.reads(content, fmt="md:myst")
    except Exception as error:  # of the encoding, of the YAML or of a cell's options
        raise PairError(f"{path} cannot be read: {one_line(error)}") from error
    if not content.strip():
        raise PairError(f"{path} is empty; restore it, or delete it to make it from the notebook")
    if "kernelspec" not in notebook.metadata:
        raise PairError(f"{path} has no header of jupytext with a kernelspec; restore it")
    if not notebook.cells:
        raise PairError(f"{path} has a header and no cell; restore it")
    return notebook


def read_notebook(path):
    """Return the notebook in a file, or None if it is broken; raise a PairError if it is empty."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return None
    if not isinstance(content, dict) or not isinstance(content.get("cells"), list):
        return None
    try:
        notebook = nbformat.reads(json.dumps(content), as_version=4)
        nbformat.validate(notebook)
    except Exception as error:
        raise PairError(f"{path} is not a valid notebook: {one_line(error)}") from error
    if not notebook.cells:
        raise PairError(f"{path} has no cell; restore it, or delete it to make it from the text")
    if "kernelspec" not in notebook.metadata:
        raise PairError(f"{path} has no kernelspec in its metadata; restore it")
    return notebook


def one_line(error):
    """Return the first line of an error's message, or the name of its kind."""
    return next(iter(str(error).splitlines()), type(error).__name__)


def sync(root=ROOT):
    """Pair the chapters, run them on the simulated recording, and store the text outputs."""
    pair(root)
    for setting in SETTINGS:
        os.environ.pop(f"USVLIB_{setting}", None)
    os.environ["USVLIB_RECORDING"] = "simulated"
    plain_kernels(root)
    notebooks = notebook_paths(root)
    inputs = {path: as_text(nbformat.read(path, as_version=4), root) for path in notebooks}
    # Compute the stages once, before several chapters ask for them.
    import usvlib

    study = usvlib.open_study()
    _ = study.clusters, study.measures
    edited = []
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for path, executed in zip(notebooks, pool.map(execute, notebooks), strict=True):
            if as_text(nbformat.read(path, as_version=4), root) == inputs[path]:
                write(stripped(executed), path, root)
            else:
                edited.append(path)
    if edited:
        names = ", ".join(path.name for path in edited)
        sys.exit(f"{names} was edited while it ran, and keeps its old outputs; run make sync again")


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


def write(notebook, path, root=ROOT):
    """Write a notebook with a digest of its inputs, without what an editor or a run adds."""
    inputs = digest_of(as_text(notebook, root))
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": notebook.metadata["kernelspec"],
            "language_info": {"name": "python"},
            "usvlib": {"inputs": inputs},
        }
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
    write_whole(path, nbformat.writes(notebook).rstrip() + "\n")


def write_whole(path, text):
    """Write a text file whole or not at all."""
    from usvlib._shared import atomic_path

    with atomic_path(path) as partial:
        partial.write_text(text, encoding="utf-8")


def as_text(notebook, root=ROOT):
    """Return the inputs of a notebook as MyST Markdown."""
    settings = load_jupytext_configuration_file(str(root / "chapters" / "jupytext.toml"))
    notebook = copy.deepcopy(notebook)  # jupytext changes what it writes
    notebook.metadata = nbformat.from_dict({"kernelspec": notebook.metadata["kernelspec"]})
    return jupytext.writes(notebook, fmt="md:myst", config=settings)


def digest_of(text):
    """Return the digest of a text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


if __name__ == "__main__":
    {"pair": pair, "sync": sync}[sys.argv[1]]()

"""Configure JupyterLab for readers, so that their outputs stay out of the files that git keeps.

Saving a chapter keeps its inputs, with the stored outputs of the simulated recording.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import notebooks

notebooks.settle_environment()
notebooks.kernel_profile()


def keep_stored_outputs(model, path, contents_manager, **_):
    """Replace the outputs of a chapter, before it is saved, by those in its file."""
    if model["type"] != "notebook" or not model.get("content"):
        return
    file = Path(contents_manager.root_dir) / path
    if not (file.suffix == ".ipynb" and file.is_file() and file.with_suffix(".md").is_file()):
        return  # the reader's own notebook
    stored = {}
    for cell in json.loads(file.read_text())["cells"]:
        if cell["cell_type"] == "code":
            stored["".join(cell["source"])] = cell["outputs"], cell["execution_count"]
    for cell in model["content"]["cells"]:
        if cell["cell_type"] == "code":
            outputs, number = stored.get("".join(cell["source"]), ([], None))
            cell["outputs"], cell["execution_count"] = outputs, number


c = get_config()  # noqa: F821  (Jupyter defines it)
c.ContentsManager.pre_save_hook = keep_stored_outputs

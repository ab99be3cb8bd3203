"""The chapters: paired files, outputs that are compared, and code that runs on any recording."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import jupytext
import nbclient
import nbformat
import notebooks
import numpy as np
import pytest
import requests
import soundfile

import usvlib

ROOT = Path(__file__).resolve().parents[1]
CHAPTERS = sorted((ROOT / "chapters").glob("*.ipynb"))


# The HTML of sounds and of the explorer is long; the text beside them says what they hold.
CELLS_WITHOUT_COMPARISON = {
    "01_data": ["usvlib.listen(", "display(usvlib.listen("],
    "08_explore": ["explorer"],
}


COMPARED = {"text/html", "application/papermill.record/text/plain"}


def code_cells(path):
    return [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]


def mime_types(path):
    return {
        mime
        for cell in code_cells(path)
        for output in cell["outputs"]
        for mime in output.get("data", {})
    }


def test_there_are_six_chapters():
    assert len(CHAPTERS) >= 6


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
class TestEachChapter:
    def test_text_and_notebook_have_the_same_inputs(self, path):
        text = path.with_suffix(".md").read_text()
        assert notebooks.as_text(jupytext.read(path)) == text, "run make sync"

    def test_at_least_five_outputs_are_compared(self, path):
        compared = [
            output
            for cell in code_cells(path)
            if notebooks.MEDIA_TAG not in cell["metadata"].get("tags", [])
            for output in cell["outputs"]
            if output["output_type"] == "stream" or set(output.get("data", {})) & COMPARED
        ]
        assert len(compared) >= 5

    def test_no_picture_and_no_error_stream_is_stored(self, path):
        assert not [mime for mime in mime_types(path) if mime.startswith("image/")]
        streams = [o for cell in code_cells(path) for o in cell["outputs"] if "name" in o]
        assert {output["name"] for output in streams} <= {"stdout"}

    def test_no_path_of_a_machine_is_stored(self, path):
        assert str(Path.home()) not in path.read_text()
        assert str(ROOT) not in path.read_text()

    def test_only_sound_and_the_explorer_go_without_comparison(self, path):
        ignored = [
            "".join(cell["source"])
            for cell in code_cells(path)
            if any("ignore" in tag or "skip" in tag for tag in cell["metadata"].get("tags", []))
        ]
        expected = CELLS_WITHOUT_COMPARISON.get(path.stem, [])
        assert len(ignored) == len(expected)
        for source, call in zip(ignored, expected, strict=True):
            assert call in source

    def test_every_figure_has_an_alt_text(self, path):
        for cell in code_cells(path):
            source = "".join(cell["source"])
            # A figure of an exercise's solution that is only saved is not shown.
            if "plt.close(" in source or not any(
                "Figure size" in str(output.get("data", {})) for output in cell["outputs"]
            ):
                continue
            assert cell["metadata"].get("mystnb", {}).get("image", {}).get("alt"), source

    def test_it_has_the_parts_that_a_reader_expects(self, path):
        text = path.with_suffix(".md").read_text()
        for part in ("What you'll do:", "What you'll learn:", "## Exercises", "## To take along"):
            assert part in text


def save_recording(path, n_syllables):
    """A simulated recording as a WAV file with a table of syllables beside it."""
    recording = usvlib.simulate_recording(n_syllables, seed=5, samplerate_hz=250_000)
    samples = np.concatenate(list(recording.blocks()))
    soundfile.write(path, samples, recording.samplerate_hz, subtype="PCM_16")
    table = np.stack([recording.onsets, recording.offsets], axis=1) / recording.samplerate_hz
    np.savetxt(path.with_suffix(".csv"), table, delimiter=",", header="onset,offset", comments="")


def as_script(path):
    """Return a chapter's code, which fails where a figure that the prose names is not drawn."""
    lines = []
    for cell in code_cells(path):
        lines.append("".join(cell["source"]))
        if name := cell["metadata"].get("mystnb", {}).get("figure", {}).get("name"):
            lines.append(f"assert plt.get_fignums(), {name!r}")
            lines.append("plt.close('all')")
    return "\n".join(["import matplotlib.pyplot as plt", *lines, "plt.close('all')\n"])


# Warnings are printed as the chapters show them; anything on the error stream is a failure.
# Chapter 7 assesses the same simulated repertoires for every recording, so results are remembered.
RUN_ALL = """
import os
from pathlib import Path

import joblib
import usvlib


def remembered(function):
    results = {{}}

    def call(*arguments, **named):
        key = joblib.hash((arguments, named))
        if key not in results:
            results[key] = function(*arguments, **named)
        return results[key]

    return call


exec(Path({notes!r}).read_text())
usvlib.assess_continuum = remembered(usvlib.assess_continuum)
usvlib.embed = remembered(usvlib.embed)
for recording in {recordings!r}:
    os.environ["USVLIB_RECORDING"] = recording
    for script in {scripts!r}:
        exec(compile(Path(script).read_text(), script, "exec"), {{"__name__": "__main__"}})
    print("all chapters ran on", recording)
"""
N_SYLLABLES = (1, 3, 15, 35)


@pytest.fixture(scope="module")
def transcripts(tmp_path_factory):
    """Return what all chapters print on a small recording, by its number of syllables.

    One process runs them all, because UMAP is compiled anew in each.
    """
    folder = tmp_path_factory.mktemp("elsewhere")
    recordings = {n: folder / f"mine_{n}.wav" for n in N_SYLLABLES}
    for n_syllables, path in recordings.items():
        save_recording(path, n_syllables)
    scripts = [folder / f"{path.stem}.py" for path in CHAPTERS]
    for path, script in zip(CHAPTERS, scripts, strict=True):
        script.write_text(as_script(path))
    main = folder / "main.py"
    main.write_text(
        RUN_ALL.format(
            notes=str(notebooks.KERNEL_NOTES),
            recordings=list(map(str, recordings.values())),
            scripts=list(map(str, scripts)),
        )
    )
    environment = os.environ | {"USVLIB_CACHE_DIR": str(folder / "cache"), "MPLBACKEND": "Agg"}
    run = subprocess.run(
        [sys.executable, main], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    found, rest = {}, run.stdout
    for n_syllables, path in recordings.items():
        found[n_syllables], end, rest = rest.partition(f"all chapters ran on {path}\n")
        assert end
    assert rest == ""
    return found


@pytest.mark.slow
@pytest.mark.parametrize("n_syllables", N_SYLLABLES)
def test_chapters_run_as_scripts_elsewhere_on_another_recording(transcripts, n_syllables):
    assert transcripts[n_syllables].count(f"{n_syllables} syllables in") >= len(CHAPTERS)


class TestSync:
    def copy(self, tmp_path):
        """A project with one chapter, its text and its notebook."""
        (tmp_path / "chapters").mkdir()
        for name in ("jupytext.toml", "06_manifold.md", "06_manifold.ipynb"):
            source = ROOT / "chapters" / name
            (tmp_path / "chapters" / name).write_bytes(source.read_bytes())
        return tmp_path / "chapters" / "06_manifold.md", tmp_path / "chapters" / "06_manifold.ipynb"

    def test_pairs_that_agree_stay_as_they_are(self, tmp_path):
        pair = self.copy(tmp_path)
        before = [path.read_bytes() for path in pair]
        notebooks.pair(tmp_path)
        assert [path.read_bytes() for path in pair] == before

    @pytest.mark.parametrize("edited", [0, 1], ids=["text", "notebook"])
    def test_the_newer_of_a_pair_wins_and_outputs_stay(self, tmp_path, edited):
        pair = self.copy(tmp_path)
        outputs = sum(len(cell["outputs"]) for cell in code_cells(pair[1]))
        changed = pair[edited].read_text().replace("# Draw the manifold", "# Draw it")
        pair[edited].write_text(changed)
        os.utime(pair[edited], (2e9, 2e9))
        notebooks.pair(tmp_path)
        assert "# Draw it" in pair[0].read_text()
        assert "# Draw it" in pair[1].read_text()
        assert sum(len(cell["outputs"]) for cell in code_cells(pair[1])) == outputs

    def test_what_is_stored_has_no_pictures_and_no_sounds(self):
        from nbformat import v4

        picture = v4.new_output("display_data", {"image/png": "AAAA", "text/plain": "<Figure>"})
        sound = v4.new_output("display_data", {"text/html": "<audio>"})
        notebook = v4.new_notebook(
            cells=[
                v4.new_code_cell("plot()", outputs=[picture]),
                v4.new_code_cell(
                    "listen()", outputs=[sound], metadata={"tags": ["nbval-ignore-output"]}
                ),
            ]
        )
        first, second = notebooks.stripped(notebook).cells
        assert first.outputs[0].data == {"text/plain": "<Figure>"}
        assert second.outputs == []


@contextlib.contextmanager
def jupyter_server(root):
    """A server as `make lab` starts it, below `root`: the address of its contents."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root"]
    command += [f"--config={ROOT / 'tools' / 'jupyter_server_config.py'}", f"--port={port}"]
    command += ["--IdentityProvider.token=secret", "--ServerApp.port_retries=0"]
    server = subprocess.Popen(
        command, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    address = f"http://127.0.0.1:{port}/api/contents"
    try:
        for _ in range(300):
            with contextlib.suppress(requests.ConnectionError):
                if requests.get(address, params={"token": "secret"}, timeout=5).ok:
                    break
            time.sleep(0.1)
        yield address
    finally:
        server.terminate()
        server.wait()


@pytest.mark.slow
def test_saving_a_chapter_in_jupyterlab_keeps_a_readers_outputs_out(tmp_path):
    text, chapter = TestSync().copy(tmp_path)
    before, content = (nbformat.read(chapter, as_version=4) for _ in range(2))
    mine = {"image/png": "AAAA", "text/plain": "my own output"}
    for cell in content["cells"]:
        if cell["cell_type"] == "code":
            cell["execution_count"] = 99
            cell["outputs"] = [{"output_type": "display_data", "metadata": {}, "data": mine}]
    content["cells"][0]["source"] = "# Draw it"
    model = {"type": "notebook", "format": "json", "content": content}

    with jupyter_server(tmp_path) as address:
        saved = requests.put(
            f"{address}/chapters/06_manifold.ipynb",
            params={"token": "secret"},
            json=model,
            timeout=30,
        )
    assert saved.ok, saved.text

    assert "my own output" not in chapter.read_text()
    after = nbformat.read(chapter, as_version=4)
    assert [cell.get("outputs") for cell in after["cells"]] == [
        cell.get("outputs") for cell in before["cells"]
    ]
    # The edit itself is kept, in both files of the pair.
    assert after["cells"][0]["source"] == "# Draw it"
    assert "# Draw it" in text.read_text()


@pytest.mark.slow
def test_saving_a_notebook_of_ones_own_keeps_its_outputs(tmp_path):
    content = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell(
                "1 + 1",
                execution_count=1,
                outputs=[
                    nbformat.v4.new_output("execute_result", {"text/plain": "2"}, execution_count=1)
                ],
            )
        ]
    )
    model = {"type": "notebook", "format": "json", "content": content}
    with jupyter_server(tmp_path) as address:
        saved = requests.put(
            f"{address}/mine.ipynb", params={"token": "secret"}, json=model, timeout=30
        )
    assert saved.ok, saved.text
    assert nbformat.read(tmp_path / "mine.ipynb", as_version=4).cells[0].outputs


class TestSettings:
    @pytest.fixture(autouse=True)
    def _no_settings(self, monkeypatch):
        """Remove all settings, and restore them after the test."""
        for setting in notebooks.SETTINGS:
            for variable in (setting, f"USVLIB_{setting}"):
                monkeypatch.setenv(variable, "restored")
                monkeypatch.delenv(variable)

    def test_relative_paths_are_made_good_for_chapters_that_run_elsewhere(
        self, tmp_path, monkeypatch
    ):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "mine.wav").touch()
        (tmp_path / "mine.toml").touch()
        monkeypatch.setenv("USVLIB_RECORDING", "amvoc")
        monkeypatch.setenv("RECORDING", "mine.wav")
        monkeypatch.setenv("RECIPE", "mine.toml")
        monkeypatch.setenv("USVLIB_RECIPE", "rat")
        monkeypatch.setenv("USVLIB_DATA_DIR", "data")
        monkeypatch.setenv("USVLIB_CACHE_DIR", "~/cache")
        monkeypatch.setenv("HOME", str(tmp_path))
        notebooks.settle_environment()
        assert os.environ["USVLIB_RECORDING"] == str(tmp_path / "mine.wav")
        assert os.environ["USVLIB_RECIPE"] == str(tmp_path / "mine.toml")
        assert os.environ["USVLIB_DATA_DIR"] == str(tmp_path / "data")
        assert os.environ["USVLIB_CACHE_DIR"] == str(tmp_path / "cache")

    def test_a_name_stays_a_name(self, monkeypatch):
        monkeypatch.setenv("USVLIB_RECORDING", "simulated")
        monkeypatch.setenv("RECORDING", "amvoc/rec_2")
        notebooks.settle_environment()
        assert os.environ["USVLIB_RECORDING"] == "amvoc/rec_2"

    def test_names_and_numbers_stay_even_where_a_file_has_the_same_name(
        self, tmp_path, monkeypatch
    ):
        monkeypatch.chdir(tmp_path)
        for name in ("simulated", "rat", "1"):
            (tmp_path / name).mkdir()
        monkeypatch.setenv("RECORDING", "simulated")
        monkeypatch.setenv("RECIPE", "rat")
        monkeypatch.setenv("CHANNEL", "1")
        notebooks.settle_environment()
        settings = [os.environ[f"USVLIB_{name}"] for name in ("RECORDING", "RECIPE", "CHANNEL")]
        assert settings == ["simulated", "rat", "1"]

    @pytest.mark.parametrize("source", [".", "*.wav"])
    def test_folders_and_patterns_become_absolute(self, tmp_path, monkeypatch, source):
        monkeypatch.chdir(tmp_path)
        assert notebooks.absolute(source) == str(tmp_path / source)


class TestNotes:
    """Warnings of usvlib in the chapters' kernels."""

    WARN = "warnings.warn('few syllables', usvlib.UsvWarning, stacklevel=1)"

    def run(self, *sources):
        """Return the outputs of cells that run in a kernel as the book's."""
        cells = [nbformat.v4.new_code_cell(source) for source in sources]
        notebook = nbformat.v4.new_notebook(cells=cells)
        nbclient.NotebookClient(notebook, timeout=60).execute()
        return [cell.outputs for cell in notebook.cells]

    def test_a_warning_is_shown_once_for_each_run_of_a_cell(self):
        again = f"for _ in range(2):\n    {self.WARN}"
        _, first, second = self.run("import warnings, usvlib", again, again)
        for outputs in (first, second):
            [output] = outputs
            assert output.output_type == "display_data"
            assert output.data["text/plain"] == "Note: few syllables"
            assert 'class="admonition note"' in output.data["text/html"]

    def test_other_warnings_and_errors_are_left_alone(self):
        code = "import warnings; warnings.warn('old', FutureWarning)"
        names, [output] = self.run("[name for name in dir() if 'usv' in name]", code)
        assert (output.output_type, output.name) == ("stream", "stderr")
        assert "FutureWarning: old" in output.text
        assert names[0].data["text/plain"] == "[]"

    def test_a_profile_that_is_there_is_not_written_again(self, tmp_path, monkeypatch):
        monkeypatch.setenv("IPYTHONDIR", "before")
        notebooks.kernel_profile(tmp_path)
        written = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*") if p.is_file()}
        notebooks.kernel_profile(tmp_path)
        assert len(written) == 2
        assert written == {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*") if p.is_file()}
        assert os.environ["IPYTHONDIR"] == str(tmp_path / "_build" / "ipython")

"""The chapters: paired files, outputs that are compared, and code that runs on any recording."""

import contextlib
import errno
import json
import os
import re
import socket
import subprocess
import sys
import time
import types
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

    def test_its_notebook_stores_the_digest_of_the_inputs(self, path):
        text = path.with_suffix(".md").read_text()
        stored = json.loads(path.read_text())["metadata"]["usvlib"]["inputs"]
        assert stored == notebooks.digest_of(text), "run make sync"

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


# Matplotlib leaves the second out of legends, and its font has no letters for the first.
ODD_NAMES = ("マウス", "_rec1", r"a$\foo$b", "long" * 21 + "!")
N_EACH = 4


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
import matplotlib.pyplot as plt
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

# Names of recordings are in these chapters' figures, which must be drawn to show it.
close = plt.close


def draw_and_close(which=None):
    for number in plt.get_fignums():
        plt.figure(number).canvas.draw()
    close(which)


plt.close = draw_and_close
os.environ["USVLIB_RECORDING"] = {odd!r}
for script in {scripts!r}[:4]:
    exec(compile(Path(script).read_text(), script, "exec"), {{"__name__": "__main__"}})
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
    odd = folder / "odd names"
    odd.mkdir()
    for name in ODD_NAMES:
        save_recording(odd / f"{name}.wav", N_EACH)
    scripts = [folder / f"{path.stem}.py" for path in CHAPTERS]
    for path, script in zip(CHAPTERS, scripts, strict=True):
        script.write_text(as_script(path))
    main = folder / "main.py"
    main.write_text(
        RUN_ALL.format(
            notes=str(notebooks.KERNEL_NOTES),
            recordings=list(map(str, recordings.values())),
            scripts=list(map(str, scripts)),
            odd=str(odd),
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
    found["odd"] = rest
    return found


@pytest.mark.slow
@pytest.mark.parametrize("n_syllables", N_SYLLABLES)
def test_chapters_run_as_scripts_elsewhere_on_another_recording(transcripts, n_syllables):
    assert transcripts[n_syllables].count(f"{n_syllables} syllables in") >= len(CHAPTERS)


TITLE = "# Draw the manifold"


def edit(path, new, old=TITLE):
    """Replace the title of a chapter, in its text or in its notebook."""
    content = path.read_text()
    assert old in content
    path.write_text(content.replace(old, new))


@pytest.mark.slow
def test_figures_show_names_that_matplotlib_cannot_draw(transcripts):
    # Nothing was written to the error stream, and all four figures with names were drawn.
    n_syllables = N_EACH * len(ODD_NAMES)
    assert transcripts["odd"].count(f"odd names: 4 files, {n_syllables} syllables in") == 4


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

    @pytest.mark.parametrize("seconds", [-1e6, 1e6], ids=["dated before", "dated after"])
    @pytest.mark.parametrize("edited", [0, 1], ids=["text", "notebook"])
    def test_the_edited_file_wins_whatever_its_time_is_and_outputs_stay(
        self, tmp_path, edited, seconds
    ):
        pair = self.copy(tmp_path)
        outputs = sum(len(cell["outputs"]) for cell in code_cells(pair[1]))
        edit(pair[edited], "# Draw it")
        os.utime(pair[edited], (time.time() + seconds,) * 2)
        for _ in range(2):
            notebooks.pair(tmp_path)
            assert "# Draw it" in pair[0].read_text()
            assert "# Draw it" in pair[1].read_text()
            assert sum(len(cell["outputs"]) for cell in code_cells(pair[1])) == outputs
            # The digest has followed: an edit of the other file wins now.
            edit(pair[1 - edited], "# Draw it", "# Draw it")

    def test_edits_follow_each_other_in_either_file(self, tmp_path):
        text, notebook = self.copy(tmp_path)
        title = TITLE
        for number, edited in enumerate([text, notebook, notebook, text]):
            edit(edited, f"# Edit {number}", title)
            title = f"# Edit {number}"
            notebooks.pair(tmp_path)
            assert f"{title}\n" in text.read_text()
            assert f'"{title}\\n"' in notebook.read_text()

    def test_an_edit_of_both_files_is_a_conflict_that_changes_nothing(self, tmp_path):
        pair = self.copy(tmp_path)
        edit(pair[0], "# Mine")
        edit(pair[1], "# Yours")
        self.assert_refused(tmp_path, pair, "06_manifold.ipynb were both edited")

    def test_the_same_edit_of_both_files_is_no_conflict(self, tmp_path):
        pair = self.copy(tmp_path)
        for path in pair:
            edit(path, "# Same")
        notebooks.pair(tmp_path)
        edit(pair[0], "# Other", "# Same")
        notebooks.pair(tmp_path)
        assert "# Other" in pair[1].read_text()

    def test_where_nothing_says_which_file_was_edited_both_stay(self, tmp_path):
        pair = self.copy(tmp_path)
        content = json.loads(pair[1].read_text())
        del content["metadata"]["usvlib"]
        pair[1].write_text(json.dumps(content))
        edit(pair[0], "# Mine")
        self.assert_refused(tmp_path, pair, "delete the one that is out of date")
        pair[1].unlink()
        notebooks.pair(tmp_path)
        assert "# Mine" in pair[1].read_text()

    @pytest.mark.parametrize("kept", [0, 1], ids=["text", "notebook"])
    def test_a_file_that_was_deleted_is_made_from_the_other(self, tmp_path, kept):
        pair = self.copy(tmp_path)
        pair[1 - kept].unlink()
        edit(pair[kept], "# Mine")
        notebooks.pair(tmp_path)
        assert all("# Mine" in path.read_text() for path in pair)

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            ("", "is empty"),
            ("\n \n", "is empty"),
            ("# Draw the manifold\n\nSome prose.\n", "has no header"),
            ("---\njupytext:\n  text_representation:\n", "cannot be read"),
            ("---\nkernelspec:\n  name: [\n---\n\nProse.\n", "cannot be read"),
            (b"---\n\xff\xfe\n", "cannot be read"),
        ],
    )
    def test_a_text_that_was_cut_or_emptied_is_refused(self, tmp_path, content, message):
        pair = self.copy(tmp_path)
        pair[0].write_bytes(content if isinstance(content, bytes) else content.encode())
        self.assert_refused(tmp_path, pair, message)

    def test_another_form_of_a_text_gets_that_of_jupytext_at_once(self, tmp_path):
        text, notebook = self.copy(tmp_path)
        form = text.read_bytes()
        for _ in range(2):
            edit(text, "```{code-cell} ipython3\n", "```{code-cell}\n")
            notebooks.pair(tmp_path)
            assert text.read_bytes() == form
            notebook.unlink()

    def test_a_text_with_a_header_alone_is_refused(self, tmp_path):
        pair = self.copy(tmp_path)
        pair[0].write_text(pair[0].read_text().partition(TITLE)[0])
        self.assert_refused(tmp_path, pair, "no cell")

    def test_a_notebook_without_cells_or_kernel_is_refused(self, tmp_path):
        pair = self.copy(tmp_path)
        content = json.loads(pair[1].read_text())
        for part, message in (("cells", "no cell"), ("metadata", "no kernelspec")):
            pair[1].write_text(json.dumps(content | {part: type(content[part])()}))
            self.assert_refused(tmp_path, pair, message)

    @pytest.mark.parametrize("cut", [0, 1, 2000], ids=["empty", "one byte", "2000 bytes"])
    def test_a_broken_notebook_is_made_anew_from_its_text(self, tmp_path, capsys, cut):
        text, notebook = self.copy(tmp_path)
        before = text.read_bytes()
        notebook.write_bytes(notebook.read_bytes()[:cut])
        notebooks.pair(tmp_path)
        assert text.read_bytes() == before
        assert notebooks.as_text(jupytext.read(notebook)) == text.read_text()
        assert "06_manifold.ipynb was broken" in capsys.readouterr().out

    def test_two_broken_files_are_refused(self, tmp_path):
        pair = self.copy(tmp_path)
        for path in pair:
            path.write_text("")
        self.assert_refused(tmp_path, pair, "06_manifold.md is empty")

    def test_other_chapters_are_paired_beside_a_refused_one(self, tmp_path):
        pair = self.copy(tmp_path)
        others = [path.with_name(f"07_other{path.suffix}") for path in pair]
        for path, other in zip(pair, others, strict=True):
            other.write_bytes(path.read_bytes())
        edit(others[0], "# Other")
        pair[0].write_text("")
        self.assert_refused(tmp_path, pair, "06_manifold.md is empty")
        assert "# Other" in others[1].read_text()

    @pytest.mark.parametrize("edited", [0, 1], ids=["text", "notebook"])
    @pytest.mark.parametrize("writes", [0, 1])
    def test_a_full_disk_loses_nothing(self, tmp_path, monkeypatch, edited, writes):
        pair = self.copy(tmp_path)
        edit(pair[edited], "# Mine")
        mine = pair[edited].read_bytes()
        write_text, written = Path.write_text, []

        def write_half(self, text, **how):
            written.append(self)
            if len(written) <= writes:
                return write_text(self, text, **how)
            write_text(self, text[: len(text) // 2], **how)
            raise OSError(errno.ENOSPC, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(Path, "write_text", write_half)
            if edited == 0 and writes == 1:  # an edit of the text is copied with one write
                notebooks.pair(tmp_path)
            else:
                with pytest.raises(SystemExit, match="No space left"):
                    notebooks.pair(tmp_path)
        assert "# Mine" in pair[edited].read_text()
        assert writes or pair[edited].read_bytes() == mine
        assert sorted(tmp_path.glob("chapters/*6_*")) == sorted(pair)
        notebooks.pair(tmp_path)
        assert all("# Mine" in path.read_text() for path in pair)

    def test_a_file_left_by_a_kill_is_no_chapter(self, tmp_path):
        text, _ = self.copy(tmp_path)
        (text.parent / f".{text.stem}.1.ab.md").write_text("---\nhalf")
        (text.parent / f".{text.stem}.1.ab.ipynb").write_text("{")
        notebooks.pair(tmp_path)

    def test_a_notebook_of_ones_own_stays_alone(self, tmp_path):
        self.copy(tmp_path)
        own = tmp_path / "chapters" / "Untitled.ipynb"
        own.write_text("{}")
        notebooks.pair(tmp_path)
        assert not own.with_suffix(".md").exists()

    def test_the_command_ends_with_a_line_and_a_status(self, tmp_path):
        pair = self.copy(tmp_path)
        for name in ("notebooks.py", "kernel_notes.py"):
            (tmp_path / "tools").mkdir(exist_ok=True)
            (tmp_path / "tools" / name).write_bytes((ROOT / "tools" / name).read_bytes())
        pair[0].write_text("")
        command = [sys.executable, "tools/notebooks.py", "pair"]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert run.returncode == 1
        assert re.fullmatch(r".*06_manifold\.md is empty.*\n", run.stderr)

    def assert_refused(self, root, pair, message):
        """Pairing ends with one line about the chapter, and changes neither file."""
        before = [path.read_bytes() for path in pair]
        with pytest.raises(SystemExit, match=message) as exit_:
            notebooks.pair(root)
        assert "\n" not in exit_.value.code
        assert "06_manifold" in exit_.value.code
        assert [path.read_bytes() for path in pair] == before

    def test_a_chapter_that_is_edited_while_it_runs_keeps_the_edit(self, tmp_path, monkeypatch):
        text, notebook = self.copy(tmp_path)

        def execute(path):
            executed = nbformat.read(path, as_version=4)
            edit(path, "# Edited meanwhile")
            return executed

        monkeypatch.setattr(notebooks, "execute", execute)
        monkeypatch.setattr(notebooks, "plain_kernels", lambda root: None)
        study = types.SimpleNamespace(clusters=None, measures=None)
        monkeypatch.setattr(usvlib, "open_study", lambda: study)
        with pytest.raises(SystemExit, match="was edited while it ran"):
            notebooks.sync(tmp_path)
        notebooks.pair(tmp_path)
        assert "# Edited meanwhile" in text.read_text()
        assert "# Edited meanwhile" in notebook.read_text()

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

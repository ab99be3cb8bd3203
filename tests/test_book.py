"""Builds of the book: no page is stale or half built, and nothing runs without need."""

import importlib.metadata
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import types
from pathlib import Path

import build_book
import numpy as np
import pytest
import soundfile

import usvlib

ROOT = Path(__file__).resolve().parents[1]

CHAPTER = """---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
    format_version: 0.13
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

# A chapter

Old prose.

```{code-cell} ipython3
import usvlib

study = usvlib.open_study()
print(study)
print("recipe:", study.recipe)
print("features:", study.features.shape, "mean:", f"{study.features.mean():.5f}")
```

```{code-cell} ipython3
import warnings

for _ in range(2):
    warnings.warn("three syllables < four", usvlib.UsvWarning, stacklevel=1)
```
"""


# Compiled code is copied as well, which saves seconds; another test may be writing it.
UNFINISHED = shutil.ignore_patterns("*.tmp.*", "*.pyc.*")


class Book:
    """A copy of the project with one short chapter, and a recording of three syllables.

    Three syllables have no map, which would take most of the time.
    """

    def __init__(self, root):
        self.root = root
        for name in ("usvlib", "tools", "_assets", "_extra"):
            shutil.copytree(ROOT / name, root / name, ignore=UNFINISHED)
        for name in ("_config.yml", "requirements.txt", "references.bib"):
            shutil.copy(ROOT / name, root / name)
        (root / "chapters").mkdir()
        shutil.copy(ROOT / "chapters" / "jupytext.toml", root / "chapters")
        self.chapter = root / "chapters" / "01_chapter.md"
        self.chapter.write_text(CHAPTER)
        (root / "intro.md").write_text("# A book\n")
        (root / "_toc.yml").write_text(
            "format: jb-book\nroot: intro\nchapters:\n  - file: chapters/01_chapter\n"
        )
        self.environment = os.environ | {
            "PYTHONPATH": str(root),
            "USVLIB_CACHE_DIR": str(root / "cache"),
        }

    def record(self, name="mine", seed=0):
        """Write a WAV file, always of the same length, with a table of syllables beside it."""
        recording = usvlib.simulate_recording(3, seed=5, samplerate_hz=250_000)
        noise = np.random.default_rng(seed).normal(0, 0.002, recording.n_samples)
        samples = np.concatenate(list(recording.blocks())) + noise
        path = self.root / f"{name}.wav"
        soundfile.write(path, samples, recording.samplerate_hz, subtype="PCM_16")
        times_s = np.stack([recording.onsets, recording.offsets], axis=1) / 250_000
        np.savetxt(path.with_suffix(".csv"), times_s, delimiter=",")
        return path

    def start(self, recording, **settings):
        """Start a build, as `make book RECORDING=... RECIPE=...` does."""
        return subprocess.Popen(
            [sys.executable, "tools/build_book.py"],
            cwd=self.root,
            env=self.environment | {"RECORDING": str(recording)} | settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def build(self, recording, **settings):
        """Build, and return the chapter that `_build/html` leads to."""
        process = self.start(recording, **settings)
        self.output, _ = process.communicate(timeout=300)
        assert process.returncode == 0, self.output
        assert "index.html" in self.output
        return self.page()

    def page(self):
        return (self.root / "_build" / "html" / "chapters" / "01_chapter.html").read_text()

    def executions(self):
        """Count how often the chapter was run: once for each digest and each state of its cells."""
        return len(list(self.root.glob("_build/*/_build/.jupyter_cache/executed/*/base.ipynb")))


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    return Book(tmp_path_factory.mktemp("book"))


def printed_mean(page):
    """Return the mean of the features that the chapter prints."""
    return float(re.findall(r"mean: (-?[0-9.]+)", page)[-1])


def replace_in(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.slow
def test_no_page_is_stale(book):
    """Every kind of change reaches the page. This is one test because each build takes seconds."""
    mine = book.record()
    first = book.build(mine)
    assert "3 syllables in" in first
    assert "mine.wav" in first
    assert "recipe: tutorial" in first
    assert book.executions() == 1
    assert re.search(r"^01_chapter  \d+\.\d s$", book.output, re.MULTILINE)

    # A warning of usvlib is a note on the page, once for each run of its cell.
    notes = re.findall(r'<div class="admonition note">.*?</div>', first, re.DOTALL)
    assert [re.sub("<[^>]*>", "", note).strip() for note in notes] == [
        "Notethree syllables &lt; four"
    ]
    assert "UsvWarning" not in re.sub("<[^>]*>", "", first.split("stacklevel")[-1])

    # Nothing changed, so nothing runs.
    assert book.build(mine) == first
    assert book.executions() == 1
    assert "\n01_chapter  unchanged\n" in book.output

    # An edit of the prose reaches the page, and no cell runs.
    replace_in(book.chapter, "Old prose", "New prose")
    edited = book.build(mine)
    assert "New prose" in edited
    assert "Old prose" not in edited
    assert book.executions() == 1

    # The recording is another one, of the same name, size and time of change.
    old = mine.stat()
    book.record(seed=1)
    os.utime(mine, ns=(old.st_atime_ns, old.st_mtime_ns))
    rerecorded = book.build(mine)
    assert mine.stat().st_size == old.st_size
    assert printed_mean(rerecorded) != printed_mean(edited)
    assert book.executions() == 2

    # usvlib changed in a module that the chapter does not name.
    replace_in(
        book.root / "usvlib" / "normalisation.py",
        "    return features\n",
        "    return features + 1\n",
    )
    recoded = book.build(mine)
    assert printed_mean(recoded) == pytest.approx(printed_mean(rerecorded) + 1, abs=1e-4)

    # Another recording, and another recipe.
    other = book.build(book.record("other", seed=2), RECIPE="pup")
    assert "other.wav" in other
    assert "recipe: pup" in other

    # Old builds do not pile up.
    assert len(list(book.root.glob("_build/*/_build/html"))) == 3


class TestDigest:
    """The digest of a build, which names its folder."""

    @pytest.fixture
    def project(self, tmp_path, monkeypatch):
        monkeypatch.setattr(build_book, "ROOT", tmp_path)
        files = ("usvlib/study.py", "usvlib/explorer/explorer.js", "usvlib/continuum/controls.csv")
        files += ("tools/kernel_notes.py", "tools/notebooks.py")
        for name in (*files, "benchmarks/results.json", "requirements.txt"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text("before")
        return tmp_path

    @staticmethod
    def digest(recipe=usvlib.ORIGINAL, name="mine", fingerprint="a"):
        recording = types.SimpleNamespace(name=name, fingerprint=fingerprint)
        return build_book.digest(types.SimpleNamespace(recipe=recipe, recordings=(recording,)))

    @pytest.mark.parametrize(
        "name",
        [
            "usvlib/study.py",
            "usvlib/explorer/explorer.js",
            "usvlib/continuum/controls.csv",
            "usvlib/explorer/added.html",
            "benchmarks/results.json",
            "requirements.txt",
            "tools/kernel_notes.py",
            "tools/notebooks.py",
        ],
    )
    def test_it_changes_with_every_file_that_reaches_the_pages(self, project, name):
        before = self.digest()
        assert self.digest() == before
        (project / name).write_text("after")
        assert self.digest() != before

    @pytest.mark.parametrize(
        "name", ["__pycache__/study.cpython-311.pyc", ".study.py.swp", "study.py~", "#study.py#"]
    )
    def test_compiled_files_and_those_of_an_editor_do_not_change_it(self, project, name):
        before = self.digest()
        (project / "usvlib" / "__pycache__").mkdir()
        (project / "usvlib" / name).touch()
        assert self.digest() == before

    def test_it_changes_with_the_recipe_and_the_recordings(self, project):
        others = (
            {"recipe": usvlib.RECIPES["rat"]},
            {"name": "other"},
            {"fingerprint": "b"},
        )
        digests = [self.digest(), *(self.digest(**other) for other in others)]
        assert len(set(digests)) == len(digests)

    @pytest.mark.parametrize("package", ["numpy", "umap-learn", "pillow"])
    def test_it_changes_with_the_version_of_what_usvlib_computes_with(
        self, project, monkeypatch, package
    ):
        before, version = self.digest(), importlib.metadata.version
        monkeypatch.setattr(
            importlib.metadata, "version", lambda name: "0" if name == package else version(name)
        )
        assert self.digest() != before


@pytest.mark.slow
def test_a_killed_build_does_not_poison_the_next(tmp_path):
    book = Book(tmp_path)
    mine = book.record()
    for _ in range(2):
        process = book.start(mine)
        deadline = time.monotonic() + 120
        # Kill it while cells run or pages are written.
        while not list(book.root.glob("_build/*/unfinished")) and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(1.5)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert not (book.root / "_build" / "html").exists()
    assert "3 syllables in" in book.build(mine)
    assert not list(book.root.glob("_build/*/unfinished"))
    stages = list((book.root / "cache").rglob("*.npz"))
    assert stages
    for stage in stages:
        np.load(stage, allow_pickle=False).close()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"recording": "nowhere.wav"}, "nowhere.wav is missing"),
        ({"recording": "amvok"}, "recording 'amvok' is unknown"),
        ({"recording": "simulated", "RECIPE": "hamster"}, "'hamster'"),
    ],
)
def test_an_unusable_setting_fails_with_a_line(book, settings, message):
    process = book.start(**settings)
    output, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    assert message in output
    assert "Traceback" not in output


# Runs once for each state of usvlib; the file counts how often.
EDITS_WHILE_IT_RUNS = """
```{code-cell} ipython3
from pathlib import Path

runs = Path("runs")
runs.write_text(runs.read_text() + "x" if runs.exists() else "x")
if len(runs.read_text()) <= MOST:
    module = Path(usvlib.__file__).with_name("normalisation.py")
    code = module.read_text()
    module.write_text(code.replace("    return features\\n", "    return features + 1\\n") + "\\n")
```
"""


@pytest.mark.slow
def test_an_edit_of_usvlib_while_a_build_runs_reaches_no_page_under_the_old_digest(tmp_path):
    book = Book(tmp_path)
    mine = book.record()
    module = book.root / "usvlib" / "normalisation.py"
    before, prose = module.read_text(), book.chapter.read_text()
    code = prose + EDITS_WHILE_IT_RUNS
    book.chapter.write_text(code.replace("MOST", "1"))
    rebuilt = book.build(mine)
    assert "Files changed while the book was built: it is built again" in book.output
    assert "return features + 1\n" in module.read_text()

    # The edit is reverted: its numbers must not be shown under the digest of before.
    module.write_text(before)
    reverted = book.build(mine)
    assert printed_mean(rebuilt) == pytest.approx(printed_mean(reverted) + 1, abs=1e-4)

    # Where files keep changing, the last book stays.
    book.chapter.write_text(code.replace("MOST", "100"))
    process = book.start(mine)
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 1
    assert output.endswith(
        "The book was not built: its files keep changing; _build/html still leads to the last one\n"
    )
    assert printed_mean(book.page()) == printed_mean(reverted)


def record_tones(path, frequency_hz, n=6):
    """Write a WAV file of faint noise with tones, and a table of their onsets and offsets."""
    rate_hz = 250_000
    times_s = np.arange(2 * rate_hz) / rate_hz
    samples = np.random.default_rng(0).normal(0, 0.002, len(times_s))
    onsets_s = 0.1 + 0.3 * np.arange(n)
    for onset_s in onsets_s:
        inside = (times_s >= onset_s) & (times_s < onset_s + 0.05)
        samples[inside] += 0.2 * np.sin(2 * np.pi * frequency_hz * times_s[inside])
    soundfile.write(path, samples, rate_hz, subtype="PCM_16")
    np.savetxt(path.with_suffix(".csv"), np.stack([onsets_s, onsets_s + 0.05], 1), delimiter=",")


class TestBlanks:
    """What is said before anything runs, where syllables are blank or missing."""

    @pytest.mark.slow
    def test_recipes_are_named_that_find_calls_below_the_band(self, book, tmp_path):
        record_tones(tmp_path / "rats.wav", 25_000)
        process = book.start(tmp_path / "rats.wav")
        output, _ = process.communicate(timeout=120)
        assert process.returncode == 1
        assert "Traceback" not in output
        assert "01_chapter" not in output
        assert output.splitlines()[-1] == (
            "The book was not built: all 6 syllables are blank: nothing stands out between 46 and "
            "113 kHz; RECIPE=rat finds 6, RECIPE=pup finds 6"
        )

    def test_a_recipe_that_the_sampling_rate_does_not_allow_is_not_tried(self, tmp_path, cache):
        # At 20 kHz only the recipe for songbirds has bands.
        rng = np.random.default_rng(0)
        soundfile.write(tmp_path / "noise.wav", rng.normal(0, 0.01, 40_000), 20_000)
        (tmp_path / "noise.csv").write_text("0.5,0.55\n1,1.05\n")
        study = usvlib.open_study(tmp_path / "noise.wav", usvlib.RECIPES["songbird"])
        with pytest.raises(SystemExit) as refusal:
            build_book.report_blanks(study)
        assert refusal.value.code.endswith(
            "all 2 syllables are blank: nothing stands out between 0.54 and 9.6 kHz; no other "
            "recipe finds one"
        )

    def test_no_syllable_at_all(self, tmp_path, cache):
        arrays = {"recording": np.ones(250_000, np.int16), "samplerate": 250_000}
        none = np.zeros(0, int)
        np.savez(tmp_path / "none.npz", **arrays, syllable_onsets=none, syllable_offsets=none)
        with pytest.raises(SystemExit, match=r"built: there are no syllables in none\.npz"):
            build_book.report_blanks(usvlib.open_study(tmp_path / "none.npz"))

    @pytest.mark.parametrize(
        ("blank", "said"), [([0, 0, 0], ""), ([0, 1, 0], "1 of 3 syllables are blank: ")]
    )
    def test_a_few_are_counted_in_a_line(self, capsys, blank, said):
        study = types.SimpleNamespace(
            recordings=[types.SimpleNamespace(n_syllables=3)],
            spectrograms=types.SimpleNamespace(blank=np.array(blank, bool)),
            kept_khz=(46, 113),
        )
        build_book.report_blanks(study)
        printed = capsys.readouterr().out
        assert printed == said + bool(said) * "nothing stands out between 46 and 113 kHz\n"


@pytest.mark.slow
def test_what_a_cell_writes_to_the_error_stream_fails_the_build_and_is_shown(tmp_path):
    book = Book(tmp_path)
    replace_in(book.chapter, "print(study)", "import sys; print('over the limit', file=sys.stderr)")
    for _ in range(2):  # the second build must not find it in the cache
        process = book.start(book.record())
        output, _ = process.communicate(timeout=120)
        assert process.returncode == 1
        assert "\n01_chapter  failed\n" in output
        assert "wrote to the error stream:\nover the limit\n" in output


@pytest.mark.slow
def test_a_failing_chapter_fails_the_build_and_says_where(tmp_path):
    book = Book(tmp_path)
    replace_in(book.chapter, "print(study)", "print(study.no_such_stage)")
    process = book.start(book.record())
    output, _ = process.communicate(timeout=120)
    assert process.returncode != 0
    assert "\n01_chapter  failed\n" in output
    assert "01_chapter.ipynb" in output
    assert "no_such_stage" in output
    assert "The book was not built" in output
    assert not (book.root / "_build" / "html").exists()

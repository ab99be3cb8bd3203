"""Building the book: no stale page, none half built, nothing executed for nothing."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

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
print("features:", study.features.shape, "level:", f"{study.features.mean():.5f}")
```
"""


class Book:
    """A copy of the project with one short chapter, and a recording of three syllables: of
    so few there is no map, which would take most of the time."""

    def __init__(self, root):
        self.root = root
        for name in ("usvlib", "tools", "_assets", "_extra"):
            shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
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
        """A WAV file of always the same length, with a table of syllables beside it."""
        recording = usvlib.simulate_recording(3, seed=5, samplerate_hz=250_000)
        noise = np.random.default_rng(seed).normal(0, 0.002, recording.n_samples)
        samples = np.concatenate(list(recording.blocks())) + noise
        path = self.root / f"{name}.wav"
        soundfile.write(path, samples, recording.samplerate_hz, subtype="PCM_16")
        times_s = np.stack([recording.onsets, recording.offsets], axis=1) / 250_000
        np.savetxt(path.with_suffix(".csv"), times_s, delimiter=",")
        return path

    def start(self, recording):
        return subprocess.Popen(
            [sys.executable, "tools/build_book.py"],
            cwd=self.root,
            env=self.environment | {"RECORDING": str(recording)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def build(self, recording):
        """Build, and return the page that `_build/html` leads to."""
        process = self.start(recording)
        output, _ = process.communicate(timeout=300)
        assert process.returncode == 0, output
        assert "index.html" in output
        return self.page()

    def page(self):
        return (self.root / "_build" / "html" / "chapters" / "01_chapter.html").read_text()

    def executions(self):
        """How often the chapter was run: one record for each digest and each state of its cells."""
        return len(list(self.root.glob("_build/*/_build/.jupyter_cache/executed/*/base.ipynb")))


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    return Book(tmp_path_factory.mktemp("book"))


def level(page):
    """The number that the chapter prints of its features."""
    return float(re.findall(r"level: (-?[0-9.]+)", page)[-1])


def replace_in(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_no_page_is_stale(book):
    """One story, since each build takes seconds: every kind of change reaches the page.

    That the digest sees all else that matters, such as the locked versions, is for test_study.
    """
    mine = book.record()
    first = book.build(mine)
    assert "3 syllables in" in first
    assert "mine.wav" in first
    assert book.executions() == 1

    # Nothing changed: nothing runs.
    assert book.build(mine) == first
    assert book.executions() == 1

    # Prose is renewed, and no cell run for it.
    replace_in(book.chapter, "Old prose", "New prose")
    os.utime(book.chapter, (time.time() + 5, time.time() + 5))
    edited = book.build(mine)
    assert "New prose" in edited
    assert "Old prose" not in edited
    assert book.executions() == 1

    # The recording is another, under the same name, size and time of change.
    old = mine.stat()
    book.record(seed=1)
    os.utime(mine, ns=(old.st_atime_ns, old.st_mtime_ns))
    rerecorded = book.build(mine)
    assert mine.stat().st_size == old.st_size
    assert level(rerecorded) != level(edited)
    assert book.executions() == 2

    # usvlib changed, in a module that no chapter names.
    replace_in(
        book.root / "usvlib" / "normalisation.py",
        "    return features\n",
        "    return features + 1\n",
    )
    recoded = book.build(mine)
    assert level(recoded) == pytest.approx(level(rerecorded) + 1, abs=1e-4)

    # And another recording.
    assert "other.wav" in book.build(book.record("other", seed=2))

    # Old builds do not pile up.
    assert len(list(book.root.glob("_build/*/_build/html"))) == 3


def test_a_killed_build_does_not_poison_the_next(tmp_path):
    book = Book(tmp_path)
    mine = book.record()
    for _ in range(2):
        process = book.start(mine)
        deadline = time.monotonic() + 120
        # Killed while cells run or pages are written.
        while not list(book.root.glob("_build/*/unfinished")) and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(1.5)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert not (book.root / "_build" / "html").exists()
    assert "3 syllables in" in book.build(mine)
    assert not list(book.root.glob("_build/*/unfinished"))
    stages = list((book.root / "cache").glob("studies/*/*.npz"))
    assert stages
    for stage in stages:
        np.load(stage, allow_pickle=False).close()


@pytest.mark.parametrize(
    ("recording", "message"),
    [("nowhere.wav", "nowhere.wav is missing"), ("amvok", "recording 'amvok' is unknown")],
)
def test_an_unusable_recording_is_said_in_a_line(book, recording, message):
    process = book.start(recording)
    output, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    assert message in output
    assert "Traceback" not in output


def test_a_failing_chapter_fails_the_build_and_says_where(tmp_path):
    book = Book(tmp_path)
    replace_in(book.chapter, "print(study)", "print(study.no_such_stage)")
    process = book.start(book.record())
    output, _ = process.communicate(timeout=120)
    assert process.returncode != 0
    assert "01_chapter.ipynb" in output
    assert "no_such_stage" in output
    assert "The book was not built" in output
    assert not (book.root / "_build" / "html").exists()

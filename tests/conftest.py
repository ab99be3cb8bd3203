"""What several test files share: the folders beside this checkout and one small recording."""

from pathlib import Path

import hypothesis
import pytest

import usvlib

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"

# The examples are the same at every run, so that a failure comes from a change and not by chance.
hypothesis.settings.register_profile(
    "usvlib", deadline=None, max_examples=25, derandomize=True, print_blob=True
)
hypothesis.settings.load_profile("usvlib")


@pytest.fixture(scope="session")
def shared_recordings():
    """Return the folder of real recordings, laid out as a data directory."""
    return _shared("recordings")


@pytest.fixture(scope="session")
def shared_reference():
    """Return the folder with the stages that the tutorial's code computes."""
    return _shared("reference")


def _shared(name):
    if not (SHARED / name).is_dir():
        pytest.skip(f"there is no folder ../shared/{name} beside this checkout")
    return SHARED / name


@pytest.fixture(scope="session")
def recording():
    """Return 60 simulated syllables, in about 18 s."""
    return usvlib.simulate_recording(n_syllables=60, seed=1)


@pytest.fixture(scope="session")
def spectrograms(recording):
    return usvlib.syllable_spectrograms(recording)


@pytest.fixture(scope="session")
def features(spectrograms):
    return usvlib.normalise(spectrograms)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Return an empty cache folder, which replaces the one that tests share."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("USVLIB_CACHE_DIR", str(folder))
    return folder


@pytest.fixture
def below_a_file(tmp_path):
    """Return a path that nobody can create: even a read-only folder would not stop root."""
    file = tmp_path / "regular-file"
    file.write_text("in the way")
    return file / "folder"

"""What all tests share: a clean environment, the shared folders and one small recording."""

import os
import sys
from pathlib import Path

import hypothesis
import matplotlib
import pytest

import usvlib

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"

# The reader's settings must not reach the tests, nor the kernels that nbval starts: these inherit
# the environment. Stages are addressed by a digest of all they depend on, and so may be kept.
for _name in [name for name in os.environ if name.startswith("USVLIB_")]:
    del os.environ[_name]
os.environ["USVLIB_RECORDING"] = "simulated"
os.environ["USVLIB_CACHE_DIR"] = str(ROOT / "_build" / "test-cache")

# Two processes of k-means, each with a thread a core, would wait for each other more than compute.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Not through the environment: the notebooks' kernels would inherit it, and show no figure.
matplotlib.use("Agg")

# The same examples at every run, so that a failure is somebody's change and not bad luck.
hypothesis.settings.register_profile(
    "usvlib", deadline=None, max_examples=25, derandomize=True, print_blob=True
)
hypothesis.settings.load_profile("usvlib")


@pytest.fixture(scope="session")
def shared_recordings():
    """The folder of real recordings, laid out as a data directory."""
    return _shared("recordings")


@pytest.fixture(scope="session")
def shared_reference():
    """The folder with the stages that the original notebook's code computes."""
    return _shared("reference")


def _shared(name):
    if not (SHARED / name).is_dir():
        pytest.skip(f"there is no folder ../shared/{name} beside this checkout")
    return SHARED / name


@pytest.fixture(scope="session")
def recording():
    """60 simulated syllables in some 18 s."""
    return usvlib.simulate_recording(n_syllables=60, seed=1)


@pytest.fixture(scope="session")
def spectrograms(recording):
    return usvlib.syllable_spectrograms(recording)


@pytest.fixture(scope="session")
def features(spectrograms):
    return usvlib.normalise(spectrograms)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache directory, in place of the one that tests share."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("USVLIB_CACHE_DIR", str(folder))
    return folder


@pytest.fixture
def below_a_file(tmp_path):
    """A path that cannot be made by anybody: root may write into a read-only folder."""
    file = tmp_path / "regular-file"
    file.write_text("in the way")
    return file / "folder"


@pytest.fixture(autouse=True)
def _no_figure_stays_open():
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")

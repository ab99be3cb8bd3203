"""Give tests, examples and the chapters' kernels an environment without the reader's settings."""

import os
import sys
from pathlib import Path

import matplotlib
import notebooks
import pytest

ROOT = Path(__file__).resolve().parent

# Kernels that nbval starts inherit this environment. The cache may stay from one run to the next,
# because stages are named by a digest of all that they depend on.
for _name in [name for name in os.environ if name.startswith("USVLIB_")]:
    del os.environ[_name]
os.environ["USVLIB_RECORDING"] = "simulated"
os.environ["USVLIB_CACHE_DIR"] = str(ROOT / "_build" / "test-cache")
notebooks.plain_kernels(ROOT)

# This is not set through the environment, because the kernels would inherit it and show no figure.
matplotlib.use("Agg")

# Each of these files takes a minute or more, because it computes verdicts.
SLOW_FILES = ("test_continuum.py", "test_power.py")


def pytest_collection_modifyitems(items):
    """Mark the tests of slow files, which `make quick` leaves out."""
    for item in items:
        if item.path.name in SLOW_FILES:
            item.add_marker("slow")


@pytest.fixture(autouse=True)
def _no_figure_stays_open():
    """Close the figures that a test or an example has opened."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")

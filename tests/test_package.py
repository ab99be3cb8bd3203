"""The public names of the package, and what importing it costs."""

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import usvlib

ROOT = Path(__file__).resolve().parents[1]
SLOW = (
    *("bokeh", "librosa", "matplotlib", "numba", "numpy", "pandas"),
    *("pooch", "scipy", "sklearn", "soundfile", "umap"),
)

# Readers' notebooks call these. Arguments may be added, but neither renamed nor reordered.
SIGNATURES = {
    "load_audio": ["path", "channel", "samplerate_hz"],
    "load_recordings": ["source", "annotations", "channel", "samplerate_hz"],
    "load_recording": ["source", "annotations", "channel", "samplerate_hz"],
    "load_recipe": ["source"],
    "recording_from_array": ["samples", "samplerate_hz", "onsets", "offsets", "name"],
    "syllable_spectrograms": ["recordings", "recipe"],
    "mel_spectrogram": ["recording", "start_s", "stop_s", "recipe"],
    "syllable_measures": ["spectrograms"],
    "normalise": ["spectrograms", "recipe"],
    "embed": ["features", "recipe"],
    "map_fidelity": ["features", "coordinates"],
    "cluster": ["coordinates", "recipe", "n_clusters"],
    "plot_manifold": ["features", "coordinates", "clusters", "ax"],
    "explore": ["spectrograms", "measures", "coordinates", "clusters", "recordings"],
    "assess_continuum": ["features", "measures", "seed"],
    "open_study": ["source", "recipe"],
    "Recipe": [
        "n_fft",
        "hop_s",
        "n_mels",
        "low_hz",
        "high_hz",
        "crop",
        "threshold",
        "time_scaling",
        "centre_halfwidth",
        "n_neighbors",
        "min_dist",
        "embedding_seed",
        "n_clusters",
        "clustering_seed",
    ],
}
MEMBERS = {
    "Audio": ["name", "samplerate_hz", "n_samples", "fingerprint", "blocks", "read"],
    "Recording": [
        "name",
        "samplerate_hz",
        "n_samples",
        "onsets",
        "offsets",
        "labels",
        "label",
        "fingerprint",
        "blocks",
        "read",
        "truth",
    ],
    "SyllableSpectrograms": [
        "spectrograms",
        "frequencies_hz",
        "noise_floor",
        "recording_index",
        "hop_s",
    ],
    "Clusters": ["labels", "centroids", "means"],
    "Verdict": ["kind", "n_types", "labels", "statistics", "conclusion", "plot"],
    "Explorer": ["save", "_repr_html_"],
    "Study": ["recordings", "spectrograms", "measures", "features", "coordinates", "clusters"],
}


def _required(function):
    """Return the names of the arguments that have no default."""
    parameters = inspect.signature(function).parameters.values()
    return [p.name for p in parameters if p.default is p.empty]


def test_importing_it_imports_nothing_slow():
    code = f"import sys, usvlib; print([name for name in {SLOW} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_simulating_and_normalising_need_no_umap():
    # Importing UMAP takes seconds, and the first three chapters do not use it.
    code = (
        "import sys, usvlib; r = usvlib.simulate_recording(3)\n"
        "usvlib.normalise(usvlib.syllable_spectrograms(r))\n"
        "print([name for name in ('umap', 'sklearn') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


NAMES = [name for name in usvlib.__all__ if not inspect.ismodule(getattr(usvlib, name))]


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_exists_and_is_documented(name):
    offered = getattr(usvlib, name)
    if inspect.isfunction(offered) or inspect.isclass(offered):
        assert offered.__module__.startswith("usvlib.")
        assert len(inspect.getdoc(offered)) > 20
        # A dataclass without a docstring gets its signature as one.
        assert not offered.__doc__.startswith(f"{name}(")


def test_the_public_names_are_sorted_and_all_there():
    assert len(set(usvlib.__all__)) == len(usvlib.__all__)
    promised = {*SIGNATURES, *MEMBERS, "ORIGINAL", "RECIPES", "UsvWarning", "simulate_recording"}
    assert promised <= set(usvlib.__all__)


@pytest.mark.parametrize("name", SIGNATURES)
def test_a_signature_is_that_of_the_documentation(name):
    parameters = list(inspect.signature(getattr(usvlib, name)).parameters)
    assert parameters[: len(SIGNATURES[name])] == SIGNATURES[name]
    # Arguments that were added later must be optional.
    assert set(_required(getattr(usvlib, name))) <= set(SIGNATURES[name])


@pytest.mark.parametrize("name", ["load_recordings", "load_recording", "open_study", "Recipe"])
def test_no_argument_need_be_given_where_the_documentation_has_a_default(name):
    assert _required(getattr(usvlib, name)) == []


def test_simulating_needs_no_argument():
    assert _required(usvlib.simulate_recording) == []


@pytest.mark.parametrize("name", MEMBERS)
def test_a_class_has_the_members_of_the_documentation(name):
    offered = getattr(usvlib, name)
    fields = {*getattr(offered, "__dataclass_fields__", {}), *dir(offered)}
    assert set(MEMBERS[name]) <= fields


@pytest.mark.parametrize("name", [n for n in NAMES if inspect.isfunction(getattr(usvlib, n))])
def test_every_parameter_is_documented_by_name(name):
    function = getattr(usvlib, name)
    missing = [p for p in inspect.signature(function).parameters if p not in function.__doc__]
    # A short docstring may leave a single obvious argument unnamed.
    assert len(missing) <= 1 if len(inspect.getdoc(function).splitlines()) < 5 else not missing


def test_errors_are_value_errors():
    assert issubclass(usvlib.UsvError, ValueError)
    assert issubclass(usvlib.MissingFileError, usvlib.UsvError)
    assert issubclass(usvlib.MissingFileError, FileNotFoundError)


def test_the_version_is_the_same_everywhere():
    version = usvlib.__version__
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"] == version
    entries = re.findall(r"^## \[(\d[^\]]*)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert entries[0] == version
    # pyproject.toml reads it from the package.
    assert not re.search(r"^version\s*=", (ROOT / "pyproject.toml").read_text(), re.MULTILINE)


DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef)
MODULES = sorted((ROOT / "usvlib").rglob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_has_more_than_300_lines_without_its_docstrings(path):
    text = path.read_text()
    nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, DOCUMENTED)]
    docstrings = [node.body[0] for node in nodes if ast.get_docstring(node) is not None]
    n_lines = len(text.splitlines()) - sum(d.end_lineno - d.lineno + 1 for d in docstrings)
    assert n_lines <= 300

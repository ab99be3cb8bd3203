"""What the package offers, and what importing it costs."""

import inspect
import subprocess
import sys

import pytest

import usvlib

SLOW = (
    *("bokeh", "librosa", "matplotlib", "numba", "numpy", "pandas"),
    *("pooch", "scipy", "sklearn", "soundfile", "umap"),
)

# Readers' notebooks call these; fields may be added, not renamed, and the order is part of it.
SIGNATURES = {
    "load_recordings": ["name"],
    "load_recording": ["name"],
    "recording_from_array": ["samples", "samplerate_hz", "onsets", "offsets", "name"],
    "syllable_spectrograms": ["recordings", "recipe"],
    "mel_spectrogram": ["recording", "start_s", "stop_s", "recipe"],
    "syllable_measures": ["spectrograms"],
    "normalise": ["spectrograms", "recipe"],
    "embed": ["features", "recipe"],
    "cluster": ["coordinates", "recipe", "n_clusters"],
    "plot_manifold": ["features", "coordinates", "clusters", "ax"],
    "explore": ["spectrograms", "measures", "coordinates", "clusters", "recordings"],
    "open_study": ["name", "recipe"],
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
    "Recording": [
        "name",
        "samplerate_hz",
        "n_samples",
        "onsets",
        "offsets",
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
    "Clusters": ["labels", "centroids"],
    "Explorer": ["save", "_repr_html_"],
    "Study": ["recordings", "spectrograms", "measures", "features", "coordinates", "clusters"],
}


def _required(function):
    parameters = inspect.signature(function).parameters.values()
    return [p.name for p in parameters if p.default is p.empty]


def test_importing_it_imports_nothing_slow():
    code = f"import sys, usvlib; print([name for name in {SLOW} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_simulating_and_normalising_need_no_umap():
    # Its import alone takes seconds, and the first three chapters do without.
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
        # Not the signature that a dataclass takes for its documentation.
        assert not offered.__doc__.startswith(f"{name}(")


def test_the_public_names_are_sorted_and_all_there():
    assert len(set(usvlib.__all__)) == len(usvlib.__all__)
    promised = {*SIGNATURES, *MEMBERS, "ORIGINAL", "simulate_recording"}
    assert promised <= set(usvlib.__all__)


@pytest.mark.parametrize("name", SIGNATURES)
def test_a_signature_is_that_of_the_documentation(name):
    parameters = list(inspect.signature(getattr(usvlib, name)).parameters)
    assert parameters[: len(SIGNATURES[name])] == SIGNATURES[name]
    # What was added later must not be asked for.
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
    # A single obvious argument may go by the name of what it is.
    assert len(missing) <= 1 if len(inspect.getdoc(function).splitlines()) < 5 else not missing


def test_errors_are_value_errors():
    assert issubclass(usvlib.UsvError, ValueError)
    assert issubclass(usvlib.MissingFileError, usvlib.UsvError)
    assert issubclass(usvlib.MissingFileError, FileNotFoundError)

"""Every public callable refuses an argument of the wrong kind by a `UsvError` that names it."""

import collections
import contextlib
import decimal
import importlib
import inspect
import re
import sys
import types
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas
import pytest
import soundfile
from sounds import refused, short_recording

import usvlib
from usvlib import ORIGINAL, clustering, continuum, data, embedding, figures, manifold
from usvlib import normalisation as steps

ROOT = Path(__file__).resolve().parents[1]

# A call may need this much more memory. Fewer would be enough, but threads reserve some.
MAX_BYTES = 4_000_000_000

# Values that some arguments allow. All others have to refuse them.
ODD = {
    "None": lambda: None,
    "True": lambda: True,
    "0": lambda: 0,
    "3": lambda: 3,
    "-1": lambda: -1,
    "2.5": lambda: 2.5,
    "-0.5": lambda: -0.5,
    "nan": lambda: np.nan,
    "inf": lambda: np.inf,
    "-inf": lambda: -np.inf,
    "1e9": lambda: 1e9,
    "1e300": lambda: 1e300,
    "2**32": lambda: 2**32,
    "2**40": lambda: 2**40,
    "2**64": lambda: 2**64,
    "10**400": lambda: 10**400,
    "10**5000": lambda: 10**5000,
    "float64": lambda: np.float64(3),
    "int8": lambda: np.int8(3),
    "Decimal": lambda: decimal.Decimal("NaN"),
    "text": lambda: "text",
    "empty text": lambda: "",
    "zero byte": lambda: "a\0b",
    "surrogate": lambda: "\ud800",
    "long text": lambda: "a" * 5000,
    "no user": lambda: "~nobody-of-this-name/a.wav",
    "a pattern": lambda: "[*",
    "bytes": lambda: b"text",
    "Path": lambda: Path("there-is-none.wav"),
    "list": lambda: [],
    "dict": lambda: {},
    "set": lambda: {3},
    "list of None": lambda: [None],
    "list of numbers": lambda: [3, 2.5],
    "reversed": lambda: (1.0, 0.5),
    "list of texts": lambda: ["text", "other"],
    "ragged": lambda: [[1.0], [2.0, 3.0]],
    "generator": lambda: (number for number in (3, 2.5)),
    "0-d array": lambda: np.array(3),
    "array": lambda: np.arange(12.0),
    "empty array": lambda: np.zeros((0, 2)),
    "flags": lambda: np.zeros(12, bool),
    "array of nan": lambda: np.full((12, 2), np.nan),
    "array of inf": lambda: np.full((12, 2), np.inf),
    "huge array": lambda: np.full((12, 2), 1e300),
    "equal points": lambda: np.ones((12, 2)),
    "3-d array": lambda: np.zeros((2, 2, 2)),
    "texts": lambda: np.array(["text"] * 12),
    "dates": lambda: np.zeros(12, "datetime64[s]"),
    "structured": lambda: np.zeros(12, "i4,f8"),
    "masked": lambda: np.ma.masked_less(np.arange(24.0).reshape(12, 2), 5),
    "table": lambda: pandas.DataFrame({"a": [1.0, 2.0]}),
    "table of 12": lambda: pandas.DataFrame({"a": np.arange(12.0), "b": "text"}),
    "series": lambda: pandas.Series([1.0, 2.0], index=[7, 9]),
}

# Values that no argument allows.
WRONG = {
    "object": object,
    "function": lambda: len,
    "class": lambda: dict,
    "module": lambda: types,
    "complex number": lambda: 1j,
    "complex array": lambda: np.ones((12, 2), complex),
    "complex features": lambda: np.ones((12, 40, 20), complex),
    "array of objects": lambda: np.array([object()] * 12, object),
    "list of objects": lambda: [object(), object()],
    "dict of objects": lambda: {"a": object()},
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return good arguments: files, a few syllables, and all that is computed of them."""
    folder = tmp_path_factory.mktemp("doors")
    recording = short_recording()
    samples = recording.read(0, 1)
    soundfile.write(folder / "four.wav", samples, recording.samplerate_hz)
    times_s = np.column_stack([recording.onsets, recording.offsets]) / recording.samplerate_hz
    np.savetxt(folder / "four.csv", times_s, delimiter=",")
    arrays = {"recording": samples, "samplerate": recording.samplerate_hz}
    arrays |= {"syllable_onsets": recording.onsets, "syllable_offsets": recording.offsets}
    np.savez(folder / "four.npz", **arrays)
    twelve = usvlib.simulate_recording(n_syllables=12)
    spectrograms = usvlib.syllable_spectrograms(twelve)
    features = usvlib.normalise(spectrograms)
    measures = usvlib.syllable_measures(spectrograms)
    rng = np.random.default_rng(0)
    coordinates = rng.normal(size=(12, 2))
    many = rng.standard_normal((100, 4, 5))
    clusters = usvlib.cluster(coordinates, n_clusters=3)
    return types.SimpleNamespace(
        wav=folder / "four.wav",
        npz=folder / "four.npz",
        recording=recording,
        spectrograms=spectrograms,
        twelve=twelve,
        features=features,
        measures=measures,
        coordinates=coordinates,
        clusters=clusters,
        many=many,
        verdict=usvlib.assess_continuum(features, measures),
        dimension=continuum.intrinsic_dimension(many),
        study=usvlib.Study("four", ORIGINAL, (recording,)),
        explorer=usvlib.explore(spectrograms, measures, coordinates, clusters),
        contours_khz={"one": [np.linspace(60, 75, 40)], "two": [np.full(40, 70.0)]},
        classes={"one": ["up"], "two": ["flat"]},
    )


def _fields(result):
    """Return the fields of a dataclass."""
    return {name: getattr(result, name) for name in result.__dataclass_fields__}


# The arguments that a call needs. All others that it has are tried, too.
CALLS = {
    usvlib.Audio: lambda made: _fields(usvlib.load_audio(made.wav)),
    usvlib.Clusters: lambda made: _fields(made.clusters),
    usvlib.Explorer: lambda made: _fields(made.explorer),
    usvlib.Recipe: lambda made: {},
    usvlib.Recording: lambda made: _fields(made.recording),
    usvlib.Study: lambda made: _fields(made.study),
    usvlib.SyllableSpectrograms: lambda made: _fields(made.spectrograms),
    usvlib.Verdict: lambda made: _fields(made.verdict),
    continuum.Dimension: lambda made: _fields(made.dimension),
    data.Truth: lambda made: _fields(made.twelve.truth),
    embedding.Fidelity: lambda made: {
        "trustworthiness": 1.0,
        "continuity": 1.0,
        "neighbor_overlap": 1.0,
    },
    usvlib.Audio.blocks: lambda made: {"self": made.recording},
    usvlib.Audio.read: lambda made: {"self": made.recording, "start_s": 0.0, "stop_s": 0.1},
    usvlib.Audio.read_samples: lambda made: {"self": made.recording, "start": 0, "stop": 100},
    usvlib.Clusters.means: lambda made: {"self": made.clusters, "features": made.features},
    usvlib.Explorer.save: lambda made: {"self": made.explorer, "path": "map.html"},
    usvlib.Study.stage_path: lambda made: {"self": made.study, "name": "features"},
    usvlib.load_audio: lambda made: {"path": made.wav},
    usvlib.load_recording: lambda made: {"source": made.wav},
    usvlib.load_recordings: lambda made: {"source": made.wav},
    usvlib.load_recipe: lambda made: {"source": "rat"},
    usvlib.recording_from_array: lambda made: {
        "samples": made.recording.read(0, 1),
        "samplerate_hz": made.recording.samplerate_hz,
        "onsets": made.recording.onsets,
        "offsets": made.recording.offsets,
    },
    usvlib.simulate_recording: lambda made: {"n_syllables": 3},
    usvlib.syllable_spectrograms: lambda made: {"recordings": made.recording},
    usvlib.mel_spectrogram: lambda made: {
        "recording": made.recording,
        "start_s": 0.0,
        "stop_s": 0.1,
    },
    usvlib.frequency_contours: lambda made: {"spectrograms": made.spectrograms},
    usvlib.syllable_measures: lambda made: {"spectrograms": made.spectrograms},
    usvlib.normalise: lambda made: {"spectrograms": made.spectrograms},
    steps.apply_threshold: lambda made: {"spectrogram": made.features[0]},
    steps.resize_duration: lambda made: {"spectrogram": made.features[0]},
    steps.pad: lambda made: {"spectrogram": made.features[0], "n_frames": 100},
    steps.centre: lambda made: {"spectrogram": made.features[0]},
    usvlib.embed: lambda made: {"features": made.features},
    usvlib.map_fidelity: lambda made: {
        "features": made.features,
        "coordinates": made.coordinates,
    },
    usvlib.cluster: lambda made: {"coordinates": made.coordinates},
    clustering.repeatability: lambda made: {"points": made.coordinates, "n_clusters": 2},
    usvlib.plot_manifold: lambda made: {
        "features": made.features,
        "coordinates": made.coordinates,
        "clusters": made.clusters,
    },
    manifold.plot_examples: lambda made: {
        "features": made.features,
        "coordinates": made.coordinates,
        "n_examples": 4,
    },
    usvlib.plot_excerpt: lambda made: {
        "recording": made.recording,
        "start_s": 0.0,
        "stop_s": 0.1,
    },
    usvlib.plot_syllables: lambda made: {"spectrograms": made.spectrograms.spectrograms[:2]},
    usvlib.listen: lambda made: {
        "recording": made.recording,
        "start_s": 0.0,
        "stop_s": 0.01,
        "label": "a sound",
    },
    figures.label_bands_khz: lambda made: {
        "ax": plt.gca(),
        "frequencies_hz": made.spectrograms.frequencies_hz,
    },
    usvlib.open_study: lambda made: {"source": made.wav},
    usvlib.explore: lambda made: {
        "spectrograms": made.spectrograms,
        "measures": made.measures,
        "coordinates": made.coordinates,
        "clusters": made.clusters,
    },
    usvlib.assess_continuum: lambda made: {
        "features": made.features,
        "measures": made.measures,
    },
    data.recording_from_audio: lambda made: {"path": made.wav},
    data.recording_from_npz: lambda made: {"path": made.npz},
    data.recording_of_latents: lambda made: {
        "latents": np.zeros((3, 6)),
        "types": np.zeros(3, int),
        "rng": np.random.default_rng(0),
        "seed": 0,
    },
    data.simulate_from_latents: lambda made: {"latents": np.zeros((3, 6))},
    data.trim_cache: lambda made: {},
    data.mark_used: lambda made: {"path": made.wav},
    continuum.calibrated_estimates: lambda made: {"n_points": 100},
    continuum.call_classes: lambda made: {
        "contours_khz": made.contours_khz["one"],
        "durations_ms": [40.0],
    },
    continuum.copula_null: lambda made: {"points": made.coordinates},
    continuum.detected_separation: lambda made: {},
    continuum.gaussian_null: lambda made: {"points": made.coordinates},
    continuum.hopkins: lambda made: {"points": made.coordinates, "n_repeats": 2},
    continuum.intrinsic_dimension: lambda made: {"features": made.many},
    continuum.likelihood_dimension: lambda made: {"points": made.coordinates, "n_neighbors": 5},
    continuum.oracle_separation: lambda made: {
        "space": made.coordinates,
        "types": np.repeat([0, 1], 6),
    },
    continuum.plot_calibration: lambda made: {},
    continuum.plot_classes: lambda made: {
        "contours_khz": made.contours_khz,
        "classes": made.classes,
    },
    continuum.principal_components: lambda made: {"features": made.features},
    continuum.simulate_control: lambda made: {"kind": "gaussian", "n_syllables": 3},
}

# What is done with a result that a reader can also make: all of it must work, or be refused.
USES = {
    usvlib.Audio: [lambda audio: audio.read(0, 0.1), lambda audio: (str(audio), audio.label)],
    usvlib.Clusters: [lambda clusters: clusters.sizes],
    usvlib.Explorer: [lambda explorer: explorer.save("page.html"), lambda e: e._repr_html_()],
    usvlib.Recipe: [str],
    usvlib.Study: [str, lambda study: study.stage_path("features")],
    usvlib.SyllableSpectrograms: [
        usvlib.normalise,
        usvlib.syllable_measures,
        lambda spectrograms: spectrograms.n_frames,
    ],
    usvlib.Verdict: [str, usvlib.Verdict.plot, lambda verdict: verdict.conclusion],
    continuum.Dimension: [str, continuum.Dimension.plot],
}
USES[usvlib.Recording] = USES[usvlib.Audio]

# Options of `simulate_control`, by the kinds of control that have them.
OPTIONS = {
    "types": ("n_types", "separation", "axes"),
    "satellite": ("share", "separation"),
    "jumps": ("share", "size_khz", "spread_khz"),
    "bent": ("reach", "noise"),
    "uneven": ("power",),
}


def _name(function):
    return function.__qualname__


def _tried(call):
    """Return the arguments of a call that are tried."""
    return [name for name in inspect.signature(call).parameters if name not in ("self", "options")]


ARGUMENTS = [(call, name) for call in CALLS for name in _tried(call)]


@pytest.fixture(autouse=True)
def _nothing_else(tmp_path, monkeypatch, made):
    """Run in an empty folder, which keeps what good arguments write, and close all figures."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("USVLIB_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("USVLIB_RECORDING", str(made.wav))
    monkeypatch.setattr(embedding, "_import_umap", lambda: _NoUmap)
    with _little_memory():
        yield
    plt.close("all")


class _NoUmap:
    """In the place of UMAP, which takes seconds to compile; what reaches it has been checked."""

    class UMAP:
        def __init__(self, **settings):
            pass

        def fit_transform(self, features):
            return np.asarray(features, np.float32)[:, :2]


@contextlib.contextmanager
def _little_memory():
    """Let allocations of many gigabytes fail, where the system can."""
    if not sys.platform.startswith("linux"):
        yield
        return
    import resource

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    before = resource.getrlimit(resource.RLIMIT_AS)
    most = pages * resource.getpagesize() + MAX_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def _outcome(call, arguments):
    """Return the UsvError of a call and of what is done with its result, or None."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", np.exceptions.ComplexWarning)
            result = call(**arguments)
            if isinstance(result, types.GeneratorType):
                collections.deque(result, maxlen=0)
            for use in USES.get(call, ()):
                use(result)
    except usvlib.UsvError as error:
        return error
    return None


def _is_public(name):
    return not name.startswith("_")


def _public_callables():
    """Return all that is callable at a door, with the methods of classes, by its full name."""
    doors = {
        f"{door.__name__}.{name}"
        for door in (usvlib, data, continuum, usvlib.explorer)
        for name in door.__all__
    }
    documented = re.findall(r"^\.\. auto\w+:: (\S+)", (ROOT / "api.md").read_text(), re.MULTILINE)
    found = {}
    for full_name in sorted(doors | set(documented)):
        module, _, name = full_name.rpartition(".")
        offered = getattr(importlib.import_module(module), name)
        # Exceptions take any argument.
        if not callable(offered) or (
            isinstance(offered, type) and issubclass(offered, BaseException)
        ):
            continue
        found[full_name] = offered
        if isinstance(offered, type):
            for method, function in inspect.getmembers(offered, inspect.isfunction):
                if _is_public(method):
                    found[f"{full_name}.{method}"] = function
    return {name: call for name, call in found.items() if _tried(call)}


def test_all_public_callables_are_tried():
    missing = [name for name, call in _public_callables().items() if call not in CALLS]
    assert missing == [], "give each of them arguments in CALLS"


@pytest.mark.parametrize("call", CALLS, ids=_name)
def test_good_arguments_are_taken(call, made):
    assert _outcome(call, CALLS[call](made)) is None


def _failures(call, argument, arguments):
    """Return what is wrong, by the value of the argument. `arguments` makes the others."""
    failures = {}
    for name, make in (ODD | WRONG).items():
        try:
            error = _outcome(call, arguments() | {argument: make()})
        except Exception as failure:
            failures[name] = f"{type(failure).__name__}: {failure}"[:200]
            continue
        # A tuple of results holds whatever it is given.
        if name in WRONG and not issubclass(getattr(call, "__base__", object), tuple):
            if error is None:
                failures[name] = "is accepted"
            elif argument not in str(error):
                failures[name] = f"is refused, but {argument} is not named: {error}"[:200]
    return failures


@pytest.mark.parametrize(
    ("call", "argument"), ARGUMENTS, ids=[f"{_name(c)}-{a}" for c, a in ARGUMENTS]
)
def test_a_bad_argument_is_refused_by_name_and_never_ends_in_a_traceback(call, argument, made):
    assert _failures(call, argument, lambda: CALLS[call](made)) == {}


@pytest.mark.parametrize(("kind", "option"), [(k, o) for k in OPTIONS for o in OPTIONS[k]])
def test_a_bad_option_of_a_control_is_refused_by_name(kind, option):
    arguments = {"kind": kind, "n_syllables": 3}
    assert _failures(continuum.simulate_control, option, lambda: arguments) == {}


def test_a_bad_argument_is_refused_before_anything_is_written(made):
    with refused("path is 3"):
        made.explorer.save(3)
    for call, argument in ARGUMENTS:
        with contextlib.suppress(usvlib.UsvError):
            call(**CALLS[call](made) | {argument: object()})
    assert list(Path.cwd().iterdir()) == []

"""The stages from audio to clusters, each computed once and kept on disk."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import importlib.metadata
import importlib.util
import os
import sys
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ._engine import mel_filters
from ._shared import (
    UsvError,
    UsvWarning,
    atomic_path,
    check_type,
    imported_modules,
    in_words,
    syntax_digest,
)
from .clustering import Clusters, cluster
from .data import (
    NAMES,
    Recording,
    cache_dir,
    default_name,
    load_recordings,
    mark_used,
    trim_cache,
)
from .embedding import MIN_SYLLABLES, embed
from .measures import syllable_measures
from .normalisation import normalise
from .recipe import ORIGINAL, Recipe, load_recipe
from .spectrograms import SyllableSpectrograms, as_recordings, syllable_spectrograms

if TYPE_CHECKING:
    import pandas

PACKAGE = Path(__file__).parent
# As imported: the files may be edited while a notebook's kernel still runs the old code.
SOURCES = {path: path.read_bytes() for path in PACKAGE.rglob("*.py")}


@dataclasses.dataclass(frozen=True)
class Stage:
    """What the numbers of a stage depend on, besides the recordings and the stage before."""

    module: str
    fields: tuple[str, ...]  # of the recipe
    packages: tuple[str, ...]
    arrays: tuple[str, ...]  # without these, a file of the stage is damaged
    before: str | None = None


STAGES = {
    "spectrograms": Stage(
        "spectrograms",
        ("n_fft", "hop_s", "n_mels", "low_hz", "high_hz", "crop"),
        ("librosa", "numba", "numpy", "scipy", "soundfile"),
        (*(field.name for field in dataclasses.fields(SyllableSpectrograms)), "n_frames"),
    ),
    "measures": Stage("measures", (), ("numba", "numpy"), ("duration_ms",), "spectrograms"),
    "features": Stage(
        "normalisation",
        ("threshold", "time_scaling", "centre_halfwidth"),
        ("numpy", "pillow"),
        ("features",),
        "spectrograms",
    ),
    "coordinates": Stage(
        "embedding",
        ("n_neighbors", "min_dist", "embedding_seed"),
        ("numba", "numpy", "scikit-learn", "umap-learn"),
        ("coordinates",),
        "features",
    ),
    "clusters": Stage(
        "clustering",
        ("n_clusters", "clustering_seed"),
        ("numpy", "scikit-learn"),
        ("labels", "centroids"),
        "coordinates",
    ),
}


def open_study(
    source: str | os.PathLike | list | None = None,
    recipe: Recipe | None = None,
    annotations: str | os.PathLike | None = None,
    channel: int | None = None,
    samplerate_hz: float | None = None,
) -> Study:
    """Open a study of the recordings that a name, a path, a pattern or a list stands for.

    Parameters
    ----------
    source, annotations, channel, samplerate_hz
        See `load_recordings`.
    recipe : Recipe, optional
        By default the recipe that `$USVLIB_RECIPE` names, else the tutorial's.

    Returns
    -------
    Study

    Raises
    ------
    UsvError
        See `load_recordings` and `load_recipe`.

    Examples
    --------
    >>> import usvlib
    >>> study = usvlib.open_study("simulated")
    >>> print(study)
    simulated: 1,600 syllables in 7.5 min, sampled at 300 kHz
    made from one continuous repertoire, without types
    recipe tutorial: keeps 47 to 134 kHz
    """
    if recipe is None:
        named = os.environ.get("USVLIB_RECIPE")
        recipe = load_recipe(named) if named else ORIGINAL
    check_type("recipe", recipe, Recipe)
    recordings = load_recordings(source, annotations, channel, samplerate_hz)
    source = default_name() if source is None else source
    if isinstance(source, (str, os.PathLike)):
        # A file by its name alone: pages do not show where it lies on one machine.
        name = str(source) if source in NAMES else Path(source).name
    else:
        name = f"{len(recordings)} recordings"
    return Study(name, recipe, tuple(recordings))


@dataclasses.dataclass(frozen=True, eq=False)
class Study:
    """Recordings, and the stages from them to their clusters.

    Each stage is computed when it is first used, and kept on disk under a digest of what it depends
    on: the code of the modules that it uses, installed versions, fields of the recipe, the
    recordings, and the stage before. It is computed again if one of them has changed, and read from
    disk otherwise.

    Attributes
    ----------
    name : str
    recipe : Recipe
    recordings : tuple of Recording
    spectrograms : SyllableSpectrograms
    measures : pandas.DataFrame, one row per syllable
    features : float32 array [n_syllables, n_bands, n_frames]
    coordinates : float64 array [n_syllables, 2]
        NaN for a blank syllable, and for all syllables if fewer than 4 are not blank.
    clusters : Clusters

    Examples
    --------
    >>> import usvlib
    >>> recording = usvlib.simulate_recording(n_syllables=6)
    >>> study = usvlib.Study("six", usvlib.ORIGINAL, (recording,))
    >>> study.features.shape[:2], len(study.measures)
    ((6, 40), 6)
    """

    name: str
    recipe: Recipe
    recordings: tuple[Recording, ...]

    def __post_init__(self) -> None:
        recordings = tuple(as_recordings(self.recordings))
        check_type("recipe", self.recipe, Recipe)
        check_type("name", self.name, str)
        object.__setattr__(self, "recordings", recordings)

    def __str__(self) -> str:
        n = sum(recording.n_syllables for recording in self.recordings)
        duration_s = sum(recording.duration_s for recording in self.recordings)
        length = f"{duration_s:.1f} s" if duration_s < 120 else f"{duration_s / 60:.1f} min"
        rates_hz = {r.samplerate_hz: None for r in self.recordings}
        rates = " and ".join(f"{rate / 1000:g}" for rate in rates_hz)
        files = f"{len(self.recordings)} files, " if len(self.recordings) > 1 else ""
        lines = [f"{self.name}: {files}{n:,} syllables in {length}, sampled at {rates} kHz"]
        truths = [recording.truth for recording in self.recordings if recording.truth]
        n_types = max((truth.syllables.type.nunique() for truth in truths), default=0)
        if n_types == 1:
            lines.append("made from one continuous repertoire, without types")
        elif n_types:
            lines.append(f"made from {n_types} types")
        low, high = (f"{khz:.0f}" if khz >= 10 else f"{khz:.2g}" for khz in self.kept_khz)
        lines.append(f"recipe {self.recipe}: keeps {low} to {high} kHz")
        return "\n".join(lines)

    @property
    def kept_khz(self) -> tuple[float, float]:
        """Centre frequencies of the lowest and the highest band that the recipe keeps, in kHz."""
        filters = mel_filters(self.recordings[0].samplerate_hz, self.recipe)
        low_hz, *_, high_hz = np.repeat(filters.frequencies_hz[self.recipe.bands], 2)
        return float(low_hz) / 1000, float(high_hz) / 1000

    @functools.cached_property
    def spectrograms(self) -> SyllableSpectrograms:
        """The spectrogram of each syllable (chapter 2)."""
        fields = [f.name for f in dataclasses.fields(SyllableSpectrograms)]

        def compute():
            spectrograms = syllable_spectrograms(list(self.recordings), self.recipe)
            arrays = {name: getattr(spectrograms, name) for name in fields}
            n_bands = len(spectrograms.frequencies_hz)
            empty = np.zeros((n_bands, 0), np.float32)  # for recordings without syllables
            arrays["spectrograms"] = np.concatenate([empty, *spectrograms.spectrograms], axis=1)
            return arrays | {"n_frames": spectrograms.n_frames}

        arrays = self._stage("spectrograms", compute)
        ends = np.cumsum(arrays.pop("n_frames"), dtype=int)
        split = np.split(arrays["spectrograms"], ends, axis=1)
        arrays["spectrograms"] = split[: len(ends)]
        arrays["hop_s"] = float(arrays["hop_s"])
        return SyllableSpectrograms(**arrays)

    @functools.cached_property
    def measures(self) -> pandas.DataFrame:
        """A table of measures, one row per syllable (chapter 2)."""
        import pandas

        def compute():
            table = syllable_measures(self.spectrograms)
            return {column: table[column].to_numpy() for column in table}

        return pandas.DataFrame(self._stage("measures", compute))

    @functools.cached_property
    def features(self) -> np.ndarray:
        """Normalised spectrograms of one size (chapter 3)."""
        return self._stage(
            "features", lambda: {"features": normalise(self.spectrograms, self.recipe)}
        )["features"]

    @functools.cached_property
    def coordinates(self) -> np.ndarray:
        """The place of each syllable on the map (chapter 4)."""

        def compute():
            n = int(self.features.any(axis=(1, 2)).sum())
            if n < MIN_SYLLABLES:
                warnings.warn(
                    f"there is no map: {n} syllables are not blank, and a map needs at least "
                    f"{MIN_SYLLABLES}",
                    UsvWarning,
                    stacklevel=2,
                )
                return {"coordinates": np.full((len(self.features), 2), np.nan)}
            return {"coordinates": embed(self.features, self.recipe)}

        return self._stage("coordinates", compute)["coordinates"]

    @functools.cached_property
    def clusters(self) -> Clusters:
        """The clusters of the syllables on the map (chapter 5)."""

        def compute():
            clusters = cluster(self.coordinates, self.recipe)
            return {"labels": clusters.labels, "centroids": clusters.centroids}

        return Clusters(**self._stage("clusters", compute))

    def stage_path(self, name: str) -> Path:
        """Return the file in which a stage is kept, whether or not it is there.

        Parameters
        ----------
        name : str
            One of `"spectrograms"`, `"measures"`, `"features"`, `"coordinates"`, `"clusters"`.

        Returns
        -------
        Path

        Raises
        ------
        UsvError
            If there is no such stage.
        """
        if not isinstance(name, str) or name not in STAGES:
            raise UsvError(f"name is {in_words(name)}; it must be one of {', '.join(STAGES)}")
        return cache_dir() / "stages" / name / f"{self._digest(name)}.npz"

    def _digest(self, name):
        """Return the digest of what a stage depends on: 16 hexadecimal digits."""
        stage = STAGES[name]
        digest = hashlib.sha256()
        if stage.before:
            digest.update(self._digest(stage.before).encode())
        else:
            for recording in self.recordings:
                digest.update(f"{recording.name}\n{recording.fingerprint}\n".encode())
        digest.update(_code_digest(self._modules(name)).encode())
        digest.update(repr([getattr(self.recipe, field) for field in stage.fields]).encode())
        for package in stage.packages:
            digest.update(f"{package}={importlib.metadata.version(package)}\n".encode())
        return digest.hexdigest()[:16]

    def _modules(self, name):
        """Return the module of a stage, and for the first stage those that give the samples."""
        modules = {PACKAGE / f"{STAGES[name].module}.py"}
        if STAGES[name].before is None:
            for recording in self.recordings:
                for kind in (type(recording), type(recording.source)):
                    modules.add(Path(getattr(sys.modules[kind.__module__], "__file__", "")))
        return frozenset(modules & SOURCES.keys())

    def _stage(self, name: str, compute: Callable[[], dict]) -> dict:
        """Return the arrays of a stage, from disk, or computed and kept there with its warnings.

        Two processes may compute the same stage at once: each writes a file of its own, and the
        last to finish gives it the final name.
        """
        path = self.stage_path(name)
        arrays = _read(path, STAGES[name].arrays) if path.is_file() else None
        if arrays is None:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always", UsvWarning)
                arrays = compute()
            ours = [w for w in caught if issubclass(w.category, UsvWarning)]
            for other in (w for w in caught if w not in ours):
                warnings.showwarning(other.message, other.category, other.filename, other.lineno)
            arrays["warnings"] = np.array([str(w.message) for w in ours], dtype=str)
            if _unchanged(self._modules(name)):
                _write(path, arrays)
        for message in arrays.pop("warnings").tolist():
            warnings.warn(message, UsvWarning, stacklevel=4)
        return arrays


def _read(path, needed):
    """Return the arrays of a stage, or None if the file is damaged."""
    try:
        with np.load(path, allow_pickle=False) as npz:
            arrays = {key: npz[key] for key in npz.files}
        if missing := [key for key in (*needed, "warnings") if key not in arrays]:
            raise ValueError(f"it has no array {missing[0]}")
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        warnings.warn(
            f"{path} is damaged ({error}), and is computed again", UsvWarning, stacklevel=5
        )
        return None
    mark_used(path)
    return arrays


def _write(path, arrays):
    """Keep the arrays of a stage on disk, and the cache within its limit."""
    try:
        with atomic_path(path) as partial:
            np.savez(partial, **arrays)
    except UsvError as error:
        warnings.warn(
            f"{error}; the stage will be computed again the next time", UsvWarning, stacklevel=5
        )
    else:
        trim_cache()


def _unchanged(modules):
    """Return whether the modules, and all that they import, are on disk as they were imported."""
    paths = imported_modules(modules, SOURCES)
    return all(path.is_file() and path.read_bytes() == SOURCES[path] for path in paths)


@functools.cache
def _code_digest(modules):
    return syntax_digest(imported_modules(modules, SOURCES), SOURCES)

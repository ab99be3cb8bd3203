"""The stages from audio to clusters, each computed once and kept on disk."""

import dataclasses
import functools
import hashlib
import importlib.metadata
import zipfile
from pathlib import Path

import numpy as np

from ._shared import atomic_path
from .clustering import Clusters, cluster
from .data import NAMES, cache_dir, default_name, load_recordings
from .embedding import FEWEST_SYLLABLES, embed
from .measures import syllable_measures
from .normalisation import normalise
from .recipe import ORIGINAL
from .spectrograms import SyllableSpectrograms, syllable_spectrograms

PACKAGE = Path(__file__).parent

# What a stage's numbers depend on, besides our own code.
COMPUTED_WITH = (
    "librosa",
    "numba",
    "numpy",
    "pillow",
    "scikit-learn",
    "scipy",
    "soundfile",
    "umap-learn",
)


def open_study(name=None, recipe=ORIGINAL):
    """A study of the recordings that a name or path means; see `load_recordings`.

    Parameters
    ----------
    name : str or path, optional
    recipe : Recipe

    Returns
    -------
    Study
    """
    name = str(name or default_name())
    # A file by its name alone: where it lies on one machine is nothing for a page.
    label = name if name in NAMES else Path(name).name
    return Study(label, recipe, tuple(load_recordings(name)))


@dataclasses.dataclass(frozen=True, eq=False)
class Study:
    """Recordings and the stages of the way to their clusters, each computed when first asked for.

    A stage is read from disk where it was computed before with the same source code, locked
    dependencies, recipe and recordings: their digest names the folder that holds it.

    Attributes
    ----------
    name : str
    recipe : Recipe
    recordings : tuple of Recording
    spectrograms : SyllableSpectrograms
    measures : pandas.DataFrame, one row a syllable
    features : float32 array [n_syllables, n_bands, n_frames]
    coordinates : float64 array [n_syllables, 2]
        NaN for a blank syllable; for all of them where fewer than 4 are not blank.
    clusters : Clusters
    """

    name: str
    recipe: object
    recordings: tuple

    def __str__(self):
        n = sum(recording.n_syllables for recording in self.recordings)
        duration_s = sum(recording.duration_s for recording in self.recordings)
        length = f"{duration_s:.1f} s" if duration_s < 120 else f"{duration_s / 60:.1f} min"
        rates = " and ".join(f"{r / 1000:g}" for r in {r.samplerate_hz for r in self.recordings})
        files = f"{len(self.recordings)} files, " if len(self.recordings) > 1 else ""
        line = f"{self.name}: {files}{n:,} syllables in {length}, sampled at {rates} kHz"
        truths = [recording.truth for recording in self.recordings if recording.truth]
        n_types = max((truth.syllables.type.nunique() for truth in truths), default=0)
        made_of = {0: "", 1: "\n(made of one continuous repertoire, without types)"}
        return line + made_of.get(n_types, f"\n(made of {n_types} types)")

    @functools.cached_property
    def digest(self):
        """Hexadecimal digest of all that the stages depend on."""
        digest = hashlib.sha256(CODE_DIGEST.encode())
        digest.update(repr(self.recipe).encode())
        for recording in self.recordings:
            digest.update(f"{recording.name}\n{recording.fingerprint}\n".encode())
        return digest.hexdigest()[:16]

    @property
    def folder(self):
        """Where the stages are kept."""
        return cache_dir() / "studies" / self.digest

    @functools.cached_property
    def spectrograms(self):
        fields = [f.name for f in dataclasses.fields(SyllableSpectrograms)]

        def compute():
            spectrograms = syllable_spectrograms(list(self.recordings), self.recipe)
            arrays = {name: getattr(spectrograms, name) for name in fields}
            arrays["spectrograms"] = np.concatenate(spectrograms.spectrograms, axis=1)
            return arrays | {"n_frames": spectrograms.n_frames}

        arrays = self._stage("spectrograms", compute)
        ends = np.cumsum(arrays.pop("n_frames"))[:-1]
        arrays["spectrograms"] = np.split(arrays["spectrograms"], ends, axis=1)
        arrays["hop_s"] = float(arrays["hop_s"])
        return SyllableSpectrograms(**arrays)

    @functools.cached_property
    def measures(self):
        import pandas

        def compute():
            table = syllable_measures(self.spectrograms)
            return {column: table[column].to_numpy() for column in table}

        return pandas.DataFrame(self._stage("measures", compute))

    @functools.cached_property
    def features(self):
        return self._stage(
            "features", lambda: {"features": normalise(self.spectrograms, self.recipe)}
        )["features"]

    @functools.cached_property
    def coordinates(self):
        def compute():
            n = int(self.features.any(axis=(1, 2)).sum())
            if n < FEWEST_SYLLABLES:
                print(
                    f"no map: {n} syllables that are not blank, and {FEWEST_SYLLABLES} are needed"
                )
                return {"coordinates": np.full((len(self.features), 2), np.nan)}
            return {"coordinates": embed(self.features, self.recipe)}

        return self._stage("coordinates", compute)["coordinates"]

    @functools.cached_property
    def clusters(self):
        def compute():
            clusters = cluster(self.coordinates, self.recipe)
            return {"labels": clusters.labels, "centroids": clusters.centroids}

        return Clusters(**self._stage("clusters", compute))

    def _stage(self, name, compute):
        """The arrays of a stage, from disk or computed and kept there.

        Two processes may compute the same stage at once: each writes a file of its own, and the
        last to finish gives it the final name.
        """
        path = self.folder / f"{name}.npz"
        if path.is_file():
            try:
                return _read(path)
            except (OSError, ValueError, EOFError, zipfile.BadZipFile):
                print(f"{path} is damaged, and computed anew")
        arrays = compute()
        if code_digest() != CODE_DIGEST:  # an edit since: not to be stored under either's name
            return arrays
        with atomic_path(path) as partial:
            np.savez(partial, **arrays)
        return _read(path)


def _read(path):
    with np.load(path, allow_pickle=False) as npz:
        return {key: npz[key] for key in npz.files}


def code_digest():
    """Digest of the sources, of what is installed and, in a checkout, of the lock file."""
    digest = hashlib.sha256()
    lock = PACKAGE.parent / "requirements.txt"
    sources = sorted(path for path in PACKAGE.rglob("*") if path.suffix in (".py", ".mplstyle"))
    for path in [*sources, lock]:
        if path.is_file():
            name = path.relative_to(PACKAGE.parent).as_posix()
            digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    for name in COMPUTED_WITH:
        digest.update(f"{name}={importlib.metadata.version(name)}\n".encode())
    return digest.hexdigest()


# As imported: the files may be edited while a notebook's kernel still runs the old code.
CODE_DIGEST = code_digest()

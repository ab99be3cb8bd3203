"""Check that the arguments of `explore` describe the same syllables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .._shared import UsvError
from ..clustering import Clusters
from ..spectrograms import SyllableSpectrograms, as_recordings

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas

    from ..data import Recording

# The columns of `syllable_measures` that the explorer shows.
MEASURES = ("duration_ms", "mean_frequency_khz", "slope_khz_per_ms", "onset_s")


def check_recordings(
    recordings: Recording | Iterable[Recording] | None, spectrograms: SyllableSpectrograms
) -> list[Recording]:
    """Return the recordings as a list, empty for None; they must be those of the spectrograms."""
    if recordings is None:
        return []
    recordings = as_recordings(recordings)
    n_recordings = len(spectrograms.noise_floor)
    if len(recordings) != n_recordings:
        raise UsvError(
            f"recordings has {len(recordings)} recordings, spectrograms has {n_recordings}; they "
            "must match"
        )
    for index, recording in enumerate(recordings):
        expected_s = spectrograms.onset_s[spectrograms.recording_index == index]
        onset_s = recording.onsets / recording.samplerate_hz
        if len(onset_s) != len(expected_s) or not np.allclose(onset_s, expected_s, 0, 1e-6):
            raise UsvError(
                f"recordings[{index}] is {recording.name}, and its syllables are not those of the "
                "spectrograms; recordings must be in the same order as in syllable_spectrograms"
            )
    return recordings


def check_lengths(
    spectrograms: SyllableSpectrograms, coordinates: np.ndarray, clusters: Clusters
) -> None:
    """Raise a `UsvError` unless all arguments have equally many syllables."""
    for argument, values in (("coordinates", coordinates), ("clusters", clusters.labels)):
        _check_length(argument, values, spectrograms)


def _check_length(argument, values, spectrograms):
    """Raise a `UsvError` unless there is one value per syllable."""
    if len(values) != len(spectrograms):
        raise UsvError(
            f"{argument} has {len(values)} syllables, spectrograms has {len(spectrograms)}; they "
            "must match"
        )


def check_clusters(clusters: Clusters, coordinates: np.ndarray) -> None:
    """Raise a `UsvError` unless the clusters are those of the coordinates, and there is one."""
    rule = "pass the clusters that cluster(coordinates) returned"
    labels, centroids = clusters.labels, clusters.centroids
    on_map = np.isfinite(coordinates).all(axis=1)
    if (bad := np.flatnonzero(on_map != (labels >= 0))).size:
        where = (
            "on the map and in no cluster"
            if on_map[bad[0]]
            else "in a cluster, but its coordinates are NaN"
        )
        raise UsvError(f"syllable {bad[0]} is {where}; {rule}")
    if not on_map.any():
        raise UsvError("coordinates has no syllable on the map; at least one is needed")
    used = np.unique(labels[on_map])
    if not np.array_equal(used, range(len(centroids))):
        raise UsvError(f"clusters has {len(centroids)} centroids and the labels {used}; {rule}")
    for label, centroid in enumerate(centroids):
        if not np.allclose(coordinates[labels == label].mean(axis=0), centroid):
            raise UsvError(
                f"the centroid of cluster {label} is {centroid}, but its syllables have the mean "
                f"{coordinates[labels == label].mean(axis=0)}; {rule}"
            )


def check_measures(
    measures: pandas.DataFrame, spectrograms: SyllableSpectrograms
) -> pandas.DataFrame:
    """Return the columns that the explorer shows; they must be of the same syllables."""
    try:
        table = measures[list(MEASURES)].astype(float)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise UsvError(
            f"measures is of type {type(measures).__name__}; it must be a table of numbers with "
            f"the columns {', '.join(MEASURES)}, as syllable_measures returns it"
        ) from error
    _check_length("measures", table, spectrograms)
    same = np.isclose(table.onset_s, spectrograms.onset_s, rtol=0, atol=1e-6)
    if (bad := np.flatnonzero(~same)).size:
        raise UsvError(
            f"syllable {bad[0]} begins at {table.onset_s.iloc[bad[0]]} s in measures, and at "
            f"{spectrograms.onset_s[bad[0]]} s in the spectrograms; they must be of the same "
            "syllables, in the same order"
        )
    return table

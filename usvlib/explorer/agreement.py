"""What is shown of the same syllables must be of the same syllables."""

import numpy as np

from .._shared import UsvError
from ..clustering import Clusters
from ..data import Recording
from ..spectrograms import SyllableSpectrograms

# Of `syllable_measures`, what the page shows.
MEASURES = ("duration_ms", "mean_frequency_khz", "slope_khz_per_ms", "onset_s")


def check_types(spectrograms, clusters):
    """They are easily given in another order."""
    if not isinstance(spectrograms, SyllableSpectrograms):
        raise _other_type("spectrograms", spectrograms, "SyllableSpectrograms")
    if not isinstance(clusters, Clusters):
        raise _other_type("clusters", clusters, "Clusters")


def _other_type(argument, value, wanted):
    return UsvError(f"{argument} is a {type(value).__name__}; it must be a {wanted}")


def check_recordings(recordings, spectrograms):
    """The recordings as a list, or None; they must be those of the spectrograms."""
    if recordings is None:
        return None
    recordings = list(recordings) if isinstance(recordings, (list, tuple)) else [recordings]
    for recording in recordings:
        if not isinstance(recording, Recording):
            raise _other_type("recordings", recording, "Recording, or a list of them")
    n_recordings = len(spectrograms.noise_floor)
    if len(recordings) != n_recordings:
        raise UsvError(
            f"recordings has {len(recordings)} recordings, and the spectrograms are of "
            f"{n_recordings}; they must go together"
        )
    for index, recording in enumerate(recordings):
        onset_s = spectrograms.onset_s[spectrograms.recording_index == index]
        there = recording.onsets / recording.samplerate_hz
        if len(there) != len(onset_s) or not np.allclose(there, onset_s, rtol=0, atol=1e-6):
            raise UsvError(
                f"recordings[{index}] is {recording.name}, and its syllables are not those of the "
                "spectrograms; they must go together"
            )
    return recordings


def check_lengths(spectrograms, measures, coordinates, clusters):
    """All must be of as many syllables."""
    n = len(spectrograms)
    for argument, length in (
        ("measures", len(measures)),
        ("coordinates", len(coordinates)),
        ("clusters", len(clusters.labels)),
    ):
        if length != n:
            raise UsvError(
                f"{argument} is of {length} syllables, and the spectrograms are of {n}; "
                "they must go together"
            )


def check_clusters(clusters, coordinates):
    """They must be those of the coordinates, and there must be one."""
    rule = "clusters must be those of the coordinates, as cluster(coordinates) gives them"
    labels, centroids = clusters.labels, clusters.centroids
    on_map = np.isfinite(coordinates).all(axis=1)
    if labels.dtype.kind not in "iu":
        raise UsvError(f"clusters has labels of type {labels.dtype}; they must be integers")
    if (bad := np.flatnonzero(on_map != (labels >= 0))).size:
        where = "on the map and in no cluster" if on_map[bad[0]] else "in a cluster and off the map"
        raise UsvError(f"syllable {bad[0]} is {where}; {rule}")
    if not on_map.any():
        raise UsvError("coordinates has no syllable on the map; at least one is needed")
    if not np.array_equal(np.unique(labels[on_map]), np.arange(len(centroids))):
        raise UsvError(
            f"clusters has {len(centroids)} centroids, and its labels are "
            f"{np.unique(labels[on_map])}; {rule}"
        )
    for label, centroid in enumerate(centroids):
        if not np.allclose(coordinates[labels == label].mean(axis=0), centroid):
            raise UsvError(f"the centroid of cluster {label} is not its members' mean; {rule}")


def check_measures(measures, spectrograms):
    """The columns that the page shows, as numbers; they must be of the same syllables."""
    try:
        measures = measures[list(MEASURES)].astype(float)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise UsvError(
            f"measures must be a table of numbers with columns {', '.join(MEASURES)}, as "
            "syllable_measures gives it"
        ) from error
    there = np.isclose(measures.onset_s, spectrograms.onset_s, rtol=0, atol=1e-6)
    if (bad := np.flatnonzero(~there)).size:
        raise UsvError(
            f"syllable {bad[0]} begins at {measures.onset_s.iloc[bad[0]]} s in measures, and at "
            f"{spectrograms.onset_s[bad[0]]} s in the spectrograms; they must be of the same "
            "syllables, in the same order"
        )
    return measures

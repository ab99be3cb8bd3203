"""The noise floor of recordings: the tutorial's median, with three exceptions.

The tutorial takes the median of each band over all frames. We do the same for a band that holds
noise most of the time. Frames of digital silence are ignored. A band that calls fill most of the
time takes its floor from outside the syllables. A band without any recorded noise is left out. A
note names each band of the last two kinds.
"""

from __future__ import annotations

import numpy as np

from .._shared import UsvError
from .noisefloor import LogHistogram

# A band is plainly a call's if its median is this much above that outside of syllables (12 dB).
# Sweeping calls that fill two thirds of the time raise the median by less.
CAPTURED_RATIO = 4.0
MIN_OUTSIDE_FRAMES = 20
# Resampling leaves bands empty above the old limit: 35 dB and more below the lowest bands. The
# noise of a recorder does not fall off so steeply.
EMPTY_RATIO = 10 ** (-35 / 20)


class NoiseCounts:
    """Count the amplitudes of one recording, apart for frames inside and outside of syllables.

    Frames of digital silence, in which every band is 0, are not counted.

    Parameters
    ----------
    n_bands : int

    Examples
    --------
    >>> counts = NoiseCounts(n_bands=2)
    >>> counts.add(np.float32([[1, 0, 5], [1, 0, 1]]), np.array([False, False, True]))
    >>> counts.n_outside, counts.n_inside
    (1, 1)
    """

    def __init__(self, n_bands: int) -> None:
        self.inside, self.outside = LogHistogram(n_bands), LogHistogram(n_bands)
        self.n_inside = self.n_outside = 0

    def add(self, amplitudes: np.ndarray, in_syllables: np.ndarray) -> None:
        """Count amplitudes: float32 array [n_bands, n_frames], and whether frames are in syllables.

        Parameters
        ----------
        amplitudes : float32 array [n_bands, n_frames]
        in_syllables : bool array [n_frames]
        """
        recorded = amplitudes[0] > 0
        if not recorded.all():  # which is rare
            recorded = amplitudes.any(axis=0)
        inside = np.flatnonzero(recorded & in_syllables)
        outside = np.flatnonzero(recorded & ~in_syllables)
        self.n_inside += len(inside)
        self.n_outside += len(outside)
        for histogram, frames in ((self.inside, inside), (self.outside, outside)):
            if len(frames):
                histogram.add(amplitudes, frames)

    def median(self) -> np.ndarray:
        """Return the median of each band over all frames: float64 array [n_bands]."""
        return self.inside.merged(self.outside).median()


def noise_floors(
    counts: list[NoiseCounts], names: list[str], frequencies_hz: np.ndarray
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Return the noise floor of each recording, its empty bands, and notes on what was changed.

    Parameters
    ----------
    counts : list of NoiseCounts
        One per recording.
    names : list of str
    frequencies_hz : float64 array [n_bands]

    Returns
    -------
    floors : float64 array [n_recordings, n_bands]
    empty : bool array [n_recordings, n_bands]
        Bands without any recorded noise.
    notes : list of str

    Raises
    ------
    UsvError
        If a recording holds nothing but digital silence.
    """
    for one, name in zip(counts, names, strict=True):
        if not one.n_inside + one.n_outside:
            raise UsvError(
                f"{name}: all samples are 0. There is no noise that syllables could be compared "
                "with; is it the right channel?"
            )
    floors = np.array([one.median() for one in counts])
    outside = np.array(
        [
            one.outside.median() if one.n_outside >= MIN_OUTSIDE_FRAMES else np.full(len(floor), 0)
            for one, floor in zip(counts, floors, strict=True)
        ]
    )
    notes = []
    known = (outside > 0).any(axis=1)
    # A recording that one call fills has no noise of its own; we use that of the others.
    others = np.median(outside[known], axis=0) if known.any() else np.zeros(floors.shape[1])
    for i, name in enumerate(names):
        quiet, where = (outside[i], "outside of syllables") if known[i] else (others, "of others")
        captured = (quiet > 0) & (floors[i] > CAPTURED_RATIO * quiet)
        if captured.any():
            floors[i, captured] = quiet[captured]
            notes.append(
                f"{name}: calls fill {_span(captured, frequencies_hz)} for most of the time; the "
                f"noise floor there is that {where}"
            )
    usual = np.median(floors[:, : max(floors.shape[1] // 4, 1)], axis=1, keepdims=True)
    empty = floors <= EMPTY_RATIO * usual
    for name, bands in zip(names, empty, strict=True):
        if bands.any():
            notes.append(
                f"{name}: {_span(bands, frequencies_hz)} hold no recorded noise and are left out"
            )
    return floors, empty, notes


def _span(bands, frequencies_hz):
    """Return bands in words, such as `5 bands (60.1 to 63 kHz)`."""
    low, high = frequencies_hz[np.flatnonzero(bands)[[0, -1]]] / 1000
    n = int(bands.sum())
    return f"{n} band{'s' * (n != 1)} ({low:.3g} to {high:.3g} kHz)"

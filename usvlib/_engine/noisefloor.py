"""The median of each band over a recording of any length, in constant memory."""

from __future__ import annotations

import numpy as np

# The key of a bin is the upper bits of a positive float32: its exponent and 11 bits of mantissa.
# Such bins are logarithmic and at most 1/2048 wide, which bounds the error of a median. Narrower
# bins would not fit into a core's cache, where counting takes a fraction of the time.
SHIFT = 23 - 11


class LogHistogram:
    """Count amplitudes in logarithmic bins, band by band.

    Parameters
    ----------
    n_bands : int

    Examples
    --------
    >>> histogram = LogHistogram(n_bands=1)
    >>> histogram.add(np.float32([[1, 2, 3, 4, 100]]))
    >>> bool(abs(histogram.median()[0] / 3 - 1) < 1 / 2048)
    True
    """

    def __init__(self, n_bands: int) -> None:
        self.lowest = 0  # key of the first bin, once there is one
        # Each count modulo 256, in an array that fits into the cache, and the rest of it.
        self.units = np.zeros((n_bands, 0), np.uint8)
        self.carried = np.zeros((n_bands, 0), np.uint32)
        self.n_zeros = np.zeros(n_bands, np.int64)

    def add(self, amplitudes: np.ndarray, frames: np.ndarray | None = None) -> None:
        """Count amplitudes.

        Parameters
        ----------
        amplitudes : float32 array [n_bands, n_frames]
            Not negative.
        frames : int64 array, optional
            Numbers of the frames that count. By default all of them do.
        """
        from .kernels import count_keys, key_range

        first, last = key_range(amplitudes, SHIFT)
        if first <= last:
            self._make_room(first, last)
        frames = np.arange(amplitudes.shape[1]) if frames is None else frames
        counted = self.units, self.carried, self.n_zeros
        count_keys(amplitudes, frames, self.lowest, SHIFT, *counted)

    def merged(self, other: LogHistogram) -> LogHistogram:
        """Return a histogram of what both have counted."""
        both = LogHistogram(len(self.n_zeros))
        for one in (self, other):
            if n_bins := one.units.shape[1]:
                both._make_room(one.lowest, one.lowest + n_bins - 1)
                first = one.lowest - both.lowest
                both.carried[:, first : first + n_bins] += one.counts
            both.n_zeros += one.n_zeros
        return both

    @property
    def counts(self) -> np.ndarray:
        """Number of amplitudes in each bin: uint32 array [n_bands, n_bins]."""
        return self.carried + self.units

    def median(self) -> np.ndarray:
        """Return the median of all amplitudes that were counted: float64 array [n_bands].

        Values are taken to be spread evenly within each bin.
        """
        counts = self.counts
        return np.array([self._median_of(*band) for band in zip(counts, self.n_zeros, strict=True)])

    def _median_of(self, counts, n_zeros):
        """Return the median of one band."""
        cumulative = n_zeros + counts.cumsum(dtype=np.int64)
        n = cumulative[-1] if len(cumulative) else n_zeros
        values = []
        for rank in ((n - 1) // 2, n // 2):
            if rank < n_zeros:
                values.append(0.0)
                continue
            i = np.searchsorted(cumulative, rank, side="right")
            edges = np.array([self.lowest + i, self.lowest + i + 1], np.uint32) << SHIFT
            lower, upper = edges.view(np.float32).astype(np.float64)
            share = (rank - (cumulative[i] - counts[i]) + 0.5) / counts[i]
            values.append(lower + share * (upper - lower))
        return np.mean(values)

    def _make_room(self, first, last):
        """Extend the bins to keys `first` to `last`, by whole octaves, so that they seldom grow."""
        octave = 1 << (23 - SHIFT)
        first, last = first // octave * octave, (last // octave + 1) * octave
        n_bins = self.units.shape[1]
        if not n_bins:
            self.lowest = first
        below = max(self.lowest - first, 0)
        above = max(last - self.lowest - n_bins, 0)
        if below or above:
            self.units = np.pad(self.units, ((0, 0), (below, above)))
            self.carried = np.pad(self.carried, ((0, 0), (below, above)))
            self.lowest -= below

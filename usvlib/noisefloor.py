"""The median of each band over a recording of any length, in memory that does not grow with it."""

import numpy as np

# A bin is named by the upper bits of a positive float32: its exponent and 12 bits of mantissa.
# These are ready-made logarithmic bins, at most 1/4096 wide; so is the error of a median.
SHIFT = 23 - 12


class LogHistogram:
    """Counts amplitudes in logarithmic bins, band by band.

    Parameters
    ----------
    n_bands : int
    """

    def __init__(self, n_bands):
        self.lowest = None  # name of the first bin of `counts`
        self.counts = np.zeros((n_bands, 0), np.uint32)
        self.n_zeros = np.zeros(n_bands, np.int64)

    def add(self, amplitudes):
        """Count amplitudes, float32 array [n_frames, n_bands], none negative."""
        from .kernels import count_keys

        self.n_zeros += (amplitudes == 0).sum(axis=0)
        if not amplitudes.any():
            return
        least, most = amplitudes[amplitudes > 0].min(), amplitudes.max()
        first, last = np.array([least, most]).view(np.uint32).astype(np.int64) >> SHIFT
        self._make_room(first, last)
        count_keys(amplitudes, self.lowest, SHIFT, self.counts)

    def median(self):
        """Median of all that was counted: float64 array [n_bands].

        Within a bin, values are taken to be evenly spread.
        """
        return np.array([self._median_of(band) for band in range(len(self.counts))])

    def _median_of(self, band):
        cumulative = self.n_zeros[band] + self.counts[band].cumsum(dtype=np.int64)
        n = cumulative[-1] if len(cumulative) else self.n_zeros[band]
        values = []
        for rank in ((n - 1) // 2, n // 2):
            if rank < self.n_zeros[band]:
                values.append(0.0)
                continue
            i = np.searchsorted(cumulative, rank, side="right")
            count = self.counts[band, i]
            edges = np.array([self.lowest + i, self.lowest + i + 1], np.uint32) << SHIFT
            lower, upper = edges.view(np.float32).astype(np.float64)
            share = (rank - (cumulative[i] - count) + 0.5) / count
            values.append(lower + share * (upper - lower))
        return np.mean(values)

    def _make_room(self, first, last):
        """Let the bins reach from `first` to `last`, by octaves, so that they seldom grow."""
        octave = 1 << (23 - SHIFT)
        first, last = first // octave * octave, (last // octave + 1) * octave
        if self.lowest is None:
            self.lowest = first
        below = max(self.lowest - first, 0)
        above = max(last - self.lowest - self.counts.shape[1], 0)
        if below or above:
            self.counts = np.pad(self.counts, ((0, 0), (below, above)))
            self.lowest -= below

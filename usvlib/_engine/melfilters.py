"""The mel filters of the page, in the form that a fast projection needs."""

import dataclasses
import functools
import warnings

import numpy as np

from .._shared import UsvError
from ..recipe import ORIGINAL


@dataclasses.dataclass(frozen=True, eq=False)
class MelFilters:
    """Triangular filters, stored by what each bin of the Fourier transform feeds.

    A bin lies under at most two triangles: the falling side of one, the rising side of the next.
    """

    roots: np.ndarray  # float32 [2, n_fft], of unity: what the Fourier transform multiplies with
    frequencies_hz: np.ndarray  # [n_mels]
    first_bin: int  # of the Fourier transform, the first that feeds any band
    edges: np.ndarray  # int64 [n_mels + 1]: from one to the next, bins feed a band and the next
    weights: np.ndarray  # float32 [2, n_bins], for the lower of the two bands and the upper

    @property
    def n_fft(self):
        return self.roots.shape[1]


@functools.lru_cache(maxsize=8)
def mel_filters(samplerate_hz, recipe=ORIGINAL):
    """Slaney's mel filters, each of unit area, as the page takes them from librosa.

    Parameters
    ----------
    samplerate_hz : float
    recipe : Recipe
        Uses `n_fft`, `n_mels`, `low_hz` and `high_hz`.

    Returns
    -------
    MelFilters

    Raises
    ------
    UsvError
        If the sampling rate is too low for the range, or a filter too narrow to hold any bin.
    """
    import librosa

    nyquist_hz = samplerate_hz / 2
    high_hz = nyquist_hz if recipe.high_hz is None else recipe.high_hz
    if nyquist_hz <= recipe.low_hz:
        raise UsvError(
            f"a sampling rate of {samplerate_hz} Hz carries frequencies up to {nyquist_hz:g} Hz "
            f"only, and the recipe begins at low_hz={recipe.low_hz:g}; take a recording sampled "
            f"above {2 * recipe.low_hz:g} Hz, or a lower low_hz"
        )
    if not recipe.low_hz < high_hz <= nyquist_hz:
        raise UsvError(
            f"a sampling rate of {samplerate_hz} Hz carries frequencies up to {nyquist_hz:g} Hz; "
            f"the recipe's range, {recipe.low_hz:g} to {high_hz:g} Hz, must lie below that"
        )
    limits = {"fmin": recipe.low_hz, "fmax": high_hz}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of empty filters: they are an error below
        dense = librosa.filters.mel(
            sr=samplerate_hz, n_fft=recipe.n_fft, n_mels=recipe.n_mels, **limits
        )
    frequencies_hz = librosa.mel_frequencies(recipe.n_mels + 2, **limits)[1:-1]
    # At half the sampling rate the last triangle ends, and only rounding leaves it a weight.
    dense[:, (recipe.n_fft + 1) // 2 :] = 0
    if (empty := np.flatnonzero(dense.max(axis=1) == 0)).size:
        raise UsvError(
            f"mel band {empty[0]} ({frequencies_hz[empty[0]] / 1000:.1f} kHz) is narrower than the "
            f"bins of the Fourier transform, {samplerate_hz / recipe.n_fft:.0f} Hz; take fewer "
            f"bands than n_mels={recipe.n_mels}, a longer n_fft than {recipe.n_fft}, or a higher "
            f"sampling rate than {samplerate_hz} Hz"
        )
    fed = np.flatnonzero(dense.any(axis=0))
    dense = dense[:, fed[0] : fed[-1] + 1]
    columns = np.arange(dense.shape[1])
    lower_band = np.maximum.accumulate(dense.astype(bool).argmax(axis=0))
    above = np.vstack([dense, np.zeros_like(dense[:1])])[lower_band + 1, columns]
    angles = -2 * np.pi * np.arange(recipe.n_fft) / recipe.n_fft
    filters = MelFilters(
        roots=np.array([np.cos(angles), np.sin(angles)], np.float32),
        frequencies_hz=frequencies_hz,
        first_bin=int(fed[0]),
        edges=np.searchsorted(lower_band, np.arange(recipe.n_mels + 1)),
        weights=np.stack([dense[lower_band, columns], above]).astype(np.float32),
    )
    for array in (filters.roots, filters.frequencies_hz, filters.edges, filters.weights):
        array.flags.writeable = False  # they are cached, and shared by all who ask
    return filters

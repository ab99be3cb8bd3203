"""Slaney's mel filters, in the form that the compiled loops need."""

from __future__ import annotations

import dataclasses
import functools
import warnings

import numpy as np

from .._shared import UsvError
from ..recipe import ORIGINAL, Recipe


@dataclasses.dataclass(frozen=True, eq=False)
class MelFilters:
    """Triangular filters, stored by the bands that each bin of the Fourier transform feeds.

    A bin lies under at most two triangles: the falling side of one, the rising side of the next.

    Attributes
    ----------
    roots : float32 array [2, n_fft]
        Real and imaginary parts of the roots of unity, the factors of the Fourier transform.
    frequencies_hz : float64 array [n_mels]
        Centre frequency of each band in Hz.
    first_bin : int
        The first bin of the Fourier transform that feeds a band.
    edges : int64 array [n_mels + 1]
        Bins `edges[b]` up to `edges[b + 1]`, counted from `first_bin`, feed bands b and b + 1.
    weights : float32 array [2, n_bins]
        Weights of each bin for the lower of these two bands and for the upper one.
    """

    roots: np.ndarray
    frequencies_hz: np.ndarray
    first_bin: int
    edges: np.ndarray
    weights: np.ndarray

    @property
    def n_fft(self) -> int:
        """Length of the Fourier window in samples."""
        return self.roots.shape[1]


@functools.lru_cache(maxsize=8)
def mel_filters(samplerate_hz: float, recipe: Recipe = ORIGINAL) -> MelFilters:
    """Return Slaney's mel filters, each of unit area, as the tutorial takes them from librosa.

    Parameters
    ----------
    samplerate_hz : float
    recipe : Recipe, default ORIGINAL
        Uses `n_fft`, `n_mels`, `low_hz` and `high_hz`.

    Returns
    -------
    MelFilters

    Raises
    ------
    UsvError
        If the sampling rate is too low for the recipe's range, or a filter holds no bin.

    Examples
    --------
    >>> filters = mel_filters(250_000)
    >>> filters.n_fft, filters.frequencies_hz.shape
    (2048, (128,))
    """
    import librosa

    nyquist_hz = samplerate_hz / 2
    high_hz = nyquist_hz if recipe.high_hz is None else recipe.high_hz
    if nyquist_hz <= recipe.low_hz:
        raise UsvError(
            f"a sampling rate of {samplerate_hz} Hz holds frequencies up to {nyquist_hz:g} Hz, but "
            f"the recipe begins at low_hz={recipe.low_hz:g}; take a recording sampled above "
            f"{2 * recipe.low_hz:g} Hz, or a lower low_hz"
        )
    if not recipe.low_hz < high_hz <= nyquist_hz:
        raise UsvError(
            f"a sampling rate of {samplerate_hz} Hz holds frequencies up to {nyquist_hz:g} Hz; "
            f"the recipe's range, low_hz={recipe.low_hz:g} to high_hz={high_hz:g}, must lie below"
        )
    limits = {"fmin": recipe.low_hz, "fmax": high_hz}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about empty filters, which are an error below
        dense = librosa.filters.mel(
            sr=samplerate_hz, n_fft=recipe.n_fft, n_mels=recipe.n_mels, **limits
        )
    frequencies_hz = librosa.mel_frequencies(recipe.n_mels + 2, **limits)[1:-1]
    # The last triangle ends at half the sampling rate, where only rounding gives it a weight.
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
        array.flags.writeable = False  # because the cached arrays are shared
    return filters

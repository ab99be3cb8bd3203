"""The mel filters of the page, in the form that a fast projection needs."""

import dataclasses
import functools
import warnings

import numpy as np

from .errors import UsvError
from .recipe import ORIGINAL


@dataclasses.dataclass(frozen=True, eq=False)
class MelFilters:
    """Triangular filters, stored by what each bin of the Fourier transform feeds.

    A bin lies under at most two triangles: the falling side of one, the rising side of the next.
    """

    window: np.ndarray  # float32 [n_fft]
    frequencies_hz: np.ndarray  # [n_mels]
    bins: slice  # of the Fourier transform, those that feed any band
    lower_band: np.ndarray  # int64 [n_bins]
    weights: np.ndarray  # float32 [n_bins, 2], for the lower band and the one above it


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
    import scipy.signal

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
    if (empty := np.flatnonzero(dense.max(axis=1) == 0)).size:
        raise UsvError(
            f"mel band {empty[0]} ({frequencies_hz[empty[0]] / 1000:.1f} kHz) is narrower than the "
            f"bins of the Fourier transform, {samplerate_hz / recipe.n_fft:.0f} Hz; take fewer "
            f"bands than n_mels={recipe.n_mels}, a longer n_fft than {recipe.n_fft}, or a higher "
            f"sampling rate than {samplerate_hz} Hz"
        )
    fed = np.flatnonzero(dense.any(axis=0))
    bins = slice(fed[0], fed[-1] + 1)
    dense = dense[:, bins]
    lower_band = dense.astype(bool).argmax(axis=0)
    columns = np.arange(dense.shape[1])
    above = np.vstack([dense, np.zeros_like(dense[:1])])[lower_band + 1, columns]
    filters = MelFilters(
        window=scipy.signal.get_window("hann", recipe.n_fft).astype(np.float32),
        frequencies_hz=frequencies_hz,
        bins=bins,
        lower_band=lower_band,
        weights=np.stack([dense[lower_band, columns], above], axis=1).astype(np.float32),
    )
    for array in (filters.window, filters.frequencies_hz, filters.lower_band, filters.weights):
        array.flags.writeable = False  # they are cached, and shared by all who ask
    return filters

"""The three inner loops that numpy has no word for, compiled by numba on first use."""

import numba
import numpy as np


@numba.njit(nogil=True, cache=True)
def project_to_bands(spectra, lower_band, weights, n_bands):
    """Weighted sums of the magnitudes of complex spectra.

    Parameters
    ----------
    spectra : complex64 array [n_frames, n_bins]
    lower_band : int64 array [n_bins]
        The lower of the two neighbouring bands that a bin feeds.
    weights : float32 array [n_bins, 2]
    n_bands : int

    Returns
    -------
    float32 array [n_frames, n_bands]
    """
    n_frames, n_bins = spectra.shape
    bands = np.zeros((n_frames, n_bands), np.float32)
    for t in range(n_frames):
        for j in range(n_bins):
            z = spectra[t, j]
            magnitude = np.sqrt(z.real * z.real + z.imag * z.imag)
            band = lower_band[j]
            bands[t, band] += weights[j, 0] * magnitude
            if band + 1 < n_bands:
                bands[t, band + 1] += weights[j, 1] * magnitude
    return bands


@numba.njit(cache=True)
def count_keys(amplitudes, lowest, shift, counts):
    """Count positive float32 amplitudes [n_frames, n_bands] by their upper bits, into `counts`."""
    bits = amplitudes.view(np.uint32)
    for t in range(amplitudes.shape[0]):
        for band in range(amplitudes.shape[1]):
            if amplitudes[t, band] > 0:
                counts[band, np.int64(bits[t, band] >> shift) - lowest] += 1


@numba.njit(cache=True)
def best_path(levels, step_cost, jump_cost):
    """The path through the bands that gathers the highest levels while moving little.

    Parameters
    ----------
    levels : float32 array [n_bands, n_frames]
    step_cost : float
        For each band moved from one frame to the next.
    jump_cost : float
        At most this for a move of any size.

    Returns
    -------
    int64 array [n_frames]
    """
    n_bands, n_frames = levels.shape
    score = levels[:, 0].astype(np.float64)
    came_from = np.zeros((n_frames, n_bands), np.int64)
    reach = int(jump_cost / step_cost)
    for t in range(1, n_frames):
        jump_from = np.argmax(score)
        new = np.empty(n_bands)
        for band in range(n_bands):
            best, source = score[jump_from] - jump_cost, jump_from
            for other in range(max(0, band - reach), min(n_bands, band + reach + 1)):
                candidate = score[other] - step_cost * abs(band - other)
                if candidate > best:
                    best, source = candidate, other
            new[band] = best + levels[band, t]
            came_from[t, band] = source
        score = new
    path = np.empty(n_frames, np.int64)
    path[-1] = np.argmax(score)
    for t in range(n_frames - 1, 0, -1):
        path[t - 1] = came_from[t, path[t]]
    return path

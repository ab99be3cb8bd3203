"""The inner loops that numpy has no word for, compiled by numba on first use."""

import numba
import numpy as np

# Sums may be taken in another order, and a product with a sum in one step: without leave for that,
# nothing is done to several numbers at once.
REORDER = {"reassoc", "contract", "nsz", "arcp"}


@numba.njit(nogil=True, cache=True, fastmath=REORDER)
def project_to_bands(spectra, first_bin, edges, weights, amplitudes):
    """Mel amplitudes of frames, from their Fourier transforms without a window.

    The Hann window is applied here, to the transforms: there it is a sum over three neighbouring
    bins, which spares a copy of every frame.

    Parameters
    ----------
    spectra : complex64 array [n_frames, n_bins_of_the_transform]
    first_bin : int
        The first that feeds a band, 1 or more.
    edges : int64 array [n_bands + 1]
        Bins `edges[b]` up to `edges[b + 1]`, counted from `first_bin`, feed band b, and the next
        one if there is one. The last bin that feeds any must not be the last of the transform.
    weights : float32 array [2, n_bins]
        For the lower band that a bin feeds and for the one above it.
    amplitudes : float32 array [n_frames, n_bands]
        Where the result is put.
    """
    n_bins = weights.shape[1]
    # Unsigned indices: for signed ones every access would first ask whether it is negative.
    one, two, half = np.uint64(1), np.uint64(2), np.float32(0.5)
    parts = spectra.view(np.float32)  # real, imaginary, real, ...
    magnitudes = np.empty(n_bins, np.float32)
    lower, upper = weights[0], weights[1]
    for t in range(len(spectra)):
        below = parts[t, 2 * (first_bin - 1) :]
        here = parts[t, 2 * first_bin :]
        above = parts[t, 2 * (first_bin + 1) :]
        for j in range(np.uint64(n_bins)):
            real = two * j
            imag = real + one
            x = here[real] - half * (below[real] + above[real])
            y = here[imag] - half * (below[imag] + above[imag])
            magnitudes[j] = half * np.sqrt(x * x + y * y)
        from_below = np.float32(0)
        for band in range(amplitudes.shape[1]):
            here_sum, above_sum = from_below, np.float32(0)
            for j in range(np.uint64(edges[band]), np.uint64(edges[band + 1])):
                here_sum += lower[j] * magnitudes[j]
                above_sum += upper[j] * magnitudes[j]
            amplitudes[t, band] = here_sum
            from_below = above_sum


@numba.njit(nogil=True, cache=True)
def key_range(amplitudes, shift):
    """Least and largest key of the positive amplitudes; the least is the larger if there is none.

    Parameters
    ----------
    amplitudes : float32 array, none negative
    shift : int
        A key is the bits of the number without so many of the lowest.
    """
    bits = amplitudes.view(np.int32).ravel()
    least, most = np.int32(2**31 - 1), np.int32(0)
    for i in range(len(bits)):
        least = min(least, bits[i] if bits[i] > 0 else np.int32(2**31 - 1))
        most = max(most, bits[i])
    return least >> shift, most >> shift


@numba.njit(nogil=True, cache=True)
def count_keys(amplitudes, lowest, shift, units, carried, n_zeros):
    """Count float32 amplitudes [n_frames, n_bands] by their keys less `lowest`, and the zeros.

    A count is what `units` (uint8) and `carried` (uint32) hold together.
    """
    bits = amplitudes.view(np.uint32)
    for t in range(amplitudes.shape[0]):
        for band in range(amplitudes.shape[1]):
            if bits[t, band]:
                key = np.int64(bits[t, band] >> shift) - lowest
                count = np.uint8(units[band, key] + np.uint8(1))
                units[band, key] = count
                if count == 0:
                    carried[band, key] += np.uint32(256)
            else:
                n_zeros[band] += 1


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

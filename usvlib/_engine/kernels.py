"""Inner loops, compiled by numba on first use."""

import numba
import numpy as np

# The loops are compiled without fastmath. With it, the last bit of a result would depend on whether
# a loop was compiled alone or into another, and so on the process. It would gain some 6 %.

# Number of frames that are transformed side by side, one in each lane of the processor's vectors.
# The loops over them are two to eight vectors long, and their numbers fit into a core's cache.
LANES = 32


@numba.njit(nogil=True, cache=True)
def mel_of_samples(samples, hop, roots, first_bin, edges, weights, amplitudes):
    """Compute the mel amplitudes of successive frames of audio.

    Parameters
    ----------
    samples : float32 array [(n_frames - 1) * hop + n_fft]
    hop : int
        Samples from the start of one frame to the start of the next.
    roots : float32 array [2, n_fft]
        Real and imaginary part of `exp(-2j * pi * k / n_fft)`; `n_fft` is a power of two.
    first_bin : int
        The first bin that feeds a band, 1 or more.
    edges : int64 array [n_bands + 1]
        Bins `edges[b]` up to `edges[b + 1]`, counted from `first_bin`, feed band b and, if there is
        one, band b + 1. The last bin of the transform must not feed any band.
    weights : float32 array [2, n_bins]
        Weights for the lower band that a bin feeds and for the band above it.
    amplitudes : float32 array [n_bands, n_frames]
        The result is written here. `n_frames` is a multiple of `LANES`.
    """
    half = roots.shape[1] // 2
    n_bins = weights.shape[1]
    real, imag = np.empty((half, LANES), np.float32), np.empty((half, LANES), np.float32)
    to_real, to_imag = np.empty_like(real), np.empty_like(imag)
    # The window needs one bin more on either side.
    spectrum = np.empty((2, n_bins + 2, LANES), np.float32)
    for t in range(0, amplitudes.shape[1], LANES):
        _gather(samples[t * hop :], hop, real, imag)
        a, b, c, d = real.ravel(), imag.ravel(), to_real.ravel(), to_imag.ravel()
        length = half
        while length > 1:
            _combine(a, b, c, d, length, roots)
            length //= 4 if length > 2 else 2
            a, b, c, d = c, d, a, b
        complex_half = a.reshape((half, LANES)), b.reshape((half, LANES))
        _separate(*complex_half, roots, first_bin - 1, spectrum)
        mel_of_spectrum(spectrum, edges, weights, amplitudes[:, t : t + LANES])


@numba.njit(nogil=True, cache=True)
def _gather(samples, hop, real, imag):
    """Store the even samples of `LANES` frames as real parts, the odd ones as imaginary parts."""
    for n in range(len(real)):
        even, odd = samples[2 * n :], samples[2 * n + 1 :]
        to_real, to_imag = real[n], imag[n]
        # With signed indices, every access would first test whether the index is negative.
        for lane in range(np.uint64(LANES)):
            to_real[lane] = even[lane * np.uint64(hop)]
            to_imag[lane] = odd[lane * np.uint64(hop)]


@numba.njit(nogil=True, cache=True)
def _combine(real, imag, to_real, to_imag, length, roots):
    """Do one step of Stockham's transform: of radix 4, or of radix 2 for the last factor of 2.

    Stockham's transform needs no reordering at the end, and all its loops run over neighbouring
    numbers (Van Loan 1992, Computational Frameworks for the Fast Fourier Transform).
    """
    n = len(real) // length
    if length == 2:
        for i in range(np.uint64(n)):
            j = i + np.uint64(n)
            to_real[i], to_imag[i] = real[i] + real[j], imag[i] + imag[j]
            to_real[j], to_imag[j] = real[i] - real[j], imag[i] - imag[j]
        return
    quarter, step = length // 4, roots.shape[1] // length
    for p in range(quarter):
        r1, i1 = roots[0, p * step], roots[1, p * step]
        r2, i2 = roots[0, 2 * p * step], roots[1, 2 * p * step]
        r3, i3 = roots[0, 3 * p * step], roots[1, 3 * p * step]
        a, b, c, d = p * n, (p + quarter) * n, (p + 2 * quarter) * n, (p + 3 * quarter) * n
        ar, br, cr, dr = real[a : a + n], real[b : b + n], real[c : c + n], real[d : d + n]
        ai, bi, ci, di = imag[a : a + n], imag[b : b + n], imag[c : c + n], imag[d : d + n]
        w, x, y, z = 4 * p * n, (4 * p + 1) * n, (4 * p + 2) * n, (4 * p + 3) * n
        wr, xr, yr, zr = to_real[w:x], to_real[x:y], to_real[y:z], to_real[z : z + n]
        wi, xi, yi, zi = to_imag[w:x], to_imag[x:y], to_imag[y:z], to_imag[z : z + n]
        for q in range(np.uint64(n)):
            sr, si, tr, ti = ar[q] + cr[q], ai[q] + ci[q], ar[q] - cr[q], ai[q] - ci[q]
            ur, ui, vr, vi = br[q] + dr[q], bi[q] + di[q], bi[q] - di[q], dr[q] - br[q]
            wr[q], wi[q] = sr + ur, si + ui
            xr[q] = (tr + vr) * r1 - (ti + vi) * i1
            xi[q] = (tr + vr) * i1 + (ti + vi) * r1
            yr[q] = (sr - ur) * r2 - (si - ui) * i2
            yi[q] = (sr - ur) * i2 + (si - ui) * r2
            zr[q] = (tr - vr) * r3 - (ti - vi) * i3
            zi[q] = (tr - vr) * i3 + (ti - vi) * r3


@numba.njit(nogil=True, cache=True)
def _separate(real, imag, roots, first_bin, spectrum):
    """Compute bins of the transform of the real samples from the transform of the complex ones.

    The transform of the even samples is half the sum of a bin and the conjugate of its mirror
    image. The transform of the odd samples is half their difference, divided by the imaginary unit.
    """
    n = len(real)
    half = np.float32(0.5)
    for j in range(spectrum.shape[1]):
        k = first_bin + j
        xr, xi, mr, mi = real[k % n], imag[k % n], real[(n - k) % n], imag[(n - k) % n]
        r, i = roots[0, k], roots[1, k]
        to_real, to_imag = spectrum[0, j], spectrum[1, j]
        for lane in range(np.uint64(LANES)):
            odd_r, odd_i = xi[lane] + mi[lane], mr[lane] - xr[lane]
            to_real[lane] = half * (xr[lane] + mr[lane] + r * odd_r - i * odd_i)
            to_imag[lane] = half * (xi[lane] - mi[lane] + r * odd_i + i * odd_r)


@numba.njit(nogil=True, cache=True)
def mel_of_spectrum(spectrum, edges, weights, amplitudes):
    """Compute mel amplitudes under a Hann window from Fourier transforms without a window.

    Multiplying samples with a Hann window is the same as a sum over three neighbouring bins of
    their transform, which is faster.

    Parameters
    ----------
    spectrum : float32 array [2, n_bins + 2, n_frames]
        Real and imaginary parts of the bins that feed a band, and of one more bin on either side.
    edges, weights
        See `mel_of_samples`.
    amplitudes : float32 array [n_bands, n_frames]
        The result is written here.
    """
    n_bins, n_frames = weights.shape[1], spectrum.shape[2]
    half = np.float32(0.5)
    magnitudes = np.empty((n_bins, n_frames), np.float32)
    flat = magnitudes.ravel()
    real, imag = spectrum[0], spectrum[1]
    below_r, below_i = real[:n_bins].ravel(), imag[:n_bins].ravel()
    here_r, here_i = real[1 : n_bins + 1].ravel(), imag[1 : n_bins + 1].ravel()
    above_r, above_i = real[2 : n_bins + 2].ravel(), imag[2 : n_bins + 2].ravel()
    for i in range(np.uint64(n_bins * n_frames)):
        x = here_r[i] - half * (below_r[i] + above_r[i])
        y = here_i[i] - half * (below_i[i] + above_i[i])
        flat[i] = half * np.sqrt(x * x + y * y)
    falling, rising = np.empty(n_frames, np.float32), np.zeros(n_frames, np.float32)
    for band in range(len(amplitudes)):
        for t in range(np.uint64(n_frames)):
            falling[t], rising[t] = rising[t], 0
        for j in range(edges[band], edges[band + 1]):
            lower, upper, magnitude = weights[0, j], weights[1, j], magnitudes[j]
            for t in range(np.uint64(n_frames)):
                falling[t] += lower * magnitude[t]
                rising[t] += upper * magnitude[t]
        amplitudes[band] = falling


@numba.njit(nogil=True, cache=True)
def key_range(amplitudes, shift):
    """Return the smallest and the largest key of the positive amplitudes.

    If no amplitude is positive, the first number is larger than the second.

    Parameters
    ----------
    amplitudes : float32 array
        Not negative.
    shift : int
        The key of an amplitude is its bits without the `shift` lowest ones.
    """
    bits = amplitudes.view(np.int32).ravel()
    least, most = np.int32(2**31 - 1), np.int32(0)
    for i in range(len(bits)):
        least = min(least, bits[i] if bits[i] > 0 else np.int32(2**31 - 1))
        most = max(most, bits[i])
    return least >> shift, most >> shift


@numba.njit(nogil=True, cache=True)
def count_keys(amplitudes, frames, lowest, shift, units, carried, n_zeros):
    """Count float32 amplitudes [n_bands, n_frames] by their keys minus `lowest`, and the zeros.

    Only the frames with the numbers in `frames` are counted. A count is the sum of an entry of
    `units` (uint8) and an entry of `carried` (uint32).
    """
    bits = amplitudes.view(np.uint32)
    for band in range(amplitudes.shape[0]):
        for t in frames:
            if bits[band, t]:
                key = np.int64(bits[band, t] >> shift) - lowest
                count = np.uint8(units[band, key] + np.uint8(1))
                units[band, key] = count
                if count == 0:
                    carried[band, key] += np.uint32(256)
            else:
                n_zeros[band] += 1


@numba.njit(cache=True)
def best_path(values, step_cost, jump_cost):
    """Find the strongest path by dynamic programming; see `paths.strongest_path`."""
    n_bands, n_frames = values.shape
    score = values[:, 0].astype(np.float64)
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
            new[band] = best + values[band, t]
            came_from[t, band] = source
        score = new
    path = np.empty(n_frames, np.int64)
    path[-1] = np.argmax(score)
    for t in range(n_frames - 1, 0, -1):
        path[t - 1] = came_from[t, path[t]]
    return path


@numba.njit(cache=True)
def best_local_path(values, drift, step_cost):
    """Return the highest sum of values less `drift` along any piece of a path through the bands.

    The piece may begin and end in any frame, and pays `step_cost` for each band that it moves from
    one frame to the next.

    Parameters
    ----------
    values : float32 array [n_bands, n_frames]
    drift : float
    step_cost : float

    Returns
    -------
    float
        At least 0.
    """
    n_bands, n_frames = values.shape
    score = np.zeros(n_bands)
    best = 0.0
    for t in range(n_frames):
        # The best way to each band: sweeps up and down spread each score at the cost of its moves.
        for band in range(1, n_bands):
            score[band] = max(score[band], score[band - 1] - step_cost)
        for band in range(n_bands - 2, -1, -1):
            score[band] = max(score[band], score[band + 1] - step_cost)
        for band in range(n_bands):
            score[band] = max(score[band] + values[band, t] - drift, 0.0)
            best = max(best, score[band])
    return best

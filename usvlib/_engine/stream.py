"""Mel frames of audio of any length, in order and in constant memory."""

from __future__ import annotations

import collections
import concurrent.futures
from collections.abc import Iterator

import numpy as np

from .._shared import UsvError
from ..data import Audio
from .melfilters import MelFilters

# Frames that one thread reads and transforms at a time.
FRAMES_PER_PIECE = 1024
# The frames are consumed by one thread. It could not keep up with more than these.
MAX_THREADS = 8


def mel_frames(
    audio: Audio, filters: MelFilters, hop: int, first: int = 0, last: int | None = None
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the mel amplitudes of successive frames of audio, piece by piece and in order.

    Several threads read and transform pieces ahead of the consumer. Their number changes no bit of
    the result, and a slow consumer makes them wait, so that memory stays constant.

    Parameters
    ----------
    audio : Audio
    filters : MelFilters
    hop : int
        Step from one frame to the next in samples.
    first, last : int
        The first frame, and the first one after the last. By default all frames of the audio.

    Yields
    ------
    first_frame : int
        Number of the first frame of this piece. Frame t is centred on sample `t * hop`.
    amplitudes : float32 array [n_mels, n_frames]

    Raises
    ------
    UsvError
        If a sample is not finite, or too large for the transform.

    Examples
    --------
    >>> import usvlib
    >>> from usvlib._engine import mel_filters
    >>> recording = usvlib.simulate_recording(n_syllables=3)
    >>> pieces = mel_frames(recording, mel_filters(300_000), hop=300, last=1500)
    >>> [(first, amplitudes.shape) for first, amplitudes in pieces]
    [(0, (128, 1024)), (1024, (128, 476))]
    """
    import joblib

    last = count_frames(audio, filters, hop) if last is None else last
    starts = range(first, last, FRAMES_PER_PIECE)
    n_threads = max(min(joblib.cpu_count(), MAX_THREADS, len(starts)), 1)
    pool = concurrent.futures.ThreadPoolExecutor(n_threads)
    ahead = collections.deque()
    try:
        for start in starts:
            stop = min(start + FRAMES_PER_PIECE, last)
            ahead.append((start, pool.submit(mel_amplitudes, audio, start, stop, filters, hop)))
            if len(ahead) > 2 * n_threads:
                start, amplitudes = ahead.popleft()
                yield start, amplitudes.result()
                del amplitudes  # so that it is not kept while the next piece is waited for
        while ahead:
            start, amplitudes = ahead.popleft()
            yield start, amplitudes.result()
            del amplitudes
    finally:
        pool.shutdown(cancel_futures=True)


def count_frames(audio: Audio, filters: MelFilters, hop: int) -> int:
    """Return the number of frames of the whole audio; the first is centred on sample 0."""
    return (audio.n_samples - filters.n_fft % 2) // hop + 1


def mel_amplitudes(
    audio: Audio, first: int, last: int, filters: MelFilters, hop: int
) -> np.ndarray:
    """Return the mel amplitudes of frames `first` to `last`: float32 array [n_mels, n_frames]."""
    from .kernels import LANES, mel_of_samples

    n_fft, n_frames = filters.n_fft, last - first
    n_in_lanes = -(-n_frames // LANES) * LANES
    # Beyond the ends of the audio there are zeros.
    start = first * hop - n_fft // 2
    stop = start + (n_in_lanes - 1) * hop + n_fft
    samples = audio.read_samples(max(start, 0), min(stop, audio.n_samples))
    outside = max(-start, 0), max(stop - audio.n_samples, 0)
    if any(outside):
        samples = np.pad(samples, outside)
    amplitudes = np.empty((len(filters.frequencies_hz), n_in_lanes), np.float32)
    how = filters.first_bin, filters.edges, filters.weights
    if n_fft & (n_fft - 1) == 0:
        mel_of_samples(np.ascontiguousarray(samples), hop, filters.roots, *how, amplitudes)
    else:
        _mel_of_any_length(samples, hop, n_fft, *how, amplitudes)
    if not np.isfinite(amplitudes.max()):
        raise UsvError(
            f"{audio.name}: samples between {max(start, 0) / audio.samplerate_hz:.3f} and "
            f"{stop / audio.samplerate_hz:.3f} s reach {np.abs(samples).max():g}, which is too "
            "large for a spectrum in float32; full scale must be about 1"
        )
    return np.ascontiguousarray(amplitudes[:, :n_frames])


def _mel_of_any_length(samples, hop, n_fft, first_bin, edges, weights, amplitudes):
    """Do the same, more slowly, where the length of a frame is not a power of two."""
    import scipy.fft

    from .kernels import LANES, mel_of_spectrum

    frames = np.lib.stride_tricks.sliding_window_view(samples, n_fft)[::hop]
    used = slice(first_bin - 1, first_bin + weights.shape[1] + 1)
    for t in range(0, len(frames), LANES):
        spectra = scipy.fft.rfft(frames[t : t + LANES], axis=1)
        if n_fft % 2:  # then the last bin has a neighbour above: its mirror image
            spectra = np.concatenate([spectra, spectra[:, -1:].conj()], axis=1)
        spectrum = np.stack([spectra.real[:, used].T, spectra.imag[:, used].T])
        mel_of_spectrum(spectrum, edges, weights, amplitudes[:, t : t + LANES])

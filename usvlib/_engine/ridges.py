"""The strength of the strongest ridge of a span, which tells calls from noise.

A call is a ridge: a narrow path through the bands along which values stay above the noise floor.
Noise has ridges, too, but short ones. From each value along a path we subtract a level that few
values of noise exceed, and sum the rest. The highest sum over any piece of a path tells a faint
long call from noise that is equally loud for a moment.
"""

from __future__ import annotations

import functools

import numpy as np

from ..data import recording_from_array
from .melfilters import MelFilters
from .stream import count_frames, mel_amplitudes

STEP_COST = 0.15  # log2 units for each band that a ridge moves from one frame to the next
# Clicks, and noise that becomes louder, raise all bands alike. Up to this much of the rise, in log2
# units, is subtracted. A broadband call remains, because it rises by more.
MAX_RISE = 2.5
# With fewer bands, a call could fill half of them and look like a rise of the noise.
MIN_BANDS_FOR_RISE = 16
# Share of the values of noise below the level that is subtracted along a path.
NOISE_SHARE = 0.985
NOISE_S = 4.0


def ridge_strengths(
    spectrograms: list[np.ndarray], noise_log2: float, window_frames: float
) -> np.ndarray:
    """Return the strength of the strongest ridge of each spectrogram.

    Parameters
    ----------
    spectrograms : list of float32 array [n_bands, n_frames]
        In log2 units over the noise floor.
    noise_log2 : float
        The level that is subtracted from each value along a ridge; see `loud_noise`.
    window_frames : float
        Length of the Fourier window in frames. Values closer than that are not independent.

    Returns
    -------
    float64 array [n_syllables]
        Sum along the ridge, in log2 units over one window, or over the whole syllable where that
        is shorter.

    Examples
    --------
    >>> spectrogram = np.zeros((20, 30), np.float32)
    >>> spectrogram[5, 10:20] = 2.0  # 10 frames, 1.25 above the noise
    >>> ridge_strengths([spectrogram], noise_log2=0.75, window_frames=5)
    array([2.5])
    """
    from .kernels import best_local_path

    strengths = [best_local_path(_without_rise(s), noise_log2, STEP_COST) for s in spectrograms]
    n_frames = np.array([s.shape[1] for s in spectrograms])
    return np.array(strengths, float) / np.clip(n_frames, 1, max(window_frames, 1))


def loud_noise(filters: MelFilters, samplerate_hz: float, hop: int, bands: slice) -> float:
    """Return the level that 1.5 in 100 values of noise exceed, in log2 units over its floor.

    It is measured on simulated white noise, since it depends on the widths of bands and window.
    """
    return _loud_noise(filters, float(samplerate_hz), hop, bands.start, bands.stop)


@functools.lru_cache(maxsize=8)
def _loud_noise(filters, samplerate_hz, hop, first_band, last_band):
    samples = np.random.default_rng(0).standard_normal(int(NOISE_S * samplerate_hz), np.float32)
    noise = recording_from_array(samples, samplerate_hz, [], [], fingerprint="noise")
    amplitudes = mel_amplitudes(noise, 0, count_frames(noise, filters, hop), filters, hop)
    amplitudes = amplitudes[first_band:last_band]
    log2 = np.log2(amplitudes / np.median(amplitudes, axis=1, keepdims=True))
    return float(np.quantile(_without_rise(log2), NOISE_SHARE))


def _without_rise(spectrogram):
    """Return a spectrogram without the rise that all bands of a frame share, up to `MAX_RISE`."""
    if len(spectrogram) < MIN_BANDS_FOR_RISE:
        return np.ascontiguousarray(spectrogram)
    middle = len(spectrogram) // 2
    by_frame = np.ascontiguousarray(spectrogram.T)
    rise = np.clip(np.partition(by_frame, middle, axis=1)[:, middle], 0, MAX_RISE)
    return np.ascontiguousarray(spectrogram - rise)

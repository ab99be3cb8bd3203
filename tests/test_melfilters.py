"""The mel filters against librosa's, and the transform against scipy's."""

import dataclasses
import warnings

import librosa
import numpy as np
import pytest
import scipy.fft
import scipy.signal
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sounds import refused

from usvlib import ORIGINAL, Recipe
from usvlib._engine.kernels import LANES, mel_of_samples
from usvlib._engine.melfilters import mel_filters
from usvlib._engine.stream import _mel_of_any_length


def _dense(filters):
    """Return the matrix [n_mels, n_fft // 2 + 1] that the filters stand for."""
    n_mels = len(filters.frequencies_hz)
    dense = np.zeros((n_mels + 1, filters.n_fft // 2 + 1))
    columns = filters.first_bin + np.arange(filters.weights.shape[1])
    lower_band = np.repeat(np.arange(n_mels), np.diff(filters.edges))
    dense[lower_band, columns] = filters.weights[0]
    dense[lower_band + 1, columns] += filters.weights[1]
    # No bin may feed a band above the last one.
    assert not dense[-1].any()
    return dense[:-1]


@settings(max_examples=15)
@given(
    st.sampled_from([192_000, 250_000, 256_000, 300_000, 500_000]),
    st.sampled_from([512, 1023, 1024, 2048, 4096]),
    st.integers(1, 128),
    st.integers(0, 60_000),
    st.none() | st.integers(70_000, 96_000),
)
def test_the_filters_are_librosas_matrix(rate, n_fft, n_mels, low_hz, high_hz):
    limits = {"fmin": low_hz, "fmax": high_hz}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about empty filters, which are tested below
        expected = librosa.filters.mel(sr=rate, n_fft=n_fft, n_mels=n_mels, **limits)
    assume(expected.any(axis=1).all())
    recipe = Recipe(
        n_fft=n_fft,
        n_mels=n_mels,
        low_hz=low_hz,
        high_hz=high_hz,
        crop=(0, 0),
        centre_halfwidth=None,
    )
    filters = mel_filters(rate, recipe)
    # At half the sampling rate, where the last filter ends, rounding may leave it a weight.
    np.testing.assert_allclose(_dense(filters), expected, rtol=1e-6, atol=1e-6 * expected.max())
    np.testing.assert_allclose(
        filters.frequencies_hz,
        librosa.mel_frequencies(n_mels + 2, fmin=low_hz, fmax=high_hz or rate / 2)[1:-1],
    )


def _reference(samples, hop, filters, n_frames):
    """Compute mel amplitudes in float64, step by step: window, transform, magnitude, matrix."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, filters.n_fft)[::hop][:n_frames]
    windowed = frames * scipy.signal.get_window("hann", filters.n_fft)
    return _dense(filters) @ np.abs(scipy.fft.rfft(windowed, axis=1)).T


def _ours(samples, hop, filters, n_frames):
    amplitudes = np.empty((len(filters.frequencies_hz), n_frames), np.float32)
    how = filters.first_bin, filters.edges, filters.weights
    if filters.n_fft & (filters.n_fft - 1):
        _mel_of_any_length(samples.astype(np.float32), hop, filters.n_fft, *how, amplitudes)
    else:
        mel_of_samples(samples.astype(np.float32), hop, filters.roots, *how, amplitudes)
    return amplitudes


@pytest.mark.parametrize(
    "n_fft", [16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 21, 1000, 1023, 2047]
)
@pytest.mark.parametrize("low_hz", [0, 30_000])
def test_amplitudes_are_the_product_with_the_matrix_under_a_hann_window(n_fft, low_hz):
    n_mels = max(n_fft // 64, 1)
    recipe = Recipe(
        n_fft=n_fft, n_mels=n_mels, low_hz=low_hz, crop=(0, 0), centre_halfwidth=None, hop_s=4e-5
    )
    filters = mel_filters(250_000, recipe)
    hop, n_frames = 10, 2 * LANES
    samples = np.random.default_rng(0).standard_normal(n_fft + (n_frames - 1) * hop)
    expected = _reference(samples, hop, filters, n_frames)
    ours = _ours(samples, hop, filters, n_frames)
    np.testing.assert_allclose(ours, expected, rtol=2e-5, atol=2e-6 * expected.max())


@pytest.mark.parametrize("hum_hz", [0, 37.3, 20_000.1])
def test_a_strong_sound_below_the_bands_does_not_leak_into_them(hum_hz):
    # Without a window a hum leaks into all bins; the sum over three bins must cancel it.
    filters = mel_filters(250_000)
    n_samples = 2048 + (LANES - 1) * 250
    hum = 0.5 * np.cos(2 * np.pi * hum_hz * np.arange(n_samples) / 250_000 + 1)
    samples = hum + 1e-3 * np.random.default_rng(1).standard_normal(n_samples)
    expected = _reference(samples, 250, filters, LANES)
    np.testing.assert_allclose(_ours(samples, 250, filters, LANES), expected, rtol=2e-3)


def test_each_filter_peaks_at_its_frequency():
    filters = mel_filters(250_000)
    dense = _dense(filters)
    bins_hz = np.fft.rfftfreq(2048, 1 / 250_000)
    assert np.abs(bins_hz[dense.argmax(axis=1)] - filters.frequencies_hz).max() <= 250_000 / 2048
    assert filters.frequencies_hz[0] > 40_000
    assert filters.frequencies_hz[-1] < 125_000


@pytest.mark.parametrize("rate", [8_000, 44_100, 80_000])
def test_a_sampling_rate_too_low_for_the_range_is_an_error(rate):
    with refused(rate, f"{rate / 2:g}", "40000"):
        mel_filters(rate)


def test_a_range_beyond_half_the_sampling_rate_is_an_error():
    with refused(250_000, "125000", "130000"):
        mel_filters(250_000, Recipe(high_hz=130_000))


@pytest.mark.parametrize(
    ("rate", "changes"),
    [
        (84_000, {}),
        (250_000, {"n_fft": 256}),
        (250_000, {"high_hz": 44_000}),
        # A filter at half the sampling rate that has weights only through rounding is empty.
        (250_000, {"n_fft": 16, "n_mels": 128, "low_hz": 122_500}),
        (250_000, {"n_fft": 128, "n_mels": 128, "low_hz": 122_500}),
    ],
    ids=["low sampling rate", "short window", "narrow range", "one bin", "two bins"],
)
def test_an_empty_filter_is_an_error_that_names_the_band_and_the_remedies(rate, changes):
    with refused("mel band", "kHz", "n_mels=128", "n_fft", rate):
        mel_filters(rate, dataclasses.replace(ORIGINAL, **changes))

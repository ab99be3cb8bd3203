"""The steps that bring syllables to one size, one by one and together."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sounds import refused, short_recording

import usvlib
from usvlib.normalisation import apply_threshold, centre, pad, resize_duration

levels = st.floats(-24, 12, width=32)


def spectrograms_of(least_bands=1, most_bands=50, most_frames=60, elements=levels):
    shapes = st.tuples(st.integers(least_bands, most_bands), st.integers(1, most_frames))
    return hnp.arrays(np.float32, shapes, elements=elements)


# Thresholds


@given(spectrograms_of(), st.floats(-5, 5, width=32))
def test_a_threshold_keeps_what_reaches_it_and_zeroes_the_rest(spectrogram, threshold):
    cut = apply_threshold(spectrogram, threshold)
    kept = spectrogram >= threshold
    np.testing.assert_array_equal(cut[kept], spectrogram[kept])
    assert not cut[~kept].any()
    assert cut.dtype == np.float32


@given(spectrograms_of(), st.floats(-5, 0, width=32))
def test_a_threshold_of_at_most_zero_applied_twice_is_applied_once(spectrogram, threshold):
    once = apply_threshold(spectrogram, threshold)
    np.testing.assert_array_equal(apply_threshold(once, threshold), once)


@given(spectrograms_of())
def test_no_threshold_leaves_all_as_it_is(spectrogram):
    np.testing.assert_array_equal(apply_threshold(spectrogram, None), spectrogram)


def test_a_threshold_leaves_its_argument_alone():
    spectrogram = np.full((3, 4), -1, np.float32)
    apply_threshold(spectrogram)
    assert (spectrogram == -1).all()


# Durations


@given(spectrograms_of(most_frames=400, most_bands=12), st.floats(0.5, 20))
def test_the_duration_becomes_logarithmic(spectrogram, time_scaling):
    n_bands, n_frames = spectrogram.shape
    resized = resize_duration(spectrogram, time_scaling)
    assert resized.shape == (n_bands, max(int(time_scaling * np.log(n_frames)), 1))
    assert resized.dtype == np.float32
    assert np.isfinite(resized).all()


@pytest.mark.parametrize(
    ("n_frames", "n_columns"), [(1, 1), (2, 5), (3, 8), (8, 16), (46, 30), (178, 41), (400, 47)]
)
def test_the_widths_are_those_of_the_tutorial(n_frames, n_columns):
    # int(8 ln n), and the least that can be seen where that is 0.
    assert resize_duration(np.ones((103, n_frames), np.float32)).shape == (
        103,
        n_columns,
    )


@given(spectrograms_of())
def test_no_time_scaling_leaves_all_as_it_is(spectrogram):
    np.testing.assert_array_equal(resize_duration(spectrogram, None), spectrogram)


@given(st.integers(1, 30), st.integers(1, 200), levels)
def test_what_does_not_change_in_time_stays_the_same(n_bands, n_frames, level):
    spectrogram = np.full((n_bands, n_frames), level, np.float32)
    resized = resize_duration(spectrogram)
    np.testing.assert_allclose(resized, level, rtol=1e-5, atol=1e-6)


@given(spectrograms_of(least_bands=2))
def test_bands_are_resized_one_by_one(spectrogram):
    resized = resize_duration(spectrogram)
    upper = resize_duration(spectrogram[1:])
    np.testing.assert_array_equal(resized[1:], upper)


def test_resizing_is_linear_in_time():
    # A mark at 30 % of the duration stays there: the time axis itself is not logarithmic.
    spectrogram = np.zeros((1, 200), np.float32)
    spectrogram[0, 55:66] = 1
    resized = resize_duration(spectrogram)[0]
    centre = np.average(np.arange(len(resized)) + 0.5, weights=resized.clip(0)) / len(resized)
    assert centre == pytest.approx(60.5 / 200, abs=0.01)


def test_a_spectrogram_may_be_of_any_layout_and_width():
    spectrogram = np.random.default_rng(0).normal(size=(40, 30))
    expected = resize_duration(spectrogram.astype(np.float32))
    for same in (spectrogram, np.asfortranarray(spectrogram), spectrogram[:, ::-1][:, ::-1]):
        np.testing.assert_allclose(resize_duration(same), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("time_scaling", [0, -8, float("nan"), float("inf"), "8", [8]])
def test_a_time_scaling_that_is_no_positive_number_is_an_error(time_scaling):
    with refused("time_scaling is", "above 0"):
        resize_duration(np.ones((3, 10), np.float32), time_scaling)


def test_a_spectrogram_without_frames_cannot_be_resized():
    with refused("frame", "(3, 0)"):
        resize_duration(np.ones((3, 0), np.float32))


# Padding


@given(spectrograms_of(), st.integers(0, 40))
def test_padding_adds_zeros_on_both_sides_and_the_odd_one_at_the_right(spectrogram, excess):
    n_bands, n_frames = spectrogram.shape
    padded = pad(spectrogram, n_frames + excess)
    assert padded.shape == (n_bands, n_frames + excess)
    left = excess // 2
    np.testing.assert_array_equal(padded[:, left : left + n_frames], spectrogram)
    assert not padded[:, :left].any()
    assert not padded[:, left + n_frames :].any()


@given(spectrograms_of(), st.integers(0, 40))
def test_padding_twice_is_padding_once(spectrogram, excess):
    padded = pad(spectrogram, spectrogram.shape[1] + excess)
    np.testing.assert_array_equal(pad(padded, padded.shape[1]), padded)


def test_padding_to_less_than_there_is_is_an_error():
    with refused("n_frames is 9", "at least the 10 columns"):
        pad(np.zeros((3, 10), np.float32), 9)


# Centring


@given(spectrograms_of(least_bands=8), st.integers(1, 4))
def test_the_window_holds_the_peak_and_lies_inside(spectrogram, halfwidth):
    centred = centre(spectrogram, halfwidth)
    assert centred.shape == (2 * halfwidth, spectrogram.shape[1])
    starts = [
        start
        for start in range(len(spectrogram) - 2 * halfwidth + 1)
        if np.array_equal(spectrogram[start : start + 2 * halfwidth], centred)
    ]
    assert starts
    means = spectrogram.mean(axis=1)
    # Where rounding of the mean decides between two bands, either may be the peak.
    peaks = np.flatnonzero(means >= means.max() - 1e-5)
    wanted = np.clip(peaks, halfwidth, len(spectrogram) - halfwidth) - halfwidth
    assert set(starts) & set(wanted)


@given(st.integers(8, 60), st.integers(1, 4), st.data())
def test_a_peak_far_from_the_edges_lands_in_the_middle(n_bands, halfwidth, data):
    peak = data.draw(st.integers(halfwidth, n_bands - halfwidth))
    spectrogram = np.zeros((n_bands, 7), np.float32)
    spectrogram[peak, 3] = 1
    assert centre(spectrogram, halfwidth)[:, 3].argmax() == halfwidth


@pytest.mark.parametrize(("peak", "row"), [(0, 0), (5, 5), (19, 19), (100, 37), (102, 39)])
def test_near_the_edges_the_window_is_moved_inside(peak, row):
    spectrogram = np.zeros((103, 7), np.float32)
    spectrogram[peak] = 1
    assert centre(spectrogram).mean(axis=1).argmax() == row


@given(spectrograms_of(least_bands=8), st.integers(1, 4))
def test_centring_twice_is_centring_once(spectrogram, halfwidth):
    once = centre(spectrogram, halfwidth)
    np.testing.assert_array_equal(centre(once, halfwidth), once)


@given(spectrograms_of())
def test_no_centring_leaves_all_as_it_is(spectrogram):
    np.testing.assert_array_equal(centre(spectrogram, None), spectrogram)


def test_the_peak_is_that_of_the_time_average_not_the_loudest_spot():
    spectrogram = np.zeros((60, 10), np.float32)
    spectrogram[20] = 2  # all the time
    spectrogram[40, 5] = 12  # once
    centred = centre(spectrogram, 5)
    assert (centred[5] == 2).all()
    assert centred.max() == 2


@pytest.mark.parametrize("halfwidth", [6, 0, -2, 2.5, "5", float("nan")])
def test_a_window_that_does_not_fit_is_an_error(halfwidth):
    with refused("halfwidth", halfwidth):
        centre(np.zeros((10, 4), np.float32), halfwidth)


# What is no spectrogram


@pytest.mark.parametrize(
    "step", [apply_threshold, resize_duration, lambda s: pad(s, 50), centre], ids=range(4)
)
@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (None, "spectrogram is None"),
        ("a.wav", "spectrogram is 'a.wav'"),
        (3, "spectrogram has shape ()"),
        (np.zeros(40), "spectrogram has shape (40,)"),
        (np.zeros((3, 40, 30)), "spectrogram has shape (3, 40, 30)"),
        (np.zeros((40, 0)), "spectrogram has shape (40, 0)"),
        (np.zeros((0, 40)), "spectrogram has shape (0, 40)"),
        (np.full((40, 40), "a"), "spectrogram is of type ndarray (<U1)"),
        (pd.DataFrame(np.zeros((40, 40))), "spectrogram is of type DataFrame"),
    ],
    ids=lambda x: str(x)[:25],
)
def test_a_step_of_what_is_no_spectrogram_is_an_error(step, bad, words):
    with refused(words, "[n_bands, n_frames]"):
        step(bad)


@pytest.mark.parametrize("threshold", ["0", float("nan"), [0], np.zeros(2)], ids=str)
def test_a_threshold_that_is_no_number_is_an_error(threshold):
    with refused("threshold is", "must be a finite number"):
        apply_threshold(np.zeros((3, 4), np.float32), threshold)


@pytest.mark.parametrize("n_frames", [None, "50", 50.5, float("nan")])
def test_a_width_that_is_no_whole_number_is_an_error(n_frames):
    with refused("n_frames is", "whole number"):
        pad(np.zeros((3, 4), np.float32), n_frames)


@pytest.mark.parametrize("bad", [None, "a.wav", 3, np.zeros((3, 4)), pd.DataFrame()], ids=str)
def test_normalising_what_is_no_spectrograms_is_an_error(spectrograms, bad):
    with refused("spectrograms is", "must be", "SyllableSpectrograms"):
        usvlib.normalise(bad)
    with refused("recipe is", "must be", "Recipe"):
        usvlib.normalise(spectrograms, bad)


def test_normalising_no_syllables_is_an_error():
    with refused("there are no syllables", "must"):
        usvlib.normalise(usvlib.syllable_spectrograms(short_recording(onsets=[], offsets=[])))


# Together


@given(st.integers(2, 100))
def test_zeros_stay_zeros_on_the_whole_way(n_frames):
    zeros = np.zeros((103, n_frames), np.float32)
    resized = resize_duration(apply_threshold(zeros))
    features = centre(pad(resized, resized.shape[1] + 5))
    assert not features.any()


def test_all_features_have_one_size_and_are_as_wide_as_the_longest(spectrograms, features):
    longest = int(8 * np.log(spectrograms.n_frames.max()))
    assert features.shape == (60, 40, longest)
    assert features.dtype == np.float32
    assert np.isfinite(features).all()


def test_the_loudest_band_is_the_middle_one(features):
    peaks = features.mean(axis=2).argmax(axis=1)
    # All simulated calls lie far from the edges of the kept bands, but for the highest.
    assert (peaks == 20).mean() > 0.9


def test_normalising_is_the_steps_in_their_order(spectrograms, features):
    longest = features.shape[2]
    for spectrogram, normalised in zip(spectrograms.spectrograms, features, strict=True):
        resized = resize_duration(apply_threshold(spectrogram))
        np.testing.assert_array_equal(centre(pad(resized, longest)), normalised)


def test_normalising_leaves_the_spectrograms_alone(recording):
    spectrograms = usvlib.syllable_spectrograms(recording)
    before = [spectrogram.copy() for spectrogram in spectrograms.spectrograms]
    usvlib.normalise(spectrograms)
    for one, other in zip(before, spectrograms.spectrograms, strict=True):
        np.testing.assert_array_equal(one, other)


def test_syllables_of_which_a_threshold_leaves_nothing_are_a_warning(spectrograms):
    recipe = usvlib.Recipe(threshold=100.0)
    with pytest.warns(usvlib.UsvWarning, match="60 of 60 syllables .* threshold=100") as caught:
        features = usvlib.normalise(spectrograms, recipe)
    assert caught[0].filename == __file__
    assert not features.any()

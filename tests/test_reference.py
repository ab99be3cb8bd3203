"""Real recordings against the stages that the original notebook's code computes of them."""

import numpy as np
import pytest

import usvlib
from usvlib.data import recording_from_audio
from usvlib.normalisation import apply_threshold, centre, pad, resize_duration

NUMBERS = (1, 2, 3, 8)
LONGEST = 41  # columns of the reference's features


@pytest.fixture(scope="module")
def amvoc(shared_recordings):
    folder = shared_recordings / "amvoc"
    return {
        number: recording_from_audio(folder / f"rec_{number}.wav", folder / f"gt_{number}.csv")
        for number in NUMBERS
    }


@pytest.fixture(scope="module")
def pooled(amvoc):
    return usvlib.syllable_spectrograms(list(amvoc.values()))


@pytest.fixture(scope="module")
def stages(amvoc):
    return {number: usvlib.syllable_spectrograms(recording) for number, recording in amvoc.items()}


@pytest.fixture(scope="module")
def references(shared_reference):
    loaded = {}
    for number in NUMBERS:
        with np.load(shared_reference / f"amvoc_rec_{number}.npz") as npz:
            loaded[number] = {key: npz[key] for key in npz.files}
    return loaded


@pytest.fixture(params=NUMBERS)
def number(request):
    return request.param


def _split(concatenated, widths):
    return np.split(concatenated, np.cumsum(widths)[:-1], axis=1)


def test_the_syllables_are_where_the_reference_has_them(number, amvoc, references):
    np.testing.assert_array_equal(amvoc[number].onsets, references[number]["syllable_onsets"])
    np.testing.assert_array_equal(amvoc[number].offsets, references[number]["syllable_offsets"])
    assert amvoc[number].samplerate_hz == references[number]["samplerate"]


def test_the_mel_spectrogram_is_the_tutorials(number, amvoc, references):
    recording, expected = amvoc[number], references[number]["mel_spectrogram"]
    amplitudes, _, times_s = usvlib.mel_spectrogram(recording, 0, recording.duration_s)
    assert amplitudes.shape == expected.shape
    assert np.abs(amplitudes - expected).max() <= 1e-5 * expected.max()
    np.testing.assert_allclose(times_s, np.arange(expected.shape[1]) / 1000)


def test_the_noise_floor_is_the_tutorials(number, stages, references):
    floor = references[number]["noise_floor"]
    np.testing.assert_allclose(stages[number].noise_floor, floor[np.newaxis], rtol=5e-4)


def test_each_syllable_has_the_frames_of_the_tutorial(number, stages, references):
    np.testing.assert_array_equal(stages[number].n_frames, references[number]["syllable_frames"])


def test_the_thresholded_syllables_are_the_tutorials(number, stages, references):
    expected = references[number]["syllable_spectrograms"]
    ours = np.concatenate([apply_threshold(s) for s in stages[number].spectrograms], axis=1)
    # A noise floor within 0.05 % is one within 0.0007 log2 units, and amplitudes add as little.
    np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-3)


def test_the_resized_syllables_are_the_tutorials(number, stages, references):
    expected = references[number]
    ours = [resize_duration(apply_threshold(s)) for s in stages[number].spectrograms]
    np.testing.assert_array_equal([s.shape[1] for s in ours], expected["resized_frames"])
    np.testing.assert_allclose(
        np.concatenate(ours, axis=1), expected["resized_spectrograms"], rtol=0, atol=1e-3
    )


def test_the_pooled_features_are_the_tutorials(pooled, references):
    features = usvlib.normalise(pooled)
    expected = np.concatenate([references[n]["centred_spectrograms"] for n in NUMBERS])
    assert features.shape == expected.shape == (128, 40, LONGEST)
    differences = np.abs(features - expected)
    alike = differences.max(axis=(1, 2)) <= 0.02
    assert alike.mean() >= 0.99
    assert differences[alike].mean() <= 0.001


def test_pooling_leaves_every_recording_its_own_noise_floor(pooled, stages):
    np.testing.assert_array_equal(
        pooled.noise_floor, np.concatenate([stages[n].noise_floor for n in NUMBERS])
    )
    singles = [s for n in NUMBERS for s in stages[n].spectrograms]
    assert len(pooled) == len(singles) == 128
    for together, alone in zip(pooled.spectrograms, singles, strict=True):
        np.testing.assert_array_equal(together, alone)


def test_pooled_syllables_know_their_recording_and_their_place_in_it(pooled, amvoc, stages):
    expected = np.repeat(range(len(NUMBERS)), [len(stages[n]) for n in NUMBERS])
    np.testing.assert_array_equal(pooled.recording_index, expected)
    np.testing.assert_allclose(
        pooled.onset_s, np.concatenate([r.onsets / r.samplerate_hz for r in amvoc.values()])
    )


def test_pooled_features_are_those_of_the_files_put_together(pooled, stages):
    single = [resize_duration(apply_threshold(s)) for n in NUMBERS for s in stages[n].spectrograms]
    put_together = np.stack([centre(pad(s, LONGEST)) for s in single])
    assert not pooled.blank.any()
    np.testing.assert_array_equal(usvlib.normalise(pooled), put_together)

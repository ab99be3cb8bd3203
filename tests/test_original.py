"""usvlib against the tutorial's own steps on simulated audio, which needs no shared folder."""

import numpy as np
import original
import pytest

import usvlib
from usvlib.normalisation import apply_threshold

N_SYLLABLES = 40


@pytest.fixture(scope="module")
def simulated():
    recording = usvlib.simulate_recording(N_SYLLABLES, seed=5)
    return recording, usvlib.syllable_spectrograms(recording)


@pytest.fixture(scope="module")
def tutorial(simulated):
    """The tutorial's stages of the same audio, all of it in memory."""
    recording, _ = simulated
    samples = np.concatenate(list(recording.blocks()))
    specgram, floor = original.mel_spectrogram(samples, recording.samplerate_hz)
    return (
        specgram,
        floor,
        original.syllables(
            specgram, floor, recording.samplerate_hz, recording.onsets, recording.offsets
        ),
    )


def test_the_mel_spectrogram_agrees_with_librosa(simulated, tutorial):
    recording, _ = simulated
    specgram, *_ = tutorial
    amplitudes, *_ = usvlib.mel_spectrogram(recording, 0, recording.duration_s)
    assert amplitudes.shape == specgram.shape
    assert np.abs(amplitudes - specgram).max() <= 1e-5 * specgram.max()


def test_the_noise_floor_agrees_with_the_median(simulated, tutorial):
    np.testing.assert_allclose(simulated[1].noise_floor[0], tutorial[1], rtol=1 / 2048)


def test_the_thresholded_syllables_agree(simulated, tutorial):
    ours = [apply_threshold(s) for s in simulated[1].spectrograms]
    assert len(ours) == len(tutorial[2]) == N_SYLLABLES
    for spectrogram, spec in zip(ours, tutorial[2], strict=True):
        assert spectrogram.shape == spec.shape
        np.testing.assert_allclose(spectrogram, spec, rtol=0, atol=1e-3)


def test_the_whole_way_to_centred_features_agrees(simulated, tutorial):
    ours = usvlib.normalise(simulated[1])
    theirs = original.centred_features(tutorial[2])
    assert ours.shape == theirs.shape
    differences = np.abs(ours - theirs)
    alike = differences.max(axis=(1, 2)) <= 0.02
    # Where two bands are equally loud, rounding decides on which one a syllable is centred.
    assert alike.mean() >= 0.97
    assert differences[alike].mean() <= 0.001

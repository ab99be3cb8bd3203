"""The sounds in a page: each syllable slowed down, and nothing louder beside it."""

import io

import numpy as np
import pytest
import soundfile
from sounds import noise, tone

import usvlib
from usvlib.explorer import clips


def recorded(samples, samplerate_hz=250_000):
    return usvlib.recording_from_array(samples, samplerate_hz, [100], [200])


def heard(recording, onset_s=0.1, duration_s=0.05, lowest_hz=40_000):
    """Samples and rate of a clip, decoded."""
    clip = clips.encode_clip(recording, onset_s, duration_s, lowest_hz)
    samples, rate_hz = soundfile.read(io.BytesIO(clip))
    assert samples.ndim == 1
    return samples, rate_hz


def strongest_hz(samples, rate_hz):
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return np.fft.rfftfreq(len(samples), 1 / rate_hz)[spectrum.argmax()]


@pytest.mark.parametrize("samplerate_hz", [192_000, 250_000, 300_000, 333_333.3, 500_000])
@pytest.mark.parametrize("syllable_hz", [45_000, 70_000, 90_000])
def test_a_syllable_is_heard_at_a_sixteenth_of_its_frequency(samplerate_hz, syllable_hz):
    n = round(0.25 * samplerate_hz)
    samples = noise(n) + tone(syllable_hz, syllable_hz, n, samplerate_hz)
    found, rate_hz = heard(recorded(samples, samplerate_hz))
    assert strongest_hz(found, rate_hz) == pytest.approx(syllable_hz / 16, rel=0.01)
    # The clip holds the syllable and its margins, sixteen times as long.
    assert len(found) / rate_hz == pytest.approx(16 * (0.05 + 2 * clips.MARGIN_S), abs=0.01)


def test_a_loud_hum_below_the_spectrogram_is_not_heard():
    syllable = noise(62_500) + tone(70e3, 70e3, 62_500)
    found, rate_hz = heard(recorded(syllable + tone(2e3, 2e3, 62_500, amplitude=0.9)))
    assert strongest_hz(found, rate_hz) == pytest.approx(70_000 / 16, rel=0.01)


def test_a_hum_cut_at_its_crest_makes_no_click():
    hum = 0.9 * np.cos(2 * np.pi * 400 * (np.arange(62_500) - 23_750) / 250_000)
    found, _ = heard(recorded(noise(62_500) + tone(70e3, 70e3, 62_500) + hum))
    assert found.std() > 0.4


def test_a_very_long_syllable_does_not_silence_the_others():
    samples = noise(1_000_000) + tone(70e3, 70e3, 1_000_000)
    onsets = np.array([0, 800_000, 850_000, 900_000])
    offsets = onsets + np.array([750_000, 10_000, 10_000, 10_000])
    recording = usvlib.recording_from_array(samples, 250_000, onsets, offsets)
    spectrograms = usvlib.syllable_spectrograms(recording)
    found = clips.first_clips(spectrograms, [recording], range(4), 50_000)
    assert sorted(found) == [1, 2, 3]


def test_faint_and_loud_syllables_are_equally_loud():
    loudness = []
    for amplitude in (0.02, 0.5):
        syllable = 0.1 * noise(62_500) + tone(70e3, 70e3, 62_500, amplitude=amplitude)
        loudness.append(heard(recorded(syllable))[0].std())
    assert loudness[0] == pytest.approx(loudness[1], rel=0.1)


def test_times_within_a_syllable_are_kept():
    samples = noise(62_500)
    samples[30_000:] += tone(70e3, 70e3, 32_500)  # begins 20 ms after the onset
    found, rate_hz = heard(recorded(samples))
    began_s = np.flatnonzero(np.abs(found) > 0.5)[0] / rate_hz
    assert began_s == pytest.approx(16 * (0.02 + clips.MARGIN_S), abs=0.03)


@pytest.mark.parametrize(("onset_s", "duration_s"), [(0.0, 0.03), (0.21, 0.04), (0.1, 0.0004)])
def test_a_syllable_at_the_edge_or_a_very_short_one_is_heard(onset_s, duration_s):
    syllable = noise(62_500) + tone(70e3, 70e3, 62_500)
    found, rate_hz = heard(recorded(syllable), onset_s, duration_s)
    assert strongest_hz(found, rate_hz) == pytest.approx(70_000 / 16, rel=0.05)


def test_digital_silence_stays_silent():
    found, _ = heard(recorded(np.zeros(62_500)))
    assert np.abs(found).max() < 1e-3


def test_a_clip_of_an_ordinary_syllable_is_small():
    syllable = noise(62_500) + tone(80e3, 60e3, 62_500)
    assert len(clips.encode_clip(recorded(syllable), 0.1, 0.05, 40_000)) < 4000

"""One pass over the audio gives the same result however it is cut, and follows the recipe."""

import dataclasses
import subprocess
import sys
import time
import tracemalloc

import joblib
import librosa
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sounds import RATE, noise, refused, short_recording, tone, tones_in_noise

import usvlib
from usvlib import ORIGINAL
from usvlib._engine import mel_filters, mel_frames, stream
from usvlib.normalisation import centre

# Of float32, over a transform of 2,048 samples.
ROUNDING = 1e-4


def _with(**changes):
    return dataclasses.replace(ORIGINAL, **changes)


def _assert_same(ours, theirs):
    """Compare two lists of spectrograms."""
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=ROUNDING)


@pytest.fixture(scope="module")
def tones():
    return short_recording()


@pytest.fixture(scope="module")
def of_tones(tones):
    return usvlib.syllable_spectrograms(tones)


@settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(st.sampled_from([1, 7, 64, 1000, 10**5]), st.integers(1, 9))
def test_the_size_of_the_pieces_and_the_number_of_threads_change_nothing(
    tones, of_tones, n_frames, n_threads
):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stream, "FRAMES_PER_PIECE", n_frames)
        patch.setattr(joblib, "cpu_count", lambda: n_threads)
        ours = usvlib.syllable_spectrograms(tones)
    np.testing.assert_allclose(ours.noise_floor, of_tones.noise_floor, rtol=1e-6)
    _assert_same(ours.spectrograms, of_tones.spectrograms)


@pytest.mark.parametrize("n_threads", [1, 2, 5])
def test_the_number_of_threads_does_not_change_the_last_bit(
    monkeypatch, recording, spectrograms, n_threads
):
    monkeypatch.setattr(joblib, "cpu_count", lambda: n_threads)
    ours = usvlib.syllable_spectrograms(recording)
    np.testing.assert_array_equal(ours.noise_floor, spectrograms.noise_floor)
    for a, b in zip(ours.spectrograms, spectrograms.spectrograms, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_syllable_is_its_excerpt_of_the_recording_over_the_floor(recording, spectrograms):
    kept = ORIGINAL.bands
    floor = spectrograms.noise_floor[0][kept, np.newaxis]
    for i in (0, 17, 59):
        first, last = recording.onsets[i] // 300, recording.offsets[i] // 300
        amplitudes, frequencies_hz, times_s = usvlib.mel_spectrogram(
            recording, first / 1000, (last - 0.5) / 1000
        )
        np.testing.assert_allclose(times_s, np.arange(first, last) / 1000)
        np.testing.assert_array_equal(frequencies_hz[kept], spectrograms.frequencies_hz)
        np.testing.assert_allclose(
            spectrograms.spectrograms[i], np.log2(amplitudes[kept] / floor), rtol=0, atol=1e-3
        )


@given(st.floats(0, 0.4), st.floats(0.001, 0.3))
def test_an_excerpt_has_the_frames_of_the_whole_that_lie_in_it(start_s, length_s):
    recording = short_recording()
    whole, _, all_times_s = usvlib.mel_spectrogram(recording, 0, recording.duration_s)
    stop_s = start_s + length_s
    inside = (all_times_s >= start_s - 1e-9) & (all_times_s <= stop_s + 1e-9)
    if not inside.any():
        with refused("no frame"):
            usvlib.mel_spectrogram(recording, start_s, stop_s)
        return
    amplitudes, _, times_s = usvlib.mel_spectrogram(recording, start_s, stop_s)
    # A frame that lies on the edge itself, but for rounding, may be in or out.
    edges = np.abs(all_times_s[:, np.newaxis] - [start_s, stop_s]).min(axis=1) < 1e-9
    assert set(np.flatnonzero(inside & ~edges)) <= set(np.round(times_s * 1000))
    frames = np.round(times_s * 1000).astype(int)
    assert inside[frames].all()
    np.testing.assert_allclose(amplitudes, whole[:, frames], rtol=0, atol=1e-6 * whole.max())


def test_an_excerpt_beyond_the_end_is_cut_off_there():
    recording = short_recording()
    whole, *_ = usvlib.mel_spectrogram(recording, 0, recording.duration_s)
    beyond, *_ = usvlib.mel_spectrogram(recording, -1, recording.duration_s + 1)
    np.testing.assert_array_equal(beyond, whole)
    with refused("no frame", "0.450 s long"):
        usvlib.mel_spectrogram(recording, 2, 3)


@pytest.mark.parametrize(
    ("start_s", "stop_s"),
    [
        *[(0.2, 0.1), (0.1, 0.1), (float("nan"), 1), (0, float("nan")), (0, float("inf"))],
        *[(None, 1), (0, None), ("0", 1)],
    ],
)
def test_an_excerpt_without_a_duration_is_an_error(start_s, stop_s):
    with refused("start_s", "stop_s", start_s, stop_s):
        usvlib.mel_spectrogram(short_recording(), start_s, stop_s)


def test_frames_are_those_of_the_tutorial():
    # Onsets and offsets on, before and after a multiple of the hop, 250 samples.
    onsets, offsets = np.array([5000, 10_001, 15_249]), np.array([7500, 12_749, 15_250])
    recording = short_recording(onsets=onsets, offsets=offsets)
    expected = [int(b / 250) - int(a / 250) for a, b in zip(onsets, offsets, strict=True)]
    n_frames = usvlib.syllable_spectrograms(recording).n_frames
    assert n_frames.tolist() == expected == [10, 10, 1]


def test_unsorted_and_overlapping_syllables_keep_their_order(tones, of_tones):
    order = np.array([2, 0, 3, 1, 0])
    onsets, offsets = tones.onsets[order], tones.offsets[order]
    offsets[-1] += 5000
    shuffled = usvlib.syllable_spectrograms(short_recording(onsets=onsets, offsets=offsets))
    for ours, i in zip(shuffled.spectrograms[:4], order, strict=False):
        np.testing.assert_allclose(ours, of_tones.spectrograms[i], rtol=0, atol=ROUNDING)
    longer = shuffled.spectrograms[4]
    n_frames = of_tones.n_frames[0]
    assert longer.shape[1] == n_frames + 20
    np.testing.assert_allclose(
        longer[:, :n_frames], of_tones.spectrograms[0], rtol=0, atol=ROUNDING
    )
    np.testing.assert_allclose(shuffled.onset_s, onsets / RATE)
    np.testing.assert_allclose(shuffled.duration_s, (offsets - onsets) / RATE)


def test_syllables_may_touch_the_start_and_the_end():
    samples = tone(70e3, 70e3, 50_000) + noise(50_000)
    recording = usvlib.recording_from_array(samples, RATE, [0, 40_000], [10_000, 50_000])
    ours = usvlib.syllable_spectrograms(recording)
    assert ours.n_frames.tolist() == [40, 40]
    # Even the outermost frame is half full of the tone, and so are those of the whole recording.
    assert all(np.isfinite(s).all() for s in ours.spectrograms)


@pytest.mark.parametrize("n_samples", [300, 1000, 2047, 2049])
def test_a_recording_may_be_shorter_than_a_window(n_samples):
    samples = noise(n_samples) + tone(70e3, 70e3, n_samples)
    recording = usvlib.recording_from_array(samples, RATE, [0], [n_samples])
    ours = usvlib.syllable_spectrograms(recording)
    assert ours.n_frames.tolist() == [n_samples // 250]
    amplitudes, *_ = usvlib.mel_spectrogram(recording, 0, 1)
    assert amplitudes.shape == (128, n_samples // 250 + 1)


@pytest.mark.parametrize("n_samples", [25_000, 24_999, 25_001])
@pytest.mark.parametrize("n_fft", [1024, 1023])
def test_all_frames_that_the_tutorial_would_have_count_for_the_noise_floor(n_samples, n_fft):
    samples = noise(n_samples).astype(np.float32)
    recording = usvlib.recording_from_array(samples, RATE, [0], [5000])
    recipe = _with(n_fft=n_fft, n_mels=32, crop=(0, 0), centre_halfwidth=None)
    # librosa pads n_fft // 2 zeros on both sides, and takes all the frames that fit.
    n_frames = 1 + (n_samples + 2 * (n_fft // 2) - n_fft) // 250
    amplitudes, *_ = usvlib.mel_spectrogram(recording, 0, 1, recipe)
    assert amplitudes.shape[1] == n_frames
    floor = usvlib.syllable_spectrograms(recording, recipe).noise_floor[0]
    np.testing.assert_allclose(floor, np.median(amplitudes, axis=1), rtol=1 / 2048)


def _repeated(n_seconds):
    """One second of noise, over and over, and one syllable: levels are the same at any length."""
    samples = np.tile(noise(RATE).astype(np.float32), n_seconds)
    return usvlib.recording_from_array(samples, RATE, [10_000], [20_000], fingerprint="repeated")


def test_the_memory_does_not_grow_with_the_recording(monkeypatch):
    # The number of pieces in flight depends on the machine's cores.
    monkeypatch.setattr(joblib, "cpu_count", lambda: 2)
    usvlib.syllable_spectrograms(_repeated(2))  # what is imported and compiled on first use
    long = _repeated(60)  # the samples themselves do not count
    tracemalloc.start()
    usvlib.syllable_spectrograms(long)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # 60 s are 30 MB of mel spectrogram and 490 MB of Fourier transforms. The histogram and the
    # pieces in flight are some 25 MB.
    assert peak < 40e6


def test_a_slow_consumer_keeps_few_pieces_in_memory(monkeypatch):
    monkeypatch.setattr(joblib, "cpu_count", lambda: 3)
    monkeypatch.setattr(stream, "FRAMES_PER_PIECE", 16)
    recording, begun = short_recording(), []
    read_samples = type(recording).read_samples

    def count(self, start, stop):
        begun.append(start)
        return read_samples(self, start, stop)

    monkeypatch.setattr(type(recording), "read_samples", count)
    frames = mel_frames(recording, mel_filters(RATE), 250)
    for n_consumed in range(1, 11):
        next(frames)
        time.sleep(0.02)
        assert len(begun) <= n_consumed + 2 * 3 + 1
    frames.close()
    assert len(begun) < 450 // 16


@pytest.mark.parametrize("n_threads", [1, 4])
def test_mel_frames_come_in_order_and_are_those_of_the_excerpt(monkeypatch, n_threads):
    monkeypatch.setattr(joblib, "cpu_count", lambda: n_threads)
    monkeypatch.setattr(stream, "FRAMES_PER_PIECE", 64)
    recording = short_recording()
    filters = mel_filters(RATE)
    pieces = list(mel_frames(recording, filters, 250))
    assert [first for first, _ in pieces] == list(range(0, 451, 64))
    whole = np.concatenate([amplitudes for _, amplitudes in pieces], axis=1)
    assert whole.shape == (128, 451)
    part = list(mel_frames(recording, filters, 250, 64, 200))
    assert [(first, piece.shape[1]) for first, piece in part] == [(64, 64), (128, 64), (192, 8)]
    np.testing.assert_array_equal(np.hstack([piece for _, piece in part]), whole[:, 64:200])
    assert list(mel_frames(recording, filters, 250, 5, 5)) == []


# The switches of the recipe: each changes what it should, and only that.


def test_no_threshold_keeps_what_lies_below_the_floor(spectrograms):
    plain = _with(threshold=None, time_scaling=None, centre_halfwidth=None)
    features = usvlib.normalise(spectrograms, plain)
    cut = usvlib.normalise(spectrograms, dataclasses.replace(plain, threshold=0.0))
    assert features.min() < 0 <= cut.min()
    np.testing.assert_array_equal(np.maximum(features, 0), cut)


def test_a_higher_threshold_cuts_what_lies_below_it(spectrograms):
    plain = _with(threshold=2.0, time_scaling=None, centre_halfwidth=None)
    features = usvlib.normalise(spectrograms, plain)
    everything = usvlib.normalise(spectrograms, dataclasses.replace(plain, threshold=None))
    np.testing.assert_array_equal(features, np.where(everything < 2, 0, everything))


def test_no_time_scaling_keeps_every_duration(spectrograms):
    features = usvlib.normalise(spectrograms, _with(time_scaling=None))
    assert features.shape == (60, 40, spectrograms.n_frames.max())
    shortest = spectrograms.n_frames.argmin()
    n_filled = np.count_nonzero(features[shortest].any(axis=0))
    assert n_filled <= spectrograms.n_frames[shortest]


def test_no_centring_keeps_all_bands(spectrograms, features):
    uncentred = usvlib.normalise(spectrograms, _with(centre_halfwidth=None))
    assert uncentred.shape == (60, 103, features.shape[2])
    centred = np.stack([centre(spectrogram) for spectrogram in uncentred])
    np.testing.assert_array_equal(centred, features)


def test_no_crop_keeps_all_bands(tones, of_tones):
    uncropped = usvlib.syllable_spectrograms(tones, _with(crop=(0, 0)))
    np.testing.assert_array_equal(uncropped.noise_floor, of_tones.noise_floor)
    np.testing.assert_array_equal(uncropped.frequencies_hz[15:-10], of_tones.frequencies_hz)
    for whole, kept in zip(uncropped.spectrograms, of_tones.spectrograms, strict=True):
        assert whole.shape[0] == 128
        np.testing.assert_array_equal(whole[15:-10], kept)


def test_a_hop_twice_as_long_leaves_out_every_second_frame(tones, of_tones):
    twice = _with(hop_s=0.002)
    amplitudes, frequencies_hz, times_s = usvlib.mel_spectrogram(tones, 0, 0.4, twice)
    every, all_frequencies_hz, all_times_s = usvlib.mel_spectrogram(tones, 0, 0.4)
    np.testing.assert_allclose(amplitudes, every[:, ::2], rtol=0, atol=1e-6 * every.max())
    np.testing.assert_array_equal(frequencies_hz, all_frequencies_hz)
    np.testing.assert_allclose(times_s, all_times_s[::2])
    syllables = usvlib.syllable_spectrograms(tones, twice)
    assert syllables.hop_s == 0.002
    assert of_tones.hop_s == 0.001
    assert syllables.n_frames.tolist() == (of_tones.n_frames / 2).tolist()


def test_a_hop_is_rounded_down_to_whole_samples():
    samples, onsets, offsets = tones_in_noise([(60e3, 60e3)], samplerate_hz=192_500)
    recording = usvlib.recording_from_array(samples, 192_500, onsets, offsets)
    # The tutorial's int(samplerate / 1000).
    assert usvlib.syllable_spectrograms(recording).hop_s == pytest.approx(192 / 192_500)


@pytest.mark.parametrize(
    ("samplerate_hz", "hop_s", "n_samples"),
    # As binary numbers the products of the last two are a little below 60 and 360.
    [(250_999, 0.001, 250), (44_100, 0.001, 44), (200_000, 0.0003, 60), (300_000, 0.0012, 360)],
)
def test_a_hop_has_the_whole_samples_that_fit_into_it(samplerate_hz, hop_s, n_samples):
    recipe = usvlib.Recipe(hop_s=hop_s)
    assert usvlib.spectrograms.hop_samples(samplerate_hz, recipe) == n_samples


def test_the_bands_are_as_many_and_where_the_recipe_says(tones):
    recipe = _with(n_mels=50, low_hz=50_000, high_hz=110_000, crop=(2, 3))
    ours = usvlib.syllable_spectrograms(tones, recipe)
    assert ours.noise_floor.shape == (1, 50)
    assert {s.shape[0] for s in ours.spectrograms} == {45}
    assert ours.frequencies_hz.shape == (45,)
    assert 50_000 < ours.frequencies_hz.min() < ours.frequencies_hz.max() < 110_000
    # The constant tone of 65 kHz is found in its band, and its duration is untouched.
    loudest = ours.spectrograms[2].mean(axis=1).argmax()
    assert loudest == np.abs(ours.frequencies_hz - 65_000).argmin()
    assert ours.n_frames.tolist() == [50] * 4


def test_a_longer_window_changes_the_levels_and_nothing_else(tones, of_tones):
    ours = usvlib.syllable_spectrograms(tones, _with(n_fft=4096))
    np.testing.assert_array_equal(ours.frequencies_hz, of_tones.frequencies_hz)
    np.testing.assert_array_equal(ours.n_frames, of_tones.n_frames)
    # A sum of magnitudes grows with the window for a tone, and with its power of 3/2 for noise:
    # over a window twice as long a constant tone stands out by half a log2 unit less.
    gain = ours.spectrograms[2].max(axis=0) - of_tones.spectrograms[2].max(axis=0)
    assert -0.7 < np.median(gain) < -0.3


# What cannot be measured.


def test_a_syllable_without_a_frame_is_an_error_that_names_it():
    recording = short_recording(onsets=[5000, 10_010, 15_000], offsets=[7500, 10_240, 20_000])
    with refused("array", "syllable 1", 10_010, 10_240, "no frame", "250 samples"):
        usvlib.syllable_spectrograms(recording)


def test_a_syllable_of_one_frame_is_fine():
    recording = short_recording(onsets=[5000, 10_010], offsets=[7500, 10_260])
    spectrograms = usvlib.syllable_spectrograms(recording)
    assert spectrograms.n_frames.tolist() == [10, 1]
    assert usvlib.normalise(spectrograms).shape == (2, 40, int(8 * np.log(10)))


def test_silence_in_less_than_half_of_a_recording_is_measured():
    samples, onsets, offsets = tones_in_noise([(70e3, 70e3)] * 3)
    samples[: onsets[1]] = 0
    recording = usvlib.recording_from_array(samples, RATE, onsets, offsets)
    spectrograms = usvlib.syllable_spectrograms(recording)
    assert all(np.isfinite(s).all() for s in spectrograms.spectrograms)
    assert spectrograms.blank.tolist() == [True, False, False]
    features = usvlib.normalise(spectrograms)
    assert features.any(axis=(1, 2)).tolist() == [False, True, True]


def test_recordings_of_different_sampling_rates_cannot_be_pooled():
    with refused("250000, 300000 Hz", "same"):
        usvlib.syllable_spectrograms([short_recording(), short_recording(samplerate_hz=300_000)])


@pytest.mark.parametrize(
    "several",
    [tuple, iter, lambda r: (one for one in r), lambda r: np.array(r, object)],
    ids=["tuple", "iterator", "generator", "array"],
)
def test_recordings_may_come_in_any_iterable(tones, of_tones, several):
    spectrograms = usvlib.syllable_spectrograms(several([tones, tones]))
    assert spectrograms.recording_index.tolist() == [0] * 4 + [1] * 4
    _assert_same(spectrograms.spectrograms[:4], of_tones.spectrograms)


NOT_RECORDINGS = [
    (None, "recordings is None"),
    ("a.wav", "recordings is 'a.wav'"),
    (b"", "recordings is b''"),
    (3, "recordings is 3"),
    ([], "recordings is []"),
    (iter(()), "holds no recording"),
    (np.zeros(4), "recordings[0] is np.float64(0.0)"),
    (["a.wav"], "recordings[0] is 'a.wav'"),
    (pd.DataFrame({"onset_s": [1]}), "recordings[0] is 'onset_s'"),
]


@pytest.mark.parametrize(("bad", "words"), NOT_RECORDINGS, ids=lambda x: str(x)[:20])
def test_what_is_no_recording_is_an_error_that_names_it(bad, words):
    with refused(words, "must be", "Recording"):
        usvlib.syllable_spectrograms(bad)


def test_one_that_is_no_recording_among_others_is_named(tones, of_tones):
    with refused("recordings[1] is of type SyllableSpectrograms", "Recording"):
        usvlib.syllable_spectrograms([tones, of_tones])


@pytest.mark.parametrize("bad", [None, "tutorial", 3, {}, np.zeros(3)], ids=str)
def test_what_is_no_recipe_is_an_error(tones, bad):
    with refused("recipe is", "must be", "Recipe"):
        usvlib.syllable_spectrograms(tones, bad)
    with refused("recipe is", "must be", "Recipe"):
        usvlib.mel_spectrogram(tones, 0, 0.1, bad)


@pytest.mark.parametrize("bad", [None, "a.wav", 3, np.zeros(3), []], ids=str)
def test_a_mel_spectrogram_of_what_is_no_recording_is_an_error(bad):
    with refused("recording is", "must be"):
        usvlib.mel_spectrogram(bad, 0, 0.1)


def test_a_mel_spectrogram_needs_no_syllables(tones):
    audio = usvlib.data.Audio(
        name="sound",
        samplerate_hz=RATE,
        n_samples=tones.n_samples,
        source=tones.source,
        fingerprint="sound",
    )
    for ours, theirs in zip(
        usvlib.mel_spectrogram(audio, 0, 0.1), usvlib.mel_spectrogram(tones, 0, 0.1), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


# No syllables.


@pytest.fixture
def without_syllables(tones):
    return dataclasses.replace(tones, onsets=np.zeros(0, int), offsets=np.zeros(0, int))


def test_a_recording_without_syllables_has_a_noise_floor(without_syllables, of_tones):
    spectrograms = usvlib.syllable_spectrograms(without_syllables)
    assert len(spectrograms) == 0
    np.testing.assert_array_equal(spectrograms.noise_floor, of_tones.noise_floor)
    np.testing.assert_array_equal(spectrograms.frequencies_hz, of_tones.frequencies_hz)
    assert spectrograms.n_frames.shape == spectrograms.blank.shape == (0,)
    assert spectrograms.blank.dtype == bool
    assert spectrograms.onset_s.shape == spectrograms.recording_index.shape == (0,)
    assert spectrograms.n_frames.dtype == spectrograms.recording_index.dtype == np.int64


def test_a_recording_without_syllables_counts_among_others(tones, without_syllables, of_tones):
    spectrograms = usvlib.syllable_spectrograms([without_syllables, tones])
    assert spectrograms.recording_index.tolist() == [1] * 4
    assert spectrograms.noise_floor.shape == (2, 128)
    _assert_same(spectrograms.spectrograms, of_tones.spectrograms)


def test_numba_is_imported_only_when_something_is_computed():
    code = "import sys, usvlib.spectrograms, usvlib.measures; assert 'numba' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_sampling_rate_below_the_band_is_an_error():
    with refused("44100", "22050", "40000"):
        usvlib.syllable_spectrograms(short_recording(samplerate_hz=44_100))


@pytest.mark.parametrize("hop_s", [1e-6, 0.1])
def test_a_hop_of_no_sample_or_longer_than_the_window_is_an_error(hop_s):
    with refused("hop_s", hop_s, "n_fft=2048"):
        usvlib.syllable_spectrograms(short_recording(), _with(hop_s=hop_s))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_sample_that_is_not_finite_is_an_error_that_names_it(bad):
    samples, *_ = tones_in_noise([(60e3, 60e3)] * 4)
    samples[33_333] = bad
    with refused("array", "sample 33333", "0.133332 s", "not finite"):
        usvlib.syllable_spectrograms(short_recording(samples=samples))


@pytest.mark.parametrize("factor", [1e19, 1e30])
def test_samples_too_large_for_their_spectrum_are_an_error(factor):
    samples = tones_in_noise([(60e3, 60e3)] * 4)[0].astype(np.float32)
    samples[30_000:] *= np.float32(factor)
    huge = short_recording(samples=samples, name="huge")
    with refused("huge", "float32", "full scale"):
        usvlib.syllable_spectrograms(huge)
    with refused("huge", "float32", "full scale"):
        usvlib.mel_spectrogram(huge, 0, 0.4)


def test_an_error_stops_what_has_not_begun(monkeypatch):
    monkeypatch.setattr(joblib, "cpu_count", lambda: 2)
    monkeypatch.setattr(stream, "FRAMES_PER_PIECE", 32)
    recording, n_reads = short_recording(), 0

    def fail(self, start, stop):
        nonlocal n_reads
        n_reads += 1
        raise usvlib.UsvError("the disk is gone")

    monkeypatch.setattr(type(recording), "read_samples", fail)
    with refused("the disk is gone"):
        usvlib.syllable_spectrograms(recording)
    assert n_reads < 400 // 32


@pytest.mark.parametrize("n_fft", [1000, 1536, 2047])
def test_a_window_that_is_no_power_of_two_gives_what_librosa_gives(n_fft):
    recording = short_recording()
    samples = np.concatenate(list(recording.blocks()))
    expected = librosa.feature.melspectrogram(
        y=samples, sr=RATE, n_fft=n_fft, hop_length=250, power=1, fmin=40_000, n_mels=32
    )
    recipe = _with(n_fft=n_fft, n_mels=32, crop=(0, 0), centre_halfwidth=None)
    amplitudes, *_ = usvlib.mel_spectrogram(recording, 0, recording.duration_s, recipe)
    assert np.abs(amplitudes - expected).max() <= 1e-5 * expected.max()


# Calls that the kept bands do not hold.


@pytest.fixture(scope="module")
def with_low_call():
    """The second of five calls lies at 42 kHz, below the kept bands."""
    samples, onsets, offsets = tones_in_noise(
        [(60e3, 80e3), (42e3, 42e3), (90e3, 70e3), (65e3, 65e3), (100e3, 80e3)]
    )
    return usvlib.recording_from_array(samples, RATE, onsets, offsets, name="low")


def test_a_call_below_the_kept_bands_is_flagged_and_stays_aligned(with_low_call):
    spectrograms = usvlib.syllable_spectrograms(with_low_call)
    expected = [False, True, False, False, False]
    assert spectrograms.blank.tolist() == expected
    features = usvlib.normalise(spectrograms)
    np.testing.assert_array_equal(~features.any(axis=(1, 2)), expected)
    measures = usvlib.syllable_measures(spectrograms)
    assert len(measures) == 5
    # The others are what they would be without it.
    others = np.flatnonzero(~spectrograms.blank)
    without = usvlib.recording_from_array(
        np.concatenate(list(with_low_call.blocks())),
        RATE,
        with_low_call.onsets[others],
        with_low_call.offsets[others],
    )
    np.testing.assert_array_equal(
        features[others], usvlib.normalise(usvlib.syllable_spectrograms(without))
    )


def test_a_call_below_the_kept_bands_is_not_blank_where_its_bands_are_kept(with_low_call):
    recipe = _with(crop=(0, 0))
    assert not usvlib.syllable_spectrograms(with_low_call, recipe).blank.any()


def test_noise_marked_as_a_syllable_is_blank():
    samples, onsets, offsets = tones_in_noise([(60e3, 60e3)] * 3)
    gap = onsets[1] - 12_000
    recording = usvlib.recording_from_array(samples, RATE, [*onsets, gap], [*offsets, gap + 10_000])
    spectrograms = usvlib.syllable_spectrograms(recording)
    assert spectrograms.blank.tolist() == [False, False, False, True]


# What counts as a call


@pytest.mark.parametrize("margin_ms", [0, 20])
def test_calls_are_not_blank_however_widely_they_are_annotated(recording, margin_ms):
    margin = round(margin_ms / 1000 * recording.samplerate_hz)
    wide = dataclasses.replace(
        recording,
        onsets=np.maximum(recording.onsets - margin, 0),
        offsets=np.minimum(recording.offsets + margin, recording.n_samples),
    )
    assert not usvlib.syllable_spectrograms(wide).blank.any()


def test_real_calls_are_not_blank(shared_recordings, monkeypatch):
    monkeypatch.setenv("USVLIB_DATA_DIR", str(shared_recordings))
    assert not usvlib.syllable_spectrograms(usvlib.load_recordings("amvoc")).blank.any()


def test_what_is_given_out_may_be_changed_without_harm(recording):
    spectrograms = usvlib.syllable_spectrograms(recording)
    before = spectrograms.frequencies_hz.copy()
    spectrograms.frequencies_hz[:] = 0
    usvlib.mel_spectrogram(recording, 0, 0.1)[1][:] = 0
    np.testing.assert_array_equal(usvlib.syllable_spectrograms(recording).frequencies_hz, before)


def test_the_limit_of_a_ridge_is_taken_from_enough_spans_of_noise_only():
    limit = usvlib.spectrograms._ridge_limit
    assert limit(np.full(19, 0.6)) == 0.85
    assert limit(np.full(20, 0.6)) == pytest.approx(0.6)
    # Of 50 spans, one may be stronger.
    assert limit(np.append(np.full(49, 0.5), 0.8)) == pytest.approx(0.506)
    assert (limit(np.zeros(20)), limit(np.full(20, 9.0))) == (0.45, 0.85)


def test_all_spans_of_noise_count_and_no_syllable_does(monkeypatch):
    samples, onsets, offsets = tones_in_noise([(60e3, 80e3)] * 3)
    recording = usvlib.recording_from_array(
        np.append(samples, noise(5 * RATE)), RATE, onsets, offsets
    )
    given = []

    def strengths(spans, *_):
        given.append(len(spans))
        return np.arange(len(spans), dtype=float)

    def limit(of_noise):
        given.append(of_noise.tolist())
        return 1.5

    monkeypatch.setattr(usvlib.spectrograms, "ridge_strengths", strengths)
    monkeypatch.setattr(usvlib.spectrograms, "_ridge_limit", limit)
    assert usvlib.syllable_spectrograms(recording).blank.tolist() == [True, True, False]
    n_spans, of_noise = given
    assert of_noise == list(range(3, n_spans))
    assert len(of_noise) >= 20

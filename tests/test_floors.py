"""Noise floors and blank syllables of recordings that are not as the tutorial's."""

import numpy as np
import pytest
import scipy.signal
from sounds import RATE, noise, refused, tone, tones_in_noise

import usvlib
from usvlib._engine import ridge_strengths

SWEEPS = [(60e3, 80e3), (90e3, 70e3), (65e3, 65e3), (100e3, 80e3), (55e3, 95e3), (75e3, 60e3)]


def _recording(samples, onsets, offsets, rate=RATE, name="mine"):
    return usvlib.recording_from_array(samples, rate, onsets, offsets, name=name)


def _spans(first_s, last_s, duration_s, n, rate=RATE, seed=0):
    """Spans of equal length at random places, in samples."""
    rng = np.random.default_rng(seed)
    onsets = (rng.uniform(first_s, last_s - duration_s, n) * rate).astype(int)
    return onsets, onsets + int(duration_s * rate)


# Digital silence


def _with_silence(n_zeros):
    """Six calls, two spans of noise, and zeros between them; the same without zeros."""
    samples, onsets, offsets = tones_in_noise(SWEEPS, gap_s=0.2)
    gaps = onsets[[1, 3]] - 30_000
    onsets, offsets = np.append(onsets, gaps), np.append(offsets, gaps + 12_500)
    plain = _recording(samples, onsets, offsets)
    # After each of the first four calls, where nothing is marked.
    places = offsets[:4] + 5_000
    for place in places[::-1]:
        samples = np.insert(samples, place, np.zeros(n_zeros // 4))
        onsets, offsets = (x + n_zeros // 4 * (x > place) for x in (onsets, offsets))
    return plain, _recording(samples, onsets, offsets)


@pytest.mark.parametrize("share", [0.3, 0.48, 0.7, 0.95])
def test_frames_of_digital_silence_do_not_count(share):
    n_recorded = 6 * 62_500 + 50_000
    plain, silent = _with_silence(int(share / (1 - share) * n_recorded))
    without, ours = (usvlib.syllable_spectrograms(r) for r in (plain, silent))
    assert ours.blank.tolist() == without.blank.tolist() == [False] * 6 + [True] * 2
    np.testing.assert_allclose(ours.noise_floor, without.noise_floor, rtol=0.05)
    for a, b in zip(ours.spectrograms, without.spectrograms, strict=True):
        np.testing.assert_allclose(a.max(), b.max(), atol=0.1)


def test_a_recording_of_zeros_alone_is_refused():
    with refused("mine", "all samples are 0"):
        usvlib.syllable_spectrograms(_recording(np.zeros(100_000), [1000], [9000]))


# Calls that fill most of the time


def _constant_calls(khz, share, n=8):
    """Calls of one pitch that fill a share of the recording."""
    n_period = 50_000
    n_call = int(share * n_period)
    samples = noise(n * n_period)
    onsets = n_period * np.arange(n) + (n_period - n_call) // 2
    for onset in onsets:
        samples[onset : onset + n_call] += tone(1000 * khz, 1000 * khz, n_call)
    return samples, onsets, onsets + n_call


@pytest.mark.parametrize(("khz", "recipe"), [(70, "tutorial"), (22, "rat")])
@pytest.mark.parametrize("share", [0.55, 0.85])
def test_a_call_is_not_its_own_noise_floor(khz, recipe, share):
    recording = _recording(*_constant_calls(khz, share))
    with pytest.warns(usvlib.UsvWarning, match="mine: calls fill .* for most of the time"):
        spectrograms = usvlib.syllable_spectrograms(recording, usvlib.RECIPES[recipe])
    assert not spectrograms.blank.any()
    measures = usvlib.syllable_measures(spectrograms)
    assert measures.mean_frequency_khz.between(khz - 1, khz + 1).all()
    assert (measures.level_db > 30).all()


def test_of_recordings_of_one_call_each_the_others_noise_serves():
    samples, onsets, offsets = _constant_calls(70, 0.5, n=3)
    usual = _recording(samples, onsets, offsets, name="usual")
    call = noise(30_000, seed=1) + tone(70e3, 70e3, 30_000)
    trimmed = _recording(call, [0], [30_000], name="trimmed")
    with pytest.warns(usvlib.UsvWarning, match="trimmed: calls fill .* that of others"):
        spectrograms = usvlib.syllable_spectrograms([usual, trimmed])
    assert not spectrograms.blank.any()
    assert usvlib.syllable_measures(spectrograms).mean_frequency_khz.between(69, 71).all()


def test_where_calls_sweep_the_floor_is_the_tutorials():
    # They fill two thirds of the time, and each band for a small part of it.
    samples, onsets, offsets = tones_in_noise(8 * [(100e3, 55e3), (55e3, 110e3)], 0.1, 0.05)
    recording = _recording(samples, onsets, offsets)
    floor = usvlib.syllable_spectrograms(recording).noise_floor[0]
    amplitudes, *_ = usvlib.mel_spectrogram(recording, 0, recording.duration_s)
    np.testing.assert_allclose(floor, np.median(amplitudes, axis=1), rtol=1 / 1024)


# Noise that changes, and bands without noise


@pytest.mark.parametrize("rise_db", [6, 12])
@pytest.mark.parametrize("duration_s", [0.01, 0.04, 0.15])
def test_noise_that_becomes_louder_is_no_call(rise_db, duration_s):
    samples = noise(10 * RATE)
    samples[5 * RATE :] *= 10 ** (rise_db / 20)
    onsets, offsets = _spans(5.1, 9.9, duration_s, 100)
    blank = usvlib.syllable_spectrograms(_recording(samples, onsets, offsets)).blank
    assert blank.mean() >= 0.8


@pytest.mark.parametrize("kind", ["float", "24 bits"])
def test_bands_that_resampling_left_empty_are_left_out(kind):
    samples, onsets, offsets = tones_in_noise(
        [(50e3, 70e3), (80e3, 60e3), (62e3, 62e3)], samplerate_hz=192_000
    )
    samples = scipy.signal.resample(samples, len(samples) * 25 // 16)
    onsets, offsets = (x * 25 // 16 for x in (onsets, offsets))
    if kind == "24 bits":
        samples = np.round(samples * 2**23) / 2**23
    with pytest.warns(usvlib.UsvWarning, match=r"mine: \d+ bands .* hold no recorded noise"):
        spectrograms = usvlib.syllable_spectrograms(_recording(samples, onsets, offsets, 300_000))
    above = spectrograms.frequencies_hz > 98_000
    assert all((s[above] == 0).all() for s in spectrograms.spectrograms)
    assert not spectrograms.blank.any()
    # Windows are centred on the calls.
    thresholded = [np.maximum(s, 0).mean(axis=1) for s in spectrograms.spectrograms]
    peaks_khz = spectrograms.frequencies_hz[[t.argmax() for t in thresholded]] / 1000
    assert ((peaks_khz > 48) & (peaks_khz < 82)).all()


def test_an_ordinary_recording_has_nothing_to_say(recording, recwarn):
    usvlib.syllable_spectrograms(recording)
    assert not [w for w in recwarn if issubclass(w.category, usvlib.UsvWarning)]


def test_less_than_an_octave_is_a_warning():
    samples, onsets, offsets = tones_in_noise([(42e3, 44e3)], samplerate_hz=96_000)
    with pytest.warns(usvlib.UsvWarning, match="96 kHz the recipe keeps 40.9 to 47.3 kHz"):
        usvlib.syllable_spectrograms(_recording(samples, onsets, offsets, 96_000))


# What is blank


def test_nothing_is_measured_of_a_blank_syllable():
    samples, onsets, offsets = tones_in_noise([(60e3, 80e3), (42e3, 42e3), (90e3, 70e3)])
    spectrograms = usvlib.syllable_spectrograms(_recording(samples, onsets, offsets))
    measures = usvlib.syllable_measures(spectrograms)
    assert measures.blank.tolist() == [False, True, False]
    of_contour = measures.columns[3:-1]
    assert measures[of_contour].isna().all(axis=1).tolist() == [False, True, False]
    assert measures.duration_ms.notna().all()
    contours = usvlib.frequency_contours(spectrograms)
    assert [np.isnan(c).all() for c in contours] == [False, True, False]


@pytest.mark.parametrize("recipe", list(usvlib.RECIPES))
@pytest.mark.parametrize("duration_s", [0.006, 0.02, 0.06, 0.2])
def test_noise_alone_is_blank(recipe, duration_s):
    rate = 32_000 if recipe == "songbird" else RATE
    onsets, offsets = _spans(0.1, 9.9, duration_s, 200, rate, seed=1)
    coloured = scipy.signal.lfilter([1], [1, -0.6], noise(10 * rate, seed=2))
    recording = _recording(coloured, onsets, offsets, rate)
    blank = usvlib.syllable_spectrograms(recording, usvlib.RECIPES[recipe]).blank
    assert blank.mean() >= 0.95


def test_clicks_are_mostly_blank():
    rng = np.random.default_rng(0)
    samples = noise(10 * RATE)
    places = np.sort(rng.integers(RATE // 10, 10 * RATE - RATE // 10, 60))
    for place in places:
        samples[place : place + 60] += 0.01 * rng.standard_normal(60)
    recording = _recording(samples, places - 2500, places + 5000)
    assert usvlib.syllable_spectrograms(recording).blank.mean() >= 0.9


def _faint(level_db, n=200):
    latents = np.random.default_rng(7).standard_normal((n, 6))
    latents[:, 0] = np.maximum(latents[:, 0], -0.5)  # of 32 ms and more
    given = {"level_db": level_db, "harmonic": 0}
    recording = usvlib.data.simulate_from_latents(latents, 5, RATE, given)
    return usvlib.syllable_spectrograms(recording)


@pytest.mark.parametrize(("level_db", "least_log2", "most_blank"), [(19, 1.8, 0.03), (22, 2.3, 0)])
def test_faint_calls_of_ordinary_duration_are_not_blank(level_db, least_log2, most_blank):
    spectrograms = _faint(level_db)
    peaks = [s.max() for s in spectrograms.spectrograms]
    assert np.median(peaks) < least_log2 + 0.3
    assert spectrograms.blank.mean() <= most_blank


def _amvoc(monkeypatch, folder):
    monkeypatch.setenv("USVLIB_DATA_DIR", str(folder))
    return usvlib.load_recordings("amvoc")


@pytest.mark.parametrize("duration_s", [0.012, 0.045])
def test_the_noise_of_real_recordings_is_mostly_blank(shared_recordings, monkeypatch, duration_s):
    shares = []
    for number, recording in enumerate(_amvoc(monkeypatch, shared_recordings)):
        marked = np.zeros(recording.n_samples + 1, bool)
        margin = RATE // 100
        for onset, offset in zip(recording.onsets, recording.offsets, strict=True):
            marked[max(onset - margin, 0) : offset + margin] = True
        onsets, offsets = _spans(0, recording.duration_s, duration_s, 800, seed=number)
        free = ~np.array([marked[a:b].any() for a, b in zip(onsets, offsets, strict=True)])
        samples = np.concatenate(list(recording.blocks()))
        spans = _recording(samples, onsets[free], offsets[free])
        shares.append(usvlib.syllable_spectrograms(spans).blank.mean())
    assert np.mean(shares) >= 0.95
    assert min(shares) >= 0.9


def test_real_calls_in_louder_noise_are_found_while_they_can_be_seen(
    shared_recordings, monkeypatch
):
    n_all = n_faint = n_blank = 0
    for recording in _amvoc(monkeypatch, shared_recordings):
        samples = np.concatenate(list(recording.blocks()))
        white = samples[: RATE // 2].std() * np.random.default_rng(0).standard_normal(len(samples))
        for gain in (1, 2, 4):
            spectrograms = usvlib.syllable_spectrograms(
                _recording(samples + gain * white, recording.onsets, recording.offsets)
            )
            peaks = np.array([s.max() for s in spectrograms.spectrograms])
            # A call that some band shows for 8 ms, at 1.5 log2 units over the floor, can be seen.
            n_above = np.array([(s.max(axis=0) >= 1.5).sum() for s in spectrograms.spectrograms])
            faint = (peaks < 3) & (n_above >= 8)
            n_all += len(faint)
            n_faint += faint.sum()
            n_blank += (faint & spectrograms.blank).sum()
    assert n_faint >= 50
    assert n_blank <= 0.01 * n_all


# The strength of a ridge


def _ridge(shape=(20, 30)):
    return np.zeros(shape, np.float32)


def test_a_ridge_pays_for_each_band_that_it_moves():
    spectrogram = _ridge()
    spectrogram[5, :10] = spectrogram[8, 10:20] = 2
    # 20 frames of 2 - 0.75, less three bands at 0.15.
    [strength] = ridge_strengths([spectrogram], noise_log2=0.75, window_frames=1)
    assert strength == pytest.approx(20 * 1.25 - 0.45)


def test_a_ridge_ends_where_noise_would_weaken_it():
    spectrogram = _ridge()
    spectrogram[5, 10:14] = 2
    spectrogram[5, 20] = 1
    [strength] = ridge_strengths([spectrogram], noise_log2=0.5, window_frames=2)
    assert strength == pytest.approx(4 * 1.5 / 2)


@pytest.mark.parametrize(("n_bands", "taken_off"), [(15, 0), (16, 2.5)])
def test_what_all_bands_share_is_taken_off_up_to_a_limit(n_bands, taken_off):
    spectrogram = _ridge((n_bands, 30))
    spectrogram[:, 10:20] = 4
    [strength] = ridge_strengths([spectrogram], noise_log2=0.5, window_frames=5)
    assert strength == pytest.approx(10 * (4 - taken_off - 0.5) / 5)


def test_a_syllable_shorter_than_a_window_needs_less():
    # 3 ms in a window of 8 ms: far from the whole strength, and yet no noise.
    samples, onsets, offsets = tones_in_noise([(60e3, 60e3)] * 8, duration_s=0.003)
    blank = usvlib.syllable_spectrograms(_recording(samples, onsets, offsets)).blank
    assert not blank.any()


@pytest.mark.parametrize(
    ("of_noise", "limit"), [(0.1, 0.45), (0.7, 0.7), (3.0, 0.85), (None, 0.85)]
)
def test_a_call_must_be_stronger_than_the_noise_of_its_recording(monkeypatch, of_noise, limit):
    samples, onsets, offsets = tones_in_noise([(60e3, 60e3)] * 3, gap_s=0.05 if of_noise else 0.01)
    if of_noise:
        samples = np.append(samples, noise(5 * RATE))
    recording = _recording(samples, onsets, offsets)
    for strength, blank in ((limit - 0.01, True), (limit + 0.01, False)):

        def strengths(spans, *_, strength=strength):
            return np.append(np.full(3, strength), np.full(len(spans) - 3, of_noise or 0.0))

        monkeypatch.setattr(usvlib.spectrograms, "ridge_strengths", strengths)
        assert (usvlib.syllable_spectrograms(recording).blank == blank).all()

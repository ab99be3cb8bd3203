"""Measures against tones of known frequency, and against the truth of simulated syllables."""

import numpy as np
import pandas as pd
import pytest
from sounds import RATE, noise, refused, short_recording, tone, tones_in_noise

import usvlib

COLUMNS = [
    "recording",
    "onset_s",
    "duration_ms",
    "mean_frequency_khz",
    "peak_frequency_khz",
    "bandwidth_khz",
    "slope_khz_per_ms",
    "largest_step_khz",
    "level_db",
    "blank",
]
OF_CONTOUR = COLUMNS[3:-1]


def _measures_of(sweeps_hz, **how):
    samples, onsets, offsets = tones_in_noise(sweeps_hz, **how)
    recording = usvlib.recording_from_array(samples, RATE, onsets, offsets)
    return usvlib.syllable_measures(usvlib.syllable_spectrograms(recording))


# Against the simulator.


@pytest.fixture(scope="module")
def simulated():
    """A recording with 320 syllables, all above 20 dB; its spectrograms and its measures."""
    recording = usvlib.simulate_recording(320, seed=7)
    spectrograms = usvlib.syllable_spectrograms(recording)
    loud = (recording.truth.syllables.bin_level_db > 20).to_numpy()
    assert loud.sum() >= 300
    return recording, spectrograms, usvlib.syllable_measures(spectrograms)


@pytest.mark.parametrize(
    ("column", "tolerance"),
    [("mean_frequency_khz", 1.0), ("duration_ms", 2.0), ("slope_khz_per_ms", 0.15)],
)
def test_a_measure_is_near_the_truth_for_95_percent(simulated, column, tolerance):
    recording, _, measures = simulated
    difference = np.abs(measures[column] - recording.truth.syllables[column])
    assert (difference <= tolerance).mean() >= 0.95


def test_the_largest_step_is_near_the_truths_for_95_percent(simulated):
    recording, _, measures = simulated
    largest = [np.abs(np.diff(contour)).max() for contour in recording.truth.contours_khz]
    difference = np.abs(measures.largest_step_khz.abs() - largest)
    assert (difference <= 1.5).mean() >= 0.95


def test_large_jumps_go_the_right_way(simulated):
    recording, _, measures = simulated
    jump = recording.truth.syllables.jump_khz
    large = jump.abs() > 10
    assert large.sum() >= 15
    assert (np.sign(measures.largest_step_khz) == np.sign(jump))[large].mean() >= 0.95


def test_the_bandwidth_is_near_the_truth(simulated):
    recording, _, measures = simulated
    # The ends of a call are faint: what is missed of them makes it a little narrower.
    difference = np.abs(measures.bandwidth_khz - recording.truth.syllables.bandwidth_khz)
    assert np.median(difference) <= 1
    assert (difference <= 4).mean() >= 0.95


def test_louder_syllables_are_measured_as_louder(simulated):
    recording, _, measures = simulated
    # The truth's level is that over one bin of a spectrogram; a mel band holds several, and more
    # noise. The difference is much the same for all.
    difference = recording.truth.syllables.bin_level_db - measures.level_db
    assert difference.between(0, 15).mean() >= 0.95
    assert np.ptp(np.percentile(difference, [10, 90])) <= 4


def test_contours_follow_the_truth(simulated):
    recording, spectrograms, _ = simulated
    contours = usvlib.frequency_contours(spectrograms)
    assert [len(c) for c in contours] == spectrograms.n_frames.tolist()
    near, tracked = [], []
    for contour, truth, onset in zip(
        contours, recording.truth.contours_khz, recording.onsets, strict=True
    ):
        # Frame t is centred on sample 300 t, and the truth's points are 300 samples apart.
        ms_after_onset = onset // 300 + np.arange(len(contour)) - onset / 300
        expected = np.interp(ms_after_onset, np.arange(len(truth)), truth)
        near.append(np.abs(contour - expected)[np.isfinite(contour)] <= 1)
        tracked.append(np.isfinite(contour))
    assert np.concatenate(near).mean() >= 0.95
    assert np.concatenate(tracked).mean() >= 0.95
    assert np.mean([syllable.mean() >= 0.85 for syllable in near]) >= 0.95


# Against tones.


def test_the_columns_are_those_of_the_documentation():
    measures = _measures_of([(60e3, 60e3)])
    assert list(measures.columns) == COLUMNS
    assert all(column in usvlib.syllable_measures.__doc__ for column in OF_CONTOUR)


@pytest.mark.parametrize("khz", [48, 60, 75, 100, 110])
def test_a_constant_tone_has_its_frequency_and_no_slope(khz):
    [row] = _measures_of([(1000 * khz, 1000 * khz)]).to_dict("records")
    assert row["mean_frequency_khz"] == pytest.approx(khz, abs=0.3)
    assert row["peak_frequency_khz"] == pytest.approx(khz, abs=0.3)
    assert row["slope_khz_per_ms"] == pytest.approx(0, abs=0.01)
    assert row["bandwidth_khz"] < 0.6
    assert abs(row["largest_step_khz"]) < 0.6


def test_a_sweep_has_its_slope_in_khz_per_ms():
    measures = _measures_of([(60e3, 80e3), (100e3, 70e3)])
    np.testing.assert_allclose(measures.slope_khz_per_ms, [20 / 50, -30 / 50], atol=0.02)
    np.testing.assert_allclose(measures.mean_frequency_khz, [70, 85], atol=0.5)
    np.testing.assert_allclose(measures.bandwidth_khz, [20, 30], atol=1.5)
    assert (np.sign(measures.largest_step_khz) == [1, -1]).all()


def test_the_slope_does_not_depend_on_the_hop():
    samples, onsets, offsets = tones_in_noise([(60e3, 80e3)])
    recording = usvlib.recording_from_array(samples, RATE, onsets, offsets)
    for hop_s in (0.0005, 0.002):
        spectrograms = usvlib.syllable_spectrograms(recording, usvlib.Recipe(hop_s=hop_s))
        measures = usvlib.syllable_measures(spectrograms)
        assert measures.slope_khz_per_ms[0] == pytest.approx(0.4, abs=0.02)


@pytest.mark.parametrize(("low_khz", "high_khz"), [(60, 90), (90, 60)])
def test_a_jump_is_the_largest_step_with_its_sign(low_khz, high_khz):
    samples = noise(40_000)
    samples[10_000:30_000] += np.concatenate(
        [tone(1000 * khz, 1000 * khz, 10_000) for khz in (low_khz, high_khz)]
    )
    recording = usvlib.recording_from_array(samples, RATE, [10_000], [30_000])
    measures = usvlib.syllable_measures(usvlib.syllable_spectrograms(recording))
    assert measures.largest_step_khz[0] == pytest.approx(high_khz - low_khz, abs=1)


def test_a_click_does_not_capture_the_contour():
    samples, onsets, offsets = tones_in_noise([(60e3, 60e3)] * 2)
    samples[onsets[0] + 6000 : onsets[0] + 6075] += 0.5 * np.random.default_rng(1).normal(size=75)
    recording = usvlib.recording_from_array(samples, RATE, onsets, offsets)
    contour = usvlib.frequency_contours(usvlib.syllable_spectrograms(recording))[0]
    assert np.nanmax(np.abs(contour - 60)) < 5


def test_a_tone_twice_as_loud_has_6_db_more():
    samples, onsets, offsets = tones_in_noise([(60e3, 60e3)] * 3, seed=2)
    samples[onsets[1] : offsets[1]] += tone(60e3, 60e3, offsets[1] - onsets[1])
    measures = usvlib.syllable_measures(
        usvlib.syllable_spectrograms(usvlib.recording_from_array(samples, RATE, onsets, offsets))
    )
    assert measures.level_db[1] - measures.level_db[0] == pytest.approx(6.02, abs=0.5)


def test_onsets_and_durations_are_as_annotated():
    recordings = [short_recording(), short_recording(onsets=[20_001], offsets=[30_003])]
    measures = usvlib.syllable_measures(usvlib.syllable_spectrograms(recordings))
    assert measures.recording.tolist() == [0, 0, 0, 0, 1]
    np.testing.assert_allclose(measures.onset_s, [0.05, 0.15, 0.25, 0.35, 20_001 / RATE])
    np.testing.assert_allclose(measures.duration_ms, [50, 50, 50, 50, 10_002 / 250])


def test_a_syllable_that_never_stands_out_has_no_measures_of_its_contour():
    samples, onsets, offsets = tones_in_noise([(60e3, 60e3), (42e3, 42e3), (80e3, 80e3)])
    quiet = slice(onsets[1], offsets[1])
    samples[quiet] = 0.05 * samples[quiet]
    spectrograms = usvlib.syllable_spectrograms(
        usvlib.recording_from_array(samples, RATE, onsets, offsets)
    )
    measures = usvlib.syllable_measures(spectrograms)
    # Its very first and last frames reach over its neighbours' noise, but not twice the floor.
    assert measures[OF_CONTOUR].isna().all(axis=1).tolist() == [False, True, False]
    assert measures.duration_ms[1] == pytest.approx(50)
    assert np.isnan(usvlib.frequency_contours(spectrograms)[1]).all()


def test_a_syllable_of_one_frame_has_measures():
    samples = noise(50_000) + tone(70e3, 70e3, 50_000) * (np.arange(50_000) // 2500 == 6)
    recording = usvlib.recording_from_array(samples, RATE, [16_100], [16_300])
    [row] = usvlib.syllable_measures(usvlib.syllable_spectrograms(recording)).to_dict("records")
    assert row["mean_frequency_khz"] == pytest.approx(70, abs=0.5)
    assert row["slope_khz_per_ms"] == row["largest_step_khz"] == row["bandwidth_khz"] == 0


def test_a_step_is_between_successive_frames_only():
    contour = np.array([60.0, 60.5, np.nan, np.nan, 80.0, 79.0])
    level = np.where(np.isnan(contour), np.nan, 3.0)
    measures = usvlib.measures._measure(contour, level, 1.0)
    assert measures["largest_step_khz"] == -1.0
    assert measures["bandwidth_khz"] == 20.0


def test_each_measure_of_a_contour_is_taken_where_it_is_tracked():
    contour = np.array([60.0, 61.0, np.nan, np.nan, 64.0, 65.0])
    log2 = np.array([2.0, 5.0, np.nan, np.nan, 3.0, 4.0])
    measures = usvlib.measures._measure(contour, log2, 0.5)
    # The frames that are not tracked take time, too: 5 kHz in five frames of 0.5 ms.
    assert measures["slope_khz_per_ms"] == pytest.approx(2)
    assert measures["mean_frequency_khz"] == 62.5
    assert measures["peak_frequency_khz"] == 61
    assert measures["level_db"] == pytest.approx(5 * 6.0206, abs=0.001)


HZ = np.arange(100) * 1000.0


def _two_ridges(apart, n_frames, advantage):
    """A ridge of 2 log2 units, and one further up that is stronger by `advantage` for a while."""
    spectrogram = np.zeros((100, 40), np.float32)
    spectrogram[20] = 2
    spectrogram[20 + apart, 15 : 15 + n_frames] = 2 + advantage
    return usvlib.measures._contour(spectrogram, HZ)[0]


@pytest.mark.parametrize(("n_frames", "follows"), [(9, False), (11, True)])
def test_a_contour_jumps_for_five_frames_at_one_log2_unit_and_returns_for_as_many(
    n_frames, follows
):
    contour = _two_ridges(50, n_frames, 1)
    assert set(contour) == ({20, 70} if follows else {20})


@pytest.mark.parametrize(("advantage", "follows"), [(1.1, False), (1.3, True)])
def test_a_contour_moves_to_a_near_band_for_less(advantage, follows):
    # Four bands up and four down, at 0.15 each.
    contour = _two_ridges(4, 1, advantage)
    assert (contour.max() > 22) == follows


@pytest.mark.parametrize(("log2", "tracked"), [(0.99, False), (1.0, True)])
def test_a_contour_is_tracked_from_twice_the_noise_floor(log2, tracked):
    spectrogram = np.zeros((100, 40), np.float32)
    spectrogram[20] = log2
    frequency_khz, level = usvlib.measures._contour(spectrogram, HZ)
    assert np.isfinite(frequency_khz).all() == np.isfinite(level).all() == tracked


@pytest.mark.parametrize("around", [(1, 4, 1), (1, 3, 2), (3, 4, 1), (1, 4, 3.9)])
def test_a_contour_lies_between_bands_where_a_parabola_has_its_vertex(around):
    spectrogram = np.zeros((100, 5), np.float32)
    spectrogram[19:22] = np.reshape(around, (3, 1))
    frequency_khz, _ = usvlib.measures._contour(spectrogram, HZ)
    square, linear, _ = np.polyfit([-1, 0, 1], around, 2)
    np.testing.assert_allclose(frequency_khz, 20 - linear / (2 * square), atol=1e-6)


@pytest.mark.parametrize("measure", [usvlib.frequency_contours, usvlib.syllable_measures])
@pytest.mark.parametrize(
    "bad", [None, "a.wav", 3, np.zeros((4, 3)), [], pd.DataFrame({"onset_s": [1]})], ids=str
)
def test_what_is_no_spectrograms_is_an_error(measure, bad):
    with refused("spectrograms is", "must be", "SyllableSpectrograms"):
        measure(bad)


def test_no_syllables_have_a_table_without_rows():
    spectrograms = usvlib.syllable_spectrograms(short_recording(onsets=[], offsets=[]))
    measures = usvlib.syllable_measures(spectrograms)
    assert list(measures.columns) == COLUMNS
    assert len(measures) == 0
    assert measures[OF_CONTOUR].to_numpy().dtype == np.float64
    assert usvlib.frequency_contours(spectrograms) == []

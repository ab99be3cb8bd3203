"""The simulated recording: reproducible, and what it says of itself holds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sounds import refused

import usvlib
from usvlib.data import simulate_from_latents
from usvlib.data.synthesis import CHUNK, LINE_HZ

LATENTS = ["log_duration", "mean_frequency", "slope", "curvature", "wiggle", "jump"]
BAND_KHZ = (50, 112)


@pytest.fixture(scope="module")
def short():
    """Two bouts of simulated syllables with clicks, and all its samples; several chunks long."""
    recording = usvlib.simulate_recording(12, seed=4)
    assert recording.n_samples > 2 * CHUNK
    return recording, recording.read(0, recording.duration_s)


@pytest.fixture(scope="module")
def default():
    """The recording that the book is built on where nothing was fetched; its audio is not read."""
    return usvlib.simulate_recording()


@given(st.integers(1000, 700_000))
@settings(max_examples=12)
def test_the_samples_do_not_depend_on_the_size_of_the_blocks(short, n_samples):
    recording, samples = short
    np.testing.assert_array_equal(np.concatenate(list(recording.blocks(n_samples))), samples)


@given(st.floats(0, 1), st.integers(0, 50_000))
def test_any_span_is_that_of_the_whole(short, where, length):
    recording, samples = short
    start = int(where * recording.n_samples)
    stop = min(start + length, recording.n_samples)
    np.testing.assert_array_equal(recording.source.samples(start, stop), samples[start:stop])


@given(st.integers(-150, 150), st.integers(0, 300))
def test_spans_around_the_edges_of_noise_syllables_and_clicks_are_those_of_the_whole(
    short, shift, length
):
    recording, samples = short
    clicks = recording.source.sound.clicks
    assert len(clicks)
    for edge in (CHUNK, *recording.onsets[:4], *recording.offsets[:4], *clicks[:4]):
        start, stop = edge + shift, edge + shift + length
        np.testing.assert_array_equal(recording.source.samples(start, stop), samples[start:stop])


def test_the_same_seed_gives_the_same_recording(short):
    recording, samples = short
    again = usvlib.simulate_recording(12, seed=4)
    np.testing.assert_array_equal(again.read(0, again.duration_s), samples)
    assert again.fingerprint == recording.fingerprint
    assert again.truth.syllables.equals(recording.truth.syllables)


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 5},
        {"n_syllables": 13},
        {"samplerate_hz": 250_000},
        {"n_types": 3},
        {"band_hz": (50_000, 100_000)},
    ],
)
def test_other_arguments_give_another_recording(short, changes):
    recording, samples = short
    other = usvlib.simulate_recording(**{"n_syllables": 12, "seed": 4} | changes)
    assert other.fingerprint != recording.fingerprint
    n = min(other.n_samples, recording.n_samples)
    assert not np.array_equal(other.source.samples(0, n), samples[:n])


def test_reading_a_span_leaves_no_trace_in_the_next(short):
    recording, samples = short
    span = slice(int(recording.onsets[0]), int(recording.offsets[0]))
    recording.source.samples(span.start, span.stop)[:] = 7
    np.testing.assert_array_equal(recording.source.samples(span.start, span.stop), samples[span])


def test_the_default_is_1600_syllables_at_300_khz(default):
    assert default.n_syllables == 1600
    assert default.samplerate_hz == 300_000
    assert default.name == "simulated"
    assert 300 < default.duration_s < 600


def test_samples_are_float32_within_full_scale(short):
    _, samples = short
    assert samples.dtype == np.float32
    assert np.abs(samples).max() < 1


def test_the_truth_has_a_row_and_a_contour_for_each_syllable(default):
    table, contours = default.truth.syllables, default.truth.contours_khz
    assert len(table) == len(contours) == 1600
    np.testing.assert_allclose(
        table.duration_ms, (default.offsets - default.onsets) / 300, atol=1 / 300
    )
    for contour, row in zip(contours, table.itertuples(), strict=True):
        assert len(contour) == np.ceil(row.duration_ms)
        assert contour.mean() == pytest.approx(row.mean_frequency_khz)
        assert np.ptp(contour) == pytest.approx(row.bandwidth_khz)


def test_all_contours_stay_inside_the_band(default):
    everything = np.concatenate(default.truth.contours_khz)
    assert BAND_KHZ[0] <= everything.min() < everything.max() <= BAND_KHZ[1]


def test_contours_stay_inside_another_band():
    other = usvlib.simulate_recording(200, seed=2, band_hz=(60_000, 80_000))
    everything = np.concatenate(other.truth.contours_khz)
    assert 60 <= everything.min() < everything.max() <= 80


def test_syllables_neither_overlap_nor_touch_the_ends(default):
    assert (default.onsets[1:] > default.offsets[:-1]).all()
    assert default.onsets[0] > 0
    assert default.offsets[-1] < default.n_samples


def test_durations_are_those_of_the_documentation(default):
    # "Median 46 ms, and a twentieth of the calls below 14 or above 159 ms."
    low, median, high = np.percentile(default.truth.syllables.duration_ms, [5, 50, 95])
    assert median == pytest.approx(46, rel=0.08)
    assert low == pytest.approx(14, rel=0.12)
    assert high == pytest.approx(159, rel=0.12)


def test_gaps_are_those_of_the_documentation(default):
    # "Median 63 ms, with a long tail (5, 25, 75, 95 %: 31, 48, 93, 577 ms)", within a bout; a
    # bout begins with every twentieth call, after 0.8 s or more.
    gaps_ms = (default.onsets[1:] - default.offsets[:-1]) / 300
    begins = gaps_ms >= 800
    assert begins.mean() == pytest.approx(1 / 20, abs=0.03)
    found = np.percentile(gaps_ms[~begins], [5, 25, 50, 75])
    np.testing.assert_allclose(found, [31, 48, 63, 93], rtol=0.12)


def test_levels_harmonics_and_jumps_are_those_of_the_documentation(default):
    table = default.truth.syllables
    assert table.bin_level_db.between(24, 55).all()
    assert table.bin_level_db.median() == pytest.approx(37.5, abs=1)
    assert table.harmonic.mean() == pytest.approx(0.056, abs=0.02)
    # "One in ten by 10 to 40 kHz."
    jumps = table.jump_khz.abs()
    assert jumps.max() <= 40
    assert (jumps >= 10).mean() == pytest.approx(0.1, abs=0.02)


def test_a_continuous_repertoire_is_one_cloud(default):
    table = default.truth.syllables
    assert set(table.type) == {0}
    np.testing.assert_allclose(table[LATENTS].mean(), 0, atol=0.1)
    np.testing.assert_allclose(table[LATENTS].std(), 1, atol=0.06)


@given(st.integers(2, 10), st.floats(2, 12), st.floats(0.05, 0.3))
@settings(max_examples=12)
def test_types_are_as_many_and_as_far_apart_as_asked(n_types, separation, spread):
    n_syllables = 100 * n_types + 1
    recording = usvlib.simulate_recording(
        n_syllables, seed=1, n_types=n_types, separation=separation, spread=spread
    )
    table = recording.truth.syllables
    counts = table.type.value_counts()
    assert sorted(counts.index) == list(range(n_types))
    assert counts.max() - counts.min() <= 1
    groups = table.groupby("type")[LATENTS]
    within = table[LATENTS] - groups.transform("mean")
    assert within.to_numpy().std() == pytest.approx(spread, rel=0.08)
    centres = groups.mean().to_numpy()
    apart = np.linalg.norm(centres[:, np.newaxis] - centres, axis=-1)
    nearest = apart[np.triu_indices(n_types, 1)].min()
    # A mean of 100 is known to a tenth of the spread along each axis.
    assert nearest == pytest.approx(separation * spread, abs=0.5 * spread)


def test_one_type_is_one_tight_cloud():
    table = usvlib.simulate_recording(300, seed=1, n_types=1, spread=0.1).truth.syllables
    assert set(table.type) == {0}
    np.testing.assert_allclose(table[LATENTS].std(), 0.1, rtol=0.2)


def test_types_do_not_come_in_turn():
    types = usvlib.simulate_recording(400, seed=1, n_types=4).truth.syllables.type.to_numpy()
    assert (types[1:] == types[:-1]).mean() == pytest.approx(1 / 4, abs=0.08)


def test_the_line_of_the_electronics_is_visible_in_the_noise_floor(recording):
    recipe = usvlib.Recipe(crop=(0, 0))
    spectrograms = usvlib.syllable_spectrograms(recording, recipe)
    floor, frequencies_hz = spectrograms.noise_floor[0], spectrograms.frequencies_hz
    smooth = np.array([np.median(floor[max(i - 5, 0) : i + 6]) for i in range(128)])
    stands_out = floor / smooth
    line = np.abs(frequencies_hz - LINE_HZ).argmin()
    assert stands_out.argmax() == line
    assert stands_out[line] > 1.15
    assert np.delete(stands_out, line).max() < 1.1


def test_the_noise_falls_towards_high_frequencies(spectrograms):
    # Of amplitude within unit area, by about 9 dB from 40 to 150 kHz.
    floor = spectrograms.noise_floor[0]
    fall_db = 20 * np.log10(floor[:5].mean() / floor[-5:].mean())
    assert fall_db == pytest.approx(9, abs=1.5)


def test_syllables_sound_between_their_onsets_and_offsets_only(short):
    recording, samples = short
    power = np.square(samples)
    quiet = power[: recording.onsets[0]].mean()
    for onset, offset in zip(recording.onsets, recording.offsets, strict=True):
        assert power[onset:offset].mean() > 1.15 * quiet
    # 5 ms before and after: of 24 stretches, a click may lie in one or two.
    before = [power[onset - 1500 : onset].mean() for onset in recording.onsets]
    after = [power[offset : offset + 1500].mean() for offset in recording.offsets]
    assert np.median(before + after) == pytest.approx(quiet, rel=0.05)


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("n_syllables", 0),
        ("n_syllables", 1.5),
        ("n_syllables", float("nan")),
        ("seed", -1),
        ("seed", None),
        ("seed", "first"),
        ("samplerate_hz", 0),
        ("n_types", 0),
        ("separation", 0),
        ("separation", float("nan")),
        ("spread", -0.1),
        ("spread", float("inf")),
        ("band_hz", (112_000, 50_000)),
        ("band_hz", (50_000, 52_000)),
        ("band_hz", (50_000, 55_000)),
        ("band_hz", (50_000, 144_001)),
        ("band_hz", (50_000, 149_000)),
        ("band_hz", (0, 90_000)),
        ("band_hz", 90_000),
    ],
)
def test_a_bad_argument_is_an_error_that_names_it(argument, value):
    with refused(f"{argument} is {value!r}", "must"):
        usvlib.simulate_recording(**{"n_syllables": 5} | {argument: value})


@pytest.mark.parametrize(
    "written", [{"samplerate_hz": 300e3}, {"n_syllables": 5.0}, {"seed": 0.0}, {"n_types": 2.0}]
)
def test_a_whole_number_may_be_written_with_a_point(written):
    plain = {key: int(value) for key, value in written.items()}
    ours = usvlib.simulate_recording(**{"n_syllables": 5} | written)
    theirs = usvlib.simulate_recording(**{"n_syllables": 5} | plain)
    np.testing.assert_array_equal(ours.read(0, 0.1), theirs.read(0, 0.1))
    assert ours.fingerprint == theirs.fingerprint


class TestFromLatents:
    def test_latents_and_what_is_given_are_those_of_the_truth(self):
        latents = np.random.default_rng(0).normal(0, 0.5, (12, 6))
        level_db = np.linspace(30, 40, 12)
        made = simulate_from_latents(latents, given={"level_db": level_db, "harmonic": 0})
        truth = made.truth.syllables
        np.testing.assert_allclose(truth.bin_level_db, level_db)
        np.testing.assert_array_equal(truth[list(LATENTS)], latents)
        assert not truth.harmonic.any()
        assert made.n_syllables == 12

    def test_calls_alike_have_contours_alike(self):
        given = {"level_db": 40, "phase": 0.2, "jump_at": 0.5, "harmonic": 0}
        made = simulate_from_latents(np.zeros((5, 6)), given=given)
        for contour in made.truth.contours_khz[1:]:
            np.testing.assert_array_equal(contour, made.truth.contours_khz[0])

    def test_the_fingerprint_tells_latents_and_what_is_given_apart(self):
        latents = np.zeros((4, 6))
        prints = {
            simulate_from_latents(latents).fingerprint,
            simulate_from_latents(latents + 0.1).fingerprint,
            simulate_from_latents(latents, given={"phase": 0.1}).fingerprint,
            simulate_from_latents(latents, seed=1).fingerprint,
        }
        assert len(prints) == 4

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            ({"latents": np.zeros((4, 5))}, "latents has shape"),
            ({"latents": np.full((4, 6), np.nan)}, "finite"),
            ({"latents": np.zeros((4, 6)), "given": {"pitch": 1}}, "given has"),
            ({"latents": np.zeros((4, 6)), "seed": -1}, "seed"),
        ],
    )
    def test_bad_arguments_are_errors(self, arguments, words):
        with refused(words):
            simulate_from_latents(**arguments)


# The stored tables and the figures of the book come from simulated recordings, so that a change of
# what a seed gives must be meant. Mean absolute values of the truth, and the loudness of the sound.
@pytest.mark.parametrize(
    ("n_types", "means", "loudness"),
    [
        (
            None,
            {
                "duration_ms": 67.894757,
                "mean_frequency_khz": 73.170949,
                "bandwidth_khz": 12.568589,
                "slope_khz_per_ms": 0.187806,
                "jump_khz": 1.513133,
                "bin_level_db": 36.805506,
                "harmonic": 0.0375,
            },
            {"inside": 0.0069470881, "outside": 0.0022627584, "highest": 0.203447744},
        ),
        (
            4,
            {
                "duration_ms": 46.641398,
                "mean_frequency_khz": 71.920019,
                "bandwidth_khz": 3.475554,
                "slope_khz_per_ms": 0.052195,
                "jump_khz": 0.0,
                "bin_level_db": 37.446296,
                "harmonic": 0.0625,
            },
            {"inside": 0.0068964223, "outside": 0.0022635307, "highest": 0.205621928},
        ),
    ],
)
def test_a_seed_gives_the_recording_that_stored_results_come_from(n_types, means, loudness):
    recording = usvlib.simulate_recording(80, seed=3, n_types=n_types)
    truth = recording.truth.syllables
    found = {name: truth[name].abs().mean() for name in means}
    assert found == pytest.approx(means, rel=1e-5, abs=1e-6)
    samples = recording.read(0, recording.duration_s).astype(float)
    inside = np.zeros(len(samples), bool)
    for onset, offset in zip(recording.onsets, recording.offsets, strict=True):
        inside[onset:offset] = True
    found = {
        "inside": np.sqrt((samples[inside] ** 2).mean()),
        "outside": np.sqrt((samples[~inside] ** 2).mean()),
        "highest": np.abs(samples).max(),
    }
    assert found == pytest.approx(loudness, rel=1e-4)


def test_there_is_a_click_every_two_seconds():
    recording = usvlib.simulate_recording(80, seed=3)
    clicks = recording.source.sound.clicks
    assert len(clicks) == round(recording.duration_s / 2)
    assert (np.diff(clicks) > 0).all()
    samples = recording.read(0, recording.duration_s)
    away = [c for c in clicks if not ((recording.onsets < c + 90) & (recording.offsets > c)).any()]
    # A click is 0.3 ms long and begins 40 times as loud as the noise.
    loud = [np.abs(samples[c : c + 45]).max() for c in away]
    assert min(loud) > 10 * 0.002

"""The running median of each band against numpy's, and the noise floor that is made of it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import usvlib
from usvlib._engine import NoiseCounts, noise_floors
from usvlib._engine.noisefloor import LogHistogram

TOLERANCE = 1 / 2048

# Normal float32 of any magnitude, and zeros: digital silence.
amplitudes = hnp.arrays(
    np.float32,
    st.tuples(st.integers(1, 40), st.integers(1, 5)),
    elements=st.one_of(
        st.just(0.0), st.floats(2.0**-120, 2.0**120, width=32), st.floats(0.5, 2, width=32)
    ),
)


def _median(blocks):
    histogram = LogHistogram(blocks[0].shape[1])
    for block in blocks:
        histogram.add(np.ascontiguousarray(block.T))
    return histogram.median()


@given(amplitudes)
def test_the_median_is_that_of_numpy_within_a_bin(values):
    expected = np.median(values.astype(np.float64), axis=0)
    np.testing.assert_allclose(_median([values]), expected, rtol=TOLERANCE)


@given(amplitudes, st.lists(st.integers(1, 39), max_size=4))
def test_the_median_does_not_depend_on_the_blocks(values, cuts):
    blocks = np.split(values, sorted(min(cut, len(values)) for cut in cuts))
    np.testing.assert_array_equal(_median(blocks), _median([values]))


@given(amplitudes, st.randoms(use_true_random=False))
def test_the_median_does_not_depend_on_the_order(values, random):
    order = list(range(len(values)))
    random.shuffle(order)
    np.testing.assert_array_equal(_median([values[order]]), _median([values]))


@pytest.mark.parametrize("octaves", [0.01, 1, 20, 200])
def test_many_values_over_many_octaves(octaves):
    rng = np.random.default_rng(3)
    values = np.exp2(octaves * (rng.random((5000, 3)) - 0.5)).astype(np.float32)
    blocks = np.array_split(values, 7)
    np.testing.assert_allclose(_median(blocks), np.median(values, axis=0), rtol=TOLERANCE)


def test_the_bins_reach_lower_and_higher_as_values_come():
    blocks = [np.full((n, 1), value, np.float32) for n, value in ((3, 1), (2, 1e-30), (2, 1e30))]
    for order in ([0, 1, 2], [2, 1, 0], [1, 0, 2]):
        median = _median([blocks[i] for i in order])
        np.testing.assert_allclose(median, [1], rtol=TOLERANCE)


def test_bands_do_not_mix():
    values = np.tile(np.float32([1e-3, 1, 1e3, 0]), (11, 1))
    np.testing.assert_allclose(_median([values]), [1e-3, 1, 1e3, 0], rtol=TOLERANCE)


@pytest.mark.parametrize(("n_zeros", "expected"), [(6, 0), (5, 0.5), (4, 1)])
def test_zeros_count_as_they_do_for_numpy(n_zeros, expected):
    values = np.ones((10, 1), np.float32)
    values[:n_zeros] = 0
    assert np.median(values) == expected
    np.testing.assert_allclose(_median([values]), [expected], rtol=TOLERANCE)


def test_silence_alone_has_a_median_of_zero():
    assert _median([np.zeros((4, 2), np.float32)]).tolist() == [0, 0]


def test_its_memory_does_not_grow_with_what_it_counts():
    histogram = LogHistogram(3)
    rng = np.random.default_rng(0)
    sizes = []
    for _ in range(20):
        histogram.add(rng.uniform(0.9, 1.9, (3, 100)).astype(np.float32))
        sizes.append(histogram.units.nbytes + histogram.carried.nbytes)
    assert sizes[0] == sizes[-1]
    assert histogram.counts.sum() == 20 * 100 * 3


def test_values_within_a_bin_are_interpolated():
    within = 1 + np.arange(0.5, 100) / 100 / 2048  # 100 values, spread evenly over one bin
    for n_below in (0, 40, 90):
        values = np.append(np.full(n_below, 0.5), within).astype(np.float32)[:, np.newaxis]
        expected = np.median(values)
        assert _median([values])[0] == pytest.approx(expected, rel=2e-6)


# The floor of recordings, from counts inside and outside of syllables

HZ = np.linspace(40_000, 120_000, 8)
NOISE = np.float32([4, 3, 2.5, 2, 1.8, 1.6, 1.4, 1.2])


def _counts(*parts):
    """Count frames of constant amplitudes [n_bands]: (amplitudes, number, whether in syllables)."""
    counts = NoiseCounts(8)
    for amplitudes, n_frames, inside in parts:
        counts.add(np.repeat(amplitudes[:, np.newaxis], n_frames, 1), np.full(n_frames, inside))
    return counts


def _floors(*counts):
    names = [f"file{i}" for i in range(len(counts))]
    return noise_floors(list(counts), names, HZ)


def _with_call(ratio):
    """The noise, with a call of this many times its amplitude in bands 2 and 3."""
    return NOISE * np.where(np.isin(np.arange(8), (2, 3)), np.float32(ratio), np.float32(1))


def test_the_floor_is_the_median_over_all_frames():
    floors, empty, notes = _floors(_counts((NOISE, 60, False), (5 * NOISE, 40, True)))
    np.testing.assert_allclose(floors, [NOISE], rtol=TOLERANCE)
    assert not empty.any()
    assert notes == []


@pytest.mark.parametrize(("ratio", "is_call"), [(3.9, False), (4.1, True)])
def test_a_band_that_calls_fill_has_the_floor_outside_of_syllables(ratio, is_call):
    call = _with_call(ratio)
    floors, _, notes = _floors(_counts((NOISE, 40, False), (call, 60, True)))
    np.testing.assert_allclose(floors[0], NOISE if is_call else call, rtol=TOLERANCE)
    assert len(notes) == is_call
    if is_call:
        assert notes[0].startswith("file0: calls fill 2 bands (62.9 to 74.3 kHz)")
        assert notes[0].endswith("outside of syllables")


@pytest.mark.parametrize(("n_outside", "own"), [(19, False), (20, True)])
def test_a_recording_with_too_few_frames_of_noise_has_that_of_the_others(n_outside, own):
    one = _counts((_with_call(10), 60, True), (1.5 * NOISE, n_outside, False))
    others = [_counts((k * NOISE, 50, False)) for k in np.float32([0.9, 1.0, 1.3])]
    floors, _, notes = _floors(one, *others)
    # The median of the others in each band.
    expected = (1.5 if own else 1.0) * NOISE[2:4]
    np.testing.assert_allclose(floors[0, 2:4], expected, rtol=TOLERANCE)
    assert len(notes) == 1
    assert notes[0].endswith("outside of syllables" if own else "of others")


def test_a_band_without_recorded_noise_is_left_out():
    # 34 dB below the median of the lowest quarter of the bands there is noise; 36 dB below, none.
    usual = np.median(NOISE[:2])
    for level_db, is_empty in ((-34, False), (-36, True)):
        amplitudes = NOISE.copy()
        amplitudes[7] = usual * 10 ** (level_db / 20)
        _, empty, notes = _floors(_counts((amplitudes, 50, False)))
        assert empty.tolist() == [[False] * 7 + [is_empty]]
        assert len(notes) == is_empty
    assert notes == ["file0: 1 band (120 to 120 kHz) hold no recorded noise and are left out"]


def test_frames_of_digital_silence_do_not_count():
    counts = _counts((NOISE, 30, False), (np.zeros(8, np.float32), 100, False))
    # A frame whose first band alone is 0 is not silent.
    counts.add(np.float32([0] + [9] * 7)[:, np.newaxis], np.array([True]))
    assert (counts.n_outside, counts.n_inside) == (30, 1)
    np.testing.assert_allclose(counts.median(), NOISE, rtol=TOLERANCE)
    with pytest.raises(usvlib.UsvError, match="file0: all samples are 0"):
        _floors(_counts((np.zeros(8, np.float32), 10, True)))

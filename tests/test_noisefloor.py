"""The running median of each band against numpy's: equal within the width of a bin."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

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

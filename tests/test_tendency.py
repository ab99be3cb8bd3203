"""The Hopkins statistic against known values, and nulls that keep what they should."""

import numpy as np
import pytest

import usvlib


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def disc(rng, n=4000):
    angle, radius = rng.uniform(0, 2 * np.pi, n), np.sqrt(rng.uniform(size=n))
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def test_even_points_have_one_half_and_as_published_two_fifths(rng):
    points = disc(rng)
    assert usvlib.hopkins(points) == pytest.approx(0.5, abs=0.02)
    assert usvlib.hopkins(points, as_published=True) == pytest.approx(0.40, abs=0.02)


def test_a_gaussian_has_the_published_codes_value(rng):
    points = rng.standard_normal((4000, 2))
    assert usvlib.hopkins(points, as_published=True) == pytest.approx(0.266, abs=0.02)


def test_crowds_have_less_than_a_cloud_and_a_lattice_more(rng):
    crowds = rng.normal(0, 0.02, (1000, 2)) + rng.integers(0, 4, (1000, 2))
    lattice = np.stack(np.meshgrid(range(30), range(30)), axis=-1).reshape(-1, 2)
    assert usvlib.hopkins(crowds) < 0.1 < 0.5 < usvlib.hopkins(lattice)


def test_scale_and_place_do_not_matter(rng):
    points = disc(rng, 300)
    assert usvlib.hopkins(points * [3, 0.1] + 9) == pytest.approx(usvlib.hopkins(points))


@pytest.mark.parametrize("points", [np.zeros((10, 2)), np.zeros((2, 2)), np.zeros(5)])
def test_points_without_an_area_are_an_error(points):
    with pytest.raises(usvlib.UsvError, match="points"):
        usvlib.hopkins(points)


@pytest.mark.parametrize("null", [usvlib.gaussian_null, usvlib.copula_null])
def test_nulls_keep_means_and_correlations(rng, null):
    x = rng.standard_normal((3000, 3)) @ rng.standard_normal((3, 3))
    drawn = null(x, seed=1)
    assert drawn.shape == x.shape
    np.testing.assert_allclose(drawn.mean(axis=0), x.mean(axis=0), atol=0.15)
    np.testing.assert_allclose(np.corrcoef(drawn.T), np.corrcoef(x.T), atol=0.08)
    np.testing.assert_array_equal(drawn, null(x, seed=1))
    assert (drawn != null(x, seed=2)).any()


def test_the_copula_keeps_the_marginals(rng):
    x = np.exp(rng.standard_normal((4000, 2)))
    drawn = usvlib.copula_null(x)
    for share in (0.05, 0.5, 0.95):
        np.testing.assert_allclose(
            np.quantile(drawn, share, axis=0), np.quantile(x, share, axis=0), rtol=0.15
        )
    assert (drawn > 0).all()


@pytest.mark.parametrize("null", [usvlib.gaussian_null, usvlib.copula_null])
def test_nulls_of_bad_points_are_errors(null):
    with pytest.raises(usvlib.UsvError, match="shape"):
        null(np.zeros((2, 5)))

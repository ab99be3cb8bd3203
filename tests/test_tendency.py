"""The Hopkins statistic has known values, and null clouds keep the moments of the data."""

import numpy as np
import pytest
from scipy.spatial import Delaunay

import usvlib
from usvlib.continuum import copula_null, gaussian_null, hopkins
from usvlib.continuum.tendency import _draw_inside


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def disc(rng, n=4000):
    angle, radius = rng.uniform(0, 2 * np.pi, n), np.sqrt(rng.uniform(size=n))
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def test_uniform_points_have_one_half_and_as_published_two_fifths(rng):
    points = disc(rng)
    assert hopkins(points) == pytest.approx(0.5, abs=0.02)
    assert hopkins(points, as_published=True) == pytest.approx(0.40, abs=0.02)


def test_a_gaussian_has_the_value_of_the_published_code(rng):
    points = rng.standard_normal((4000, 2))
    assert hopkins(points, as_published=True) == pytest.approx(0.266, abs=0.02)


def test_clumps_have_a_low_value_and_a_lattice_a_high_one(rng):
    clumps = rng.normal(0, 0.02, (1000, 2)) + rng.integers(0, 4, (1000, 2))
    lattice = np.stack(np.meshgrid(range(30), range(30)), axis=-1).reshape(-1, 2)
    assert hopkins(clumps) < 0.1 < 0.5 < hopkins(lattice)


def test_scale_and_place_do_not_matter(rng):
    points = disc(rng, 300)
    assert hopkins(points * [3, 0.1] + 9) == pytest.approx(hopkins(points))


def test_a_very_thin_cloud_has_an_ordinary_value(rng):
    x = rng.standard_normal(300)
    threads = [x[:, np.newaxis] + [0, 1] * rng.standard_normal((300, 1)) * e for e in (1e-5, 1e-7)]
    assert all(0.2 < hopkins(thread) < 0.5 for thread in threads)


def test_places_are_drawn_uniformly_from_the_hull(rng):
    """Places in a triangle do not follow the points, most of which are in one corner."""
    corner = 0.05 * rng.dirichlet(np.ones(3), 500)[:, :2]
    hull = Delaunay(np.vstack([corner, [[0, 0], [1, 0], [0, 1]]]))
    places = _draw_inside(hull, 4000, rng)
    assert (hull.find_simplex(places) >= 0).all()
    np.testing.assert_allclose(places.mean(axis=0), 1 / 3, atol=0.02)
    assert (places.sum(axis=1) < np.sqrt(0.5)).mean() == pytest.approx(0.5, abs=0.03)


def test_too_many_axes_are_an_error(rng):
    with pytest.raises(usvlib.UsvError, match=r"points has 10 axes; .* at most 5"):
        hopkins(rng.standard_normal((60, 10)))


@pytest.mark.parametrize("seed", [-1, 0.5, "x", None])
def test_a_seed_must_be_a_whole_number(rng, seed):
    points = rng.standard_normal((30, 2))
    for function in (
        hopkins,
        gaussian_null,
        copula_null,
    ):
        with pytest.raises(usvlib.UsvError, match="seed is"):
            function(points, seed=seed)


@pytest.mark.parametrize("points", [np.zeros((10, 2)), np.zeros((2, 2)), np.zeros(5)])
def test_points_without_an_area_are_an_error(points):
    with pytest.raises(usvlib.UsvError, match="points"):
        hopkins(points)


@pytest.mark.parametrize("function", [hopkins, gaussian_null, copula_null])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_point_that_is_not_finite_is_named(rng, function, bad):
    points = rng.standard_normal((30, 2))
    points[7, 1] = bad
    with pytest.raises(usvlib.UsvError, match=rf"points\[7\] is .* {bad}\]; all .* finite"):
        function(points)


@pytest.mark.parametrize("null", [gaussian_null, copula_null])
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
    drawn = copula_null(x)
    for share in (0.05, 0.5, 0.95):
        np.testing.assert_allclose(
            np.quantile(drawn, share, axis=0), np.quantile(x, share, axis=0), rtol=0.15
        )
    assert (drawn > 0).all()


def test_the_copula_keeps_a_constant_axis(rng):
    x = rng.standard_normal(50)
    drawn = copula_null(np.column_stack([x, np.full(50, 3.0)]))
    assert (drawn[:, 1] == 3).all()
    assert np.ptp(drawn[:, 0]) > 1


@pytest.mark.parametrize("null", [gaussian_null, copula_null])
def test_nulls_of_bad_points_are_errors(null):
    with pytest.raises(usvlib.UsvError, match="shape"):
        null(np.zeros((2, 5)))

"""Intrinsic dimension: clouds whose dimension is known, and the stored calibration."""

import calibrate_dimension
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import usvlib
from usvlib.continuum import dimension, estimators, intrinsic_dimension, principal_components
from usvlib.continuum.estimators import ESTIMATORS as ALL

ESTIMATORS = list(ALL.items())


def ball(n_dimensions, n_points=500, n_axes=12, seed=0):
    """Evenly filled, in a space of more axes, turned at random."""
    rng = np.random.default_rng(seed)
    points = rng.standard_normal((n_points, n_dimensions))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    points *= rng.uniform(size=(n_points, 1)) ** (1 / n_dimensions)
    turned, _ = np.linalg.qr(rng.standard_normal((n_axes, n_axes)))
    return np.pad(points, ((0, 0), (0, n_axes - n_dimensions))) @ turned


@pytest.mark.parametrize("n_dimensions", [1, 2, 3, 4, 5])
@pytest.mark.parametrize(("name", "estimator"), ESTIMATORS)
def test_the_dimension_of_a_ball_is_found_within_one(name, estimator, n_dimensions):
    estimate = estimator(ball(n_dimensions), dimension.BEST_SCALES[name])
    assert abs(estimate - n_dimensions) <= (1 if name != "local components" else 1.7)


@pytest.mark.parametrize(("name", "estimator"), ESTIMATORS)
@given(seed=st.integers(0, 2**16), factor=st.floats(1e-3, 1e3))
def test_neither_size_nor_place_nor_turning_matters(name, estimator, seed, factor):
    points = ball(3, n_points=80, n_axes=5, seed=seed)
    turned, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((5, 5)))
    assert estimator(factor * points @ turned + 7, 10) == pytest.approx(
        estimator(points, 10), rel=1e-3
    )


@pytest.mark.parametrize(("name", "estimator"), ESTIMATORS)
def test_points_that_occur_twice_do_no_harm(name, estimator):
    points = ball(2, n_points=200)
    assert np.isfinite(estimator(np.vstack([points, points[:20]]), 10))


@pytest.mark.parametrize(("name", "estimator"), ESTIMATORS)
@pytest.mark.parametrize(
    ("points", "words"),
    [
        (np.zeros((3, 2, 2)), "shape"),
        (np.zeros((2, 2)), "2 points"),
        (np.full((30, 2), np.nan), "finite"),
        (np.ones((30, 2)), "differ"),
    ],
)
def test_bad_points_are_an_error(name, estimator, points, words):
    with pytest.raises(usvlib.UsvError, match=words):
        estimator(points, 10)


@pytest.mark.parametrize(("name", "estimator"), ESTIMATORS)
def test_too_large_a_scale_is_an_error_that_names_it(name, estimator):
    with pytest.raises(usvlib.UsvError, match="n_neighbors is 400"):
        estimator(ball(2, n_points=100), 400)


def test_components_are_those_of_the_covariance_and_noise_is_left_out():
    rng = np.random.default_rng(0)
    signal = 5 * rng.standard_normal((300, 2)) @ rng.standard_normal((2, 60))
    features = (signal + rng.standard_normal((300, 60))).reshape(300, 6, 10)
    scores = principal_components(features)
    assert scores.shape[1] == 2
    five = principal_components(features, 5)
    np.testing.assert_allclose(five[:, :2], scores)
    flat = features.reshape(300, -1)
    variances = np.sort(np.linalg.eigvalsh(np.cov(flat.T)))[::-1]
    np.testing.assert_allclose(five.var(axis=0, ddof=1), variances[:5], rtol=1e-6)
    assert principal_components(features[:3], 20).shape == (3, 3)


def test_the_stored_calibration_is_what_the_tool_computes():
    table = dimension.dimension_calibration()
    for case in ((1, 1), (3, 0), (5, 1)):
        stored = table[(table.dimension == case[0]) & (table.repetition == case[1])]
        anew = [row[-1] for row in calibrate_dimension.rows(*case)]
        np.testing.assert_allclose(anew, stored.estimate, atol=0.1)


@pytest.mark.parametrize("n_points", [100, 400])
def test_on_known_manifolds_the_estimate_is_within_one_but_for_few(n_points):
    known = dimension.calibrated_estimates(n_points)
    known = known[known.dimension <= 5]
    missed = (known.estimate - known.dimension).abs()
    assert (missed <= 1).mean() >= 0.9
    means = known.groupby("dimension").estimate.mean().to_numpy()
    assert np.abs(means - np.arange(1, 6)).max() < 0.9


@pytest.mark.parametrize("n_dimensions", [1, 2, 3, 4, 5])
def test_a_manifold_that_the_calibration_has_not_seen_is_inside_its_interval(n_dimensions):
    features = calibrate_dimension.manifold(n_dimensions, repetition=101, n_syllables=450)
    found = intrinsic_dimension(features)
    assert found.n_points == 400
    assert found.low <= n_dimensions <= found.high
    assert abs(found.estimate - n_dimensions) <= 1.2


def test_of_few_syllables_there_is_no_dimension(features):
    with pytest.raises(usvlib.UsvError, match="needs at least 100"):
        intrinsic_dimension(features)


def test_blank_syllables_do_not_count():
    features = calibrate_dimension.manifold(2, repetition=0, n_syllables=120)
    blank = np.zeros_like(features[:30])
    ours = intrinsic_dimension(np.concatenate([blank, features]))
    assert str(ours) == str(intrinsic_dimension(features))


@pytest.mark.parametrize("syllable", [0, 5999])
def test_a_number_that_is_none_is_an_error_wherever_it_is(syllable):
    features = np.ones((6000, 2, 3), np.float32)
    features[syllable, 0, 0] = np.nan
    for function in (intrinsic_dimension, principal_components):
        with pytest.raises(usvlib.UsvError, match=f"features of syllable {syllable} are not all"):
            function(features)


@pytest.mark.parametrize("features", [[], 3, np.zeros((0, 4, 5))])
def test_features_without_syllables_are_an_error(features):
    for function in (intrinsic_dimension, principal_components):
        with pytest.raises(usvlib.UsvError, match="features has shape"):
            function(features)


def test_seeds_are_whole_numbers():
    features = np.random.default_rng(0).standard_normal((120, 4, 5))
    for function in (intrinsic_dimension, principal_components):
        with pytest.raises(usvlib.UsvError, match="seed is -1"):
            function(features, seed=-1)
    with pytest.raises(usvlib.UsvError, match="seed is -1"):
        estimators.two_nn_dimension(features[:, 0], seed=-1)

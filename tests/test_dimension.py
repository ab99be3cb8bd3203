"""The intrinsic dimension of clouds of known dimension, and the stored calibration."""

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
    """Draw a uniform ball in a space of more axes, rotated at random."""
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
def test_scale_position_and_rotation_do_not_matter(name, estimator, seed, factor):
    points = ball(3, n_points=80, n_axes=5, seed=seed)
    turned, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((5, 5)))
    assert estimator(factor * points @ turned + 7, 10) == pytest.approx(
        estimator(points, 10), rel=1e-3
    )


@pytest.mark.parametrize(("name", "estimator"), ESTIMATORS)
def test_duplicate_points_give_a_finite_estimate(name, estimator):
    points = ball(2, n_points=200)
    assert np.isfinite(estimator(np.vstack([points, points[:20]]), 10))


@pytest.mark.parametrize(("name", "estimator"), ESTIMATORS)
@pytest.mark.parametrize(
    ("points", "words"),
    [
        (np.zeros((3, 2, 2)), "shape"),
        (np.zeros((2, 2)), "2 points"),
        (np.full((30, 2), np.nan), r"points\[0\] is \[nan nan\]; all points must be finite"),
        (np.ones((30, 2)), "nearly all points are equal"),
    ],
)
def test_bad_points_are_an_error(name, estimator, points, words):
    with pytest.raises(usvlib.UsvError, match=words):
        estimator(points, 10)


@pytest.mark.parametrize(("name", "estimator"), ESTIMATORS)
def test_too_large_a_scale_is_an_error_that_names_it(name, estimator):
    with pytest.raises(usvlib.UsvError, match="n_neighbors is 400"):
        estimator(ball(2, n_points=100), 400)


def test_components_have_the_variances_of_the_covariance_and_omit_noise():
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


@pytest.mark.parametrize("n_syllables", [50, 60, 400])
def test_components_agree_with_a_singular_value_decomposition(n_syllables):
    features = np.random.default_rng(1).standard_normal((n_syllables, 6, 10)) + 3
    features[:, 0] *= 4
    ours = principal_components(features, 7)
    flat = features.reshape(n_syllables, -1)
    left, values, _ = np.linalg.svd(flat - flat.mean(axis=0), full_matrices=False)
    expected = left[:, :7] * values[:7]
    signs = np.sign((ours * expected).sum(axis=0))
    np.testing.assert_allclose(ours, signs * expected, atol=1e-8)


@pytest.mark.parametrize("n_syllables", [50, 400])
def test_the_number_of_components_is_that_above_shuffled_features(n_syllables):
    rng = np.random.default_rng(2)
    signal = rng.standard_normal((n_syllables, 6)) * [8, 6, 4, 2, 1, 0.5]
    features = signal @ np.linalg.qr(rng.standard_normal((60, 6)))[0].T
    features += 0.3 * rng.standard_normal(features.shape)
    flat = features - features.mean(axis=0)
    shuffled = np.random.default_rng(0).permuted(flat, axis=0)
    variances, chance = (np.linalg.svd(x, compute_uv=False) ** 2 for x in (flat, shuffled))
    expected = int((variances > chance.max()).sum())
    assert 1 < expected < 20
    assert principal_components(features).shape == (n_syllables, expected)


def test_equal_syllables_have_one_component_without_variance(recwarn):
    assert (principal_components(np.ones((5, 2, 3))) == 0).all()
    assert not recwarn.list


def test_recomputed_manifolds_agree_with_the_stored_calibration():
    table = dimension.dimension_calibration()
    for case in ((1, 1), (3, 0), (5, 1)):
        stored = table[(table.dimension == case[0]) & (table.repetition == case[1])]
        anew = [row[-1] for row in calibrate_dimension.rows(*case)]
        np.testing.assert_allclose(anew, stored.estimate, atol=0.1)


@pytest.mark.parametrize("n_points", [100, 400])
def test_nine_of_ten_known_manifolds_are_estimated_within_one(n_points):
    known = dimension.calibrated_estimates(n_points)
    known = known[known.dimension <= 5]
    missed = (known.estimate - known.dimension).abs()
    assert (missed <= 1).mean() >= 0.9
    means = known.groupby("dimension").estimate.mean().to_numpy()
    assert np.abs(means - np.arange(1, 6)).max() < 0.9


def test_the_calibration_has_two_numbers_of_points():
    for function in (dimension.calibrated_estimates, dimension.plot_calibration):
        with pytest.raises(usvlib.UsvError, match=r"n_points is 50; .* 100, 400"):
            function(50)


def test_the_figure_adds_the_estimate_to_the_calibration():
    calibration = dimension.plot_calibration(100)
    features = calibrate_dimension.manifold(2, repetition=0, n_syllables=120)
    figure = intrinsic_dimension(features).plot()
    for before, after in zip(calibration.axes, figure.axes, strict=True):
        assert len(after.lines) > len(before.lines)


@pytest.mark.parametrize("n_dimensions", [1, 2, 3, 4, 5])
def test_the_interval_of_a_new_manifold_holds_the_true_dimension(n_dimensions):
    features = calibrate_dimension.manifold(n_dimensions, repetition=101, n_syllables=450)
    found = intrinsic_dimension(features)
    assert found.n_points == 400
    assert found.low <= n_dimensions <= found.high
    assert abs(found.estimate - n_dimensions) <= 1.2


def test_few_syllables_are_an_error(features):
    with pytest.raises(usvlib.UsvError, match="needs at least 100"):
        intrinsic_dimension(features)


def test_blank_syllables_do_not_count():
    features = calibrate_dimension.manifold(2, repetition=0, n_syllables=120)
    blank = np.zeros_like(features[:30])
    ours = intrinsic_dimension(np.concatenate([blank, features]))
    assert str(ours) == str(intrinsic_dimension(features))


@pytest.mark.parametrize("syllable", [0, 5999])
def test_a_syllable_that_is_not_finite_is_named(syllable):
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


def test_seeds_must_be_whole_numbers():
    features = np.random.default_rng(0).standard_normal((120, 4, 5))
    for function in (intrinsic_dimension, principal_components):
        with pytest.raises(usvlib.UsvError, match="seed is -1"):
            function(features, seed=-1)
    with pytest.raises(usvlib.UsvError, match="seed is -1"):
        estimators.two_nn_dimension(features[:, 0], seed=-1)


# Exact values, by the formulas of the papers


def test_the_estimate_from_two_neighbours_is_without_bias():
    # Ratios of the distances: 3, 2 and 1.5. Denti et al. (2022) divide n - 1 by the sum of logs.
    expected = 2 / np.log(3 * 2 * 1.5)
    assert estimators.two_nn_dimension(np.array([[0.0], [1], [3]])) == pytest.approx(expected)


def test_the_estimate_by_likelihood_is_without_bias():
    # Three neighbours: the logs of their ratios are divided by 3 - 2.
    inverses = [np.log(7 / 1 * 7 / 3), np.log(6 / 1 * 6 / 2), np.log(4 / 2 * 4 / 3)]
    inverses.append(np.log(7 / 4 * 7 / 6))
    points = np.array([[0.0], [1], [3], [7]])
    assert estimators.likelihood_dimension(points, 3) == pytest.approx(1 / np.mean(inverses))


def test_the_local_components_are_those_of_a_point_and_its_neighbours():
    # Each neighbourhood of three has the same right angle: variances 1 and 1/3 of what they share.
    points = np.array([[0.0, 0], [1, 0], [0, 1]])
    variances = np.linalg.eigvalsh(np.cov(points.T))
    expected = variances.sum() ** 2 / (variances**2).sum()
    assert estimators.local_pca_dimension(points, 2) == pytest.approx(expected)


def test_a_larger_scale_does_not_see_thin_noise():
    # A line with noise across it, whose points come in order.
    rng = np.random.default_rng(0)
    line = np.stack([np.sort(rng.uniform(0, 100, 600)), rng.uniform(0, 1, 600)], axis=1)
    assert estimators.two_nn_dimension(line, 2) > 1.6
    assert estimators.two_nn_dimension(line, 80) < 1.25


@pytest.mark.parametrize(("n_syllables", "solver"), [(59, "full"), (60, "covariance_eigh")])
def test_the_faster_of_two_exact_solvers_is_taken(monkeypatch, n_syllables, solver):
    # Of 4,000 syllables, the other one takes 40 times longer.
    import sklearn.decomposition

    taken = []

    class Watched(sklearn.decomposition.PCA):
        def __init__(self, n_components=None, *, svd_solver="auto"):
            taken.append(svd_solver)
            super().__init__(n_components, svd_solver=svd_solver)

    monkeypatch.setattr(sklearn.decomposition, "PCA", Watched)
    principal_components(np.random.default_rng(0).standard_normal((n_syllables, 6, 10)))
    assert set(taken) == {solver}


def test_the_calibration_is_drawn_over_its_scales_and_against_the_truth():
    figure = dimension.plot_calibration(100)
    table = dimension.dimension_calibration()
    for ax, name in zip(figure.axes, ALL, strict=False):
        of_estimator = table[(table.n_points == 100) & (table.estimator == name)]
        assert len(ax.lines) == of_estimator.dimension.nunique()
        for line, (_, rows) in zip(ax.lines, of_estimator.groupby("dimension"), strict=True):
            assert line.get_xdata().tolist() == [5, 10, 20, 40]
            expected = rows.groupby("n_neighbors").estimate.mean()
            np.testing.assert_allclose(line.get_ydata(), expected)
        assert ax.get_xlim() == (4, 60)
    known = dimension.calibrated_estimates(100)
    diagonal, dots = figure.axes[-1].lines
    assert diagonal.get_xdata().tolist() == diagonal.get_ydata().tolist()
    np.testing.assert_allclose(dots.get_ydata(), known.estimate)
    assert (np.abs(dots.get_xdata() - known.dimension) < 0.4).all()
    assert figure.axes[0].get_ylim()[0] == 0


def test_the_scale_is_that_of_the_documentation_unless_given():
    points = ball(2, n_points=80)
    for estimator, scale in (
        (estimators.two_nn_dimension, 2),
        (estimators.likelihood_dimension, 20),
        (estimators.local_pca_dimension, 20),
    ):
        assert estimator(points) == estimator(points, scale) != estimator(points, scale + 2)

"""Clusters: none empty, and labels and centroids always in step."""

import dataclasses
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sounds import refused

import usvlib
from usvlib import ORIGINAL, cluster
from usvlib.clustering import repeatability

# What UMAP gives is float32; negative coordinates are as common as positive ones.
coordinates_of = st.integers(1, 60).flatmap(
    lambda n: hnp.arrays(np.float64, (n, 2), elements=st.floats(-50, 50, width=32))
)


def _points(n, seed=0):
    return np.random.default_rng(seed).normal(-3, 5, (n, 2))


def _assert_in_step(coordinates, clusters):
    """No cluster is empty, and each centroid is the mean of the points with its label."""
    shown = np.isfinite(coordinates).all(axis=1)
    assert clusters.labels.shape == (len(coordinates),)
    assert (clusters.labels[~shown] == -1).all()
    assert sorted(set(clusters.labels[shown])) == list(range(clusters.n_clusters))
    assert clusters.centroids.shape == (clusters.n_clusters, 2)
    for label, centroid in enumerate(clusters.centroids):
        members = coordinates[clusters.labels == label]
        np.testing.assert_allclose(centroid, members.mean(axis=0), rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(
        clusters.sizes, [(clusters.labels == k).sum() for k in range(clusters.n_clusters)]
    )
    assert clusters.sizes.sum() == shown.sum()


@pytest.mark.filterwarnings("ignore::usvlib.UsvWarning")
@given(coordinates_of)
def test_labels_and_centroids_are_in_step_on_any_map(coordinates):
    _assert_in_step(coordinates, cluster(coordinates))


# On a grid: points that differ by less than rounding cannot be told apart, which is tested below.
on_a_grid = st.integers(1, 60).flatmap(
    lambda n: hnp.arrays(np.float64, (n, 2), elements=st.integers(-800, 800).map(lambda i: i / 16))
)


@given(on_a_grid, st.data())
def test_exactly_as_many_clusters_as_asked_for_and_none_empty(coordinates, data):
    n_different = len(np.unique(coordinates, axis=0))
    n_clusters = data.draw(st.integers(1, n_different))
    clusters = cluster(coordinates, n_clusters=n_clusters)
    assert clusters.n_clusters == n_clusters
    _assert_in_step(coordinates, clusters)


@given(st.integers(1, 40), st.integers(1, 6), st.integers(0, 3))
def test_few_places_with_many_syllables_each(n, n_places, seed):
    rng = np.random.default_rng(seed)
    coordinates = rng.normal(size=(n_places, 2))[rng.integers(0, n_places, n)]
    with pytest.warns(usvlib.UsvWarning, match="instead of 40") as caught:
        _assert_in_step(coordinates, cluster(coordinates))
    assert len(caught) == 1


@pytest.mark.parametrize(
    ("n", "expected"),
    [(1, 1), (3, 1), (4, 1), (16, 1), (31, 3), (128, 12), (399, 39), (400, 40), (900, 40)],
)
def test_there_are_a_tenth_as_many_clusters_as_syllables_and_at_most_40(n, expected):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        clusters = cluster(_points(n))
    assert clusters.n_clusters == expected
    _assert_in_step(_points(n), clusters)
    if expected < 40:
        [warning] = caught
        assert warning.category is usvlib.UsvWarning
        assert warning.filename == __file__
        plural = "" if expected == 1 else "s"
        assert f"{expected} cluster{plural} instead of 40" in str(warning.message)
        assert f"only {n} syllables" in str(warning.message)
    else:
        assert caught == []


def test_the_number_asked_for_wins_over_the_recipe():
    recipe = dataclasses.replace(ORIGINAL, n_clusters=7)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert cluster(_points(200), recipe).n_clusters == 7
        assert cluster(_points(200), recipe, n_clusters=3).n_clusters == 3


def test_each_syllable_belongs_to_the_nearest_centroid():
    coordinates = _points(400)
    clusters = cluster(coordinates)
    distances = np.linalg.norm(coordinates[:, np.newaxis] - clusters.centroids, axis=-1)
    np.testing.assert_array_equal(distances.argmin(axis=1), clusters.labels)


def test_groups_that_are_plain_to_see_are_found():
    rng = np.random.default_rng(4)
    groups = rng.permutation(np.repeat(np.arange(5), 20))
    centres = np.array([(-9, -9), (9, 9), (-9, 9), (9, -9), (0, 0)])
    coordinates = centres[groups] + 0.1 * rng.normal(size=(100, 2))
    clusters = cluster(coordinates, n_clusters=5)
    pairs = set(zip(groups.tolist(), clusters.labels.tolist(), strict=True))
    assert len(pairs) == 5


def test_the_best_of_ten_starts_is_better_than_most_single_ones():
    from sklearn.cluster import KMeans

    better = []
    for map_seed in range(4):
        coordinates = _points(400, map_seed)
        clusters = cluster(coordinates)
        ours = ((coordinates - clusters.centroids[clusters.labels]) ** 2).sum()
        for seed in range(20):
            single = KMeans(40, n_init=1, random_state=100 + seed).fit(coordinates)
            better.append(single.inertia_ < ours)
    assert np.mean(better) < 0.2


def test_the_clusters_are_the_same_at_every_call():
    one, other = cluster(_points(400)), cluster(_points(400))
    np.testing.assert_array_equal(one.labels, other.labels)
    np.testing.assert_array_equal(one.centroids, other.centroids)


def test_the_seed_of_the_recipe_is_used():
    recipe = dataclasses.replace(ORIGINAL, clustering_seed=7)
    one, other = cluster(_points(400)), cluster(_points(400), recipe)
    assert not np.array_equal(one.labels, other.labels)


def test_identical_points_are_one_cluster():
    coordinates = np.full((50, 2), -4.25)
    with pytest.warns(usvlib.UsvWarning, match="1 cluster instead of 40") as caught:
        clusters = cluster(coordinates)
    assert len(caught) == 1
    assert clusters.n_clusters == 1
    np.testing.assert_array_equal(clusters.centroids, [[-4.25, -4.25]])


# As numbers these are three places, but two of them once their mean is taken off.
TOO_CLOSE = np.repeat([[1e4, 0], [0, 0], [1e-38, 0]], 10, axis=0)


def test_places_too_close_to_tell_apart_leave_no_cluster_empty():
    with pytest.warns(usvlib.UsvWarning, match="3 clusters instead of 40") as caught:
        clusters = cluster(TOO_CLOSE)
    assert len(caught) == 1
    _assert_in_step(TOO_CLOSE, clusters)


def test_more_clusters_than_can_be_told_apart_are_an_error():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with refused("n_clusters is 3"):
            cluster(TOO_CLOSE, n_clusters=3)


def test_syllables_without_a_place_belong_to_no_cluster():
    coordinates = _points(60)
    coordinates[[0, 7, 59]] = np.nan
    with pytest.warns(usvlib.UsvWarning, match="only 57 syllables"):
        clusters = cluster(coordinates)
    assert np.flatnonzero(clusters.labels == -1).tolist() == [0, 7, 59]
    assert clusters.n_clusters == 5
    _assert_in_step(coordinates, clusters)
    without = cluster(np.delete(coordinates, [0, 7, 59], axis=0), n_clusters=5)
    np.testing.assert_array_equal(clusters.labels[clusters.labels >= 0], without.labels)


def test_a_map_without_any_place_has_no_cluster():
    clusters = cluster(np.full((3, 2), np.nan))
    assert clusters.n_clusters == 0
    assert clusters.labels.tolist() == [-1, -1, -1]
    assert clusters.sizes.tolist() == []


@pytest.mark.parametrize("n_clusters", [0, -1, 2.5, 11, float("nan"), "3", [3], True])
def test_a_number_of_clusters_that_cannot_be_is_an_error(n_clusters):
    with refused(f"n_clusters is {n_clusters!r}", "from 1 to 10"):
        cluster(_points(10), n_clusters=n_clusters)


def test_more_clusters_than_different_points_are_an_error():
    with refused("n_clusters is 3", "from 1 to 2", "different points"):
        cluster(np.repeat([[0.0, 1.0], [2.0, 3.0]], 10, axis=0), n_clusters=3)


@pytest.mark.parametrize(
    ("coordinates", "words"),
    [
        (np.zeros((10, 3)), ["coordinates", "(10, 3)", "[n_syllables, 2]"]),
        (np.zeros(10), ["coordinates", "(10,)"]),
        ([[0, 1], [np.inf, 2]], ["syllable 1", "infinite"]),
        (None, ["coordinates is None", "array of numbers"]),
        ("map.npy", ["coordinates is 'map.npy'", "array of numbers"]),
        (3, ["coordinates", "()"]),
        ([[0, 1], [2]], ["coordinates is [[0, 1], [2]]", "array of numbers"]),
        (pd.DataFrame({"x": [0], "y": [1]}), ["coordinates is of type DataFrame", "array"]),
        (np.array([["a", "b"]]), ["coordinates is of type ndarray (<U1)", "array of numbers"]),
    ],
)
def test_coordinates_that_cannot_be_are_an_error(coordinates, words):
    with refused(*words):
        cluster(coordinates)


@pytest.mark.parametrize("bad", [None, "tutorial", 40, np.zeros(3)], ids=str)
def test_what_is_no_recipe_is_an_error(bad):
    with refused("recipe is", "must be", "Recipe"):
        cluster(_points(10), bad)


class TestMeans:
    def test_each_is_the_mean_of_the_features_with_its_label(self):
        features = np.random.default_rng(0).normal(size=(60, 4, 5)).astype(np.float32)
        coordinates = _points(60)
        coordinates[7] = np.nan
        clusters = cluster(coordinates, n_clusters=5)
        means = clusters.means(features)
        assert means.shape == (clusters.n_clusters, 4, 5)
        assert means.dtype == np.float32
        for label, mean in enumerate(means):
            np.testing.assert_array_equal(mean, features[clusters.labels == label].mean(axis=0))

    def test_no_cluster_has_no_means(self):
        clusters = cluster(np.full((3, 2), np.nan))
        assert clusters.means(np.zeros((3, 4, 5))).shape == (0, 4, 5)

    def test_features_of_other_syllables_are_an_error(self):
        clusters = cluster(_points(60), n_clusters=5)
        with refused("features has 59 syllables", "labels has 60", "must"):
            clusters.means(np.zeros((59, 4, 5)))
        with refused("features", "must be"):
            clusters.means(None)


class TestRepeatability:
    def test_crowds_far_apart_are_found_again_and_explain_nearly_all(self):
        rng = np.random.default_rng(0)
        crowds = rng.normal(0, 0.05, (200, 3)) + 10 * np.eye(3)[np.arange(200) % 3]
        agreement, explained = repeatability(crowds, 3)
        assert agreement == 1
        assert explained > 0.99

    def test_of_one_cluster_there_is_nothing_to_explain(self):
        points = np.random.default_rng(0).standard_normal((100, 3))
        assert repeatability(points, 1)[1] == pytest.approx(0, abs=0.1)

    def test_more_clusters_than_a_half_has_points_are_an_error(self):
        with pytest.raises(usvlib.UsvError, match="n_clusters is 6"):
            repeatability(np.eye(10), 6)

    def test_the_variance_is_explained_in_the_half_that_had_no_say(self):
        # In noise, clusters fit the half that they were made of, and not the other one.
        points = np.random.default_rng(0).standard_normal((80, 10))
        agreement, explained = repeatability(points, 10)
        assert explained < 0.25
        assert agreement < 0.3

    def test_more_halvings_are_averaged(self):
        points = np.random.default_rng(1).standard_normal((60, 2))
        one, several = (np.array(repeatability(points, 4, n)) for n in (1, 4))
        assert (one != several).all()

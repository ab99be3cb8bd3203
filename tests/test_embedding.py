"""The map is as faithful as UMAP's own and repeatable, and says where syllables are too few."""

import dataclasses
import warnings

import numpy as np
import pandas as pd
import pytest
from sounds import RATE, refused, tones_in_noise

import usvlib
from usvlib import ORIGINAL, embed, map_fidelity
from usvlib.data import recording_from_audio
from usvlib.embedding import _nearest_neighbors


@pytest.fixture(scope="module", autouse=True)
def umap():
    """Import UMAP before any test counts warnings, because it warns about optional packages."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=ImportWarning)
        import umap

    return umap


@pytest.fixture(scope="module")
def simulated():
    recording = usvlib.simulate_recording(200, seed=6)
    return usvlib.normalise(usvlib.syllable_spectrograms(recording))


@pytest.fixture(scope="module")
def amvoc(shared_recordings):
    folder = shared_recordings / "amvoc"
    recordings = [
        recording_from_audio(folder / f"rec_{n}.wav", folder / f"gt_{n}.csv") for n in (1, 2, 3, 8)
    ]
    return usvlib.normalise(usvlib.syllable_spectrograms(recordings))


@pytest.fixture(scope="module")
def of_simulated(simulated):
    return embed(simulated)


# Faithfulness


@pytest.mark.parametrize("name", ["simulated", "amvoc"])
def test_the_map_is_as_trustworthy_as_the_tutorials(umap, name, request):
    from sklearn.manifold import trustworthiness

    features = request.getfixturevalue(name)
    flat = features.reshape(len(features), -1)
    ours, theirs = [], []
    # Maps of one quality differ by some 0.01 from seed to seed.
    for seed in range(2, 8):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "n_jobs value")  # a seed leaves it one thread
            plain = umap.UMAP(min_dist=0.5, random_state=seed).fit_transform(flat)
        map_of_ours = embed(features, dataclasses.replace(ORIGINAL, embedding_seed=seed))
        ours.append(trustworthiness(flat, map_of_ours, n_neighbors=15))
        theirs.append(trustworthiness(flat, plain, n_neighbors=15))
    assert np.mean(ours) >= np.mean(theirs) - 0.01
    # Not because both are bad: a shuffled map has one half.
    assert min(ours) > 0.65


def test_the_map_is_the_same_at_every_call(simulated, of_simulated):
    np.testing.assert_array_equal(embed(simulated), of_simulated)


def test_the_map_has_a_point_for_each_syllable(simulated, of_simulated):
    assert of_simulated.shape == (200, 2)
    assert of_simulated.dtype == np.float64
    assert np.isfinite(of_simulated).all()
    assert len(np.unique(of_simulated, axis=0)) == 200


def test_flat_features_give_the_same_map(simulated, of_simulated):
    np.testing.assert_array_equal(embed(simulated.reshape(200, -1)), of_simulated)


@pytest.mark.parametrize("changes", [{"n_neighbors": 5}, {"min_dist": 0.01}, {"embedding_seed": 3}])
def test_the_recipe_reaches_umap(simulated, of_simulated, changes):
    recipe = dataclasses.replace(ORIGINAL, **changes)
    assert not np.allclose(embed(simulated, recipe), of_simulated)


def test_groups_far_apart_are_apart_on_the_map():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(3), 30)
    coordinates = embed(rng.standard_normal((90, 50)) + 30 * np.eye(3, 50)[groups])
    means = np.array([coordinates[groups == k].mean(axis=0) for k in range(3)])
    nearest = np.linalg.norm(coordinates[:, np.newaxis] - means, axis=-1).argmin(axis=1)
    assert (nearest == groups).mean() > 0.95


# Few syllables


@pytest.mark.parametrize("n", [4, 5, 16, 30, 31, 128])
def test_few_syllables_have_a_map_and_one_warning_of_ours(simulated, n):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        coordinates = embed(simulated[:n])
    assert coordinates.shape == (n, 2)
    assert np.isfinite(coordinates).all()
    n_neighbors = max(min(15, (n - 1) // 2), 2)
    if n_neighbors < 15:
        [warning] = caught
        assert warning.category is usvlib.UsvWarning
        assert warning.filename == __file__
        assert f"{n_neighbors} neighbours instead of 15" in str(warning.message)
        assert f"only {n} syllables" in str(warning.message)
    else:
        assert caught == []


@pytest.mark.parametrize("n", [1, 2, 3])
def test_fewer_than_four_syllables_have_no_map(simulated, n):
    with refused(f"there are {n} syllables", "at least 4"):
        embed(simulated[:n])


def test_syllables_that_are_all_alike_have_places_on_the_map():
    # This happens where one syllable is annotated several times.
    with pytest.warns(usvlib.UsvWarning, match="2 neighbours instead of 15") as caught:
        coordinates = embed(np.ones((4, 40, 30), np.float32))
    assert len(caught) == 1
    assert np.isfinite(coordinates).all()


# Blank syllables


def test_blank_syllables_have_no_place_and_the_others_stay_aligned(simulated):
    shown = np.array([i not in (0, 3, 39) for i in range(40)])
    with_blanks = simulated[:40].copy()
    with_blanks[~shown] = 0
    coordinates = embed(with_blanks)
    assert np.isnan(coordinates[~shown]).all()
    np.testing.assert_array_equal(coordinates[shown], embed(simulated[:40][shown]))


def test_blank_syllables_do_not_count(simulated):
    features = np.concatenate([np.zeros((6, 40, simulated.shape[2])), simulated[:3]])
    with refused("there are 3 syllables that are not blank"):
        embed(features)
    features = np.concatenate([features, simulated[3:4]])
    with pytest.warns(usvlib.UsvWarning, match="only 4 syllables"):
        coordinates = embed(features)
    assert np.isfinite(coordinates).all(axis=1).tolist() == [False] * 6 + [True] * 4


@pytest.mark.filterwarnings("ignore::usvlib.UsvWarning")
def test_a_call_below_the_kept_bands_is_kept_out_of_the_map_and_the_clusters():
    sweeps = [(60e3, 80e3), (42e3, 42e3), (90e3, 70e3), (65e3, 65e3), (100e3, 80e3)]
    samples, onsets, offsets = tones_in_noise(sweeps)
    recording = usvlib.recording_from_array(samples, RATE, onsets, offsets)
    features = usvlib.normalise(usvlib.syllable_spectrograms(recording))
    coordinates = embed(features)
    clusters = usvlib.cluster(coordinates)
    low = [False, True, False, False, False]
    np.testing.assert_array_equal(np.isnan(coordinates).all(axis=1), low)
    np.testing.assert_array_equal(clusters.labels == -1, low)
    assert len(features) == len(coordinates) == len(clusters.labels) == 5


# What cannot be embedded


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_features_that_are_not_finite_are_an_error_that_names_the_syllable(simulated, bad):
    features = simulated[:20].copy()
    features[13, 2, 3] = bad
    with refused("syllable 13", "finite"):
        embed(features)


NO_NUMBERS = [
    (None, "None"),
    ("features.npy", "'features.npy'"),
    ([[1], [1, 2]], "[[1], [1, 2]]"),
    (np.full((5, 4), "a"), "of type ndarray (<U1)"),
    (np.zeros((5, 4), complex), "of type ndarray (complex128)"),
    (pd.DataFrame({"onset_s": [0.1] * 5, "duration_ms": [1] * 5}), "of type DataFrame"),
    (ORIGINAL, "of type Recipe"),
]


@pytest.mark.parametrize(("bad", "words"), NO_NUMBERS, ids=lambda x: str(x)[:20])
def test_what_is_no_array_of_numbers_is_an_error_that_names_it(bad, words):
    with refused(f"features is {words}", "must be an array of numbers"):
        embed(bad)
    with refused(f"features is {words}", "must be an array of numbers"):
        map_fidelity(bad, np.zeros((5, 2)))
    with refused(f"coordinates is {words}", "must be an array of numbers"):
        map_fidelity(np.ones((5, 2)), bad)


@pytest.mark.parametrize("bad", [None, "tutorial", 15, np.zeros(3)], ids=str)
def test_what_is_no_recipe_is_an_error(simulated, bad):
    with refused("recipe is", "must be", "Recipe"):
        embed(simulated, bad)


@pytest.mark.parametrize("shape", [(10,), (0, 40, 30), (10, 0), ()])
def test_features_of_another_shape_are_an_error(shape):
    with refused("features", shape, "[n_syllables, n_bands, n_frames]"):
        embed(np.zeros(shape))


# Fidelity


@pytest.fixture(scope="module")
def plane():
    """Points of a plane, as features and as their own map."""
    return np.random.default_rng(1).standard_normal((120, 2))


def test_a_map_that_is_the_features_themselves_is_perfect(plane):
    assert map_fidelity(plane, plane) == (1.0, 1.0, 1.0)


@pytest.mark.parametrize(
    "moved", [lambda x: 7 * x + 3, lambda x: x[:, ::-1], lambda x: x @ [[0.6, -0.8], [0.8, 0.6]]]
)
def test_turning_or_scaling_a_map_leaves_its_fidelity(plane, moved):
    np.testing.assert_allclose(map_fidelity(plane, moved(plane)), 1.0, atol=1e-9)


def test_a_shuffled_map_is_as_good_as_chance(plane):
    fidelity = map_fidelity(plane, np.random.default_rng(2).permutation(plane))
    assert 0.4 < fidelity.trustworthiness < 0.6
    assert 0.4 < fidelity.continuity < 0.6


def test_a_fold_costs_trustworthiness_and_a_tear_costs_continuity(plane):
    folded = np.abs(plane)
    fidelity = map_fidelity(plane, folded)
    assert fidelity.trustworthiness < fidelity.continuity - 0.02
    torn = plane + 9 * np.sign(plane)
    fidelity = map_fidelity(plane, torn)
    assert fidelity.continuity < fidelity.trustworthiness


def test_the_fidelity_is_sklearns_both_ways(simulated, of_simulated):
    from sklearn.manifold import trustworthiness

    flat = simulated.reshape(200, -1)
    fidelity = map_fidelity(simulated, of_simulated, n_neighbors=10)
    assert fidelity.trustworthiness == trustworthiness(flat, of_simulated, n_neighbors=10)
    assert fidelity.continuity == trustworthiness(of_simulated, flat, n_neighbors=10)


def test_syllables_without_a_place_do_not_count(plane):
    features = np.concatenate([plane, np.zeros((7, 2))])
    coordinates = np.concatenate([plane, np.full((7, 2), np.nan)])
    assert map_fidelity(features, coordinates) == (1.0, 1.0, 1.0)


@pytest.mark.parametrize("n", [3, 4, 10, 31])
def test_few_syllables_have_a_fidelity(plane, n):
    assert map_fidelity(plane[:n], plane[:n]) == (1.0, 1.0, 1.0)


def test_two_syllables_have_none(plane):
    with refused("2 syllables on the map", "at least 3"):
        map_fidelity(plane[:2], plane[:2])


@pytest.mark.parametrize("n_neighbors", [0, -1, 2.5, None, "15"])
def test_neighbourhoods_of_no_size_are_an_error(plane, n_neighbors):
    with refused("n_neighbors", n_neighbors):
        map_fidelity(plane, plane, n_neighbors)


def test_features_and_coordinates_must_go_together(plane):
    with refused("features has 120 syllables", "coordinates has 119"):
        map_fidelity(plane, plane[1:])


@pytest.mark.parametrize(
    ("coordinates", "words"),
    [
        (np.zeros((120, 3)), ["coordinates", "(120, 3)"]),
        (np.zeros(120), ["coordinates", "(120,)"]),
        (np.full((120, 2), np.inf), ["syllable 0", "infinite"]),
    ],
)
def test_coordinates_that_cannot_be_are_an_error(plane, coordinates, words):
    with refused(*words):
        map_fidelity(plane, coordinates)


def test_neighbours_are_the_nearest_and_a_point_is_its_own_first():
    rng = np.random.default_rng(4)
    points = rng.standard_normal((60, 7)).astype(np.float32)
    points[40:50] = points[:10]  # of two alike, each is the other's nearest
    indices, distances = _nearest_neighbors(points, 9)
    np.testing.assert_array_equal(indices[:, 0], np.arange(60))
    assert (distances[:, 0] == 0).all()
    exact = np.linalg.norm(points[:, np.newaxis] - points, axis=-1)
    np.testing.assert_allclose(distances, np.sort(exact, axis=1)[:, :9], atol=1e-3)
    np.testing.assert_array_equal(indices[:10, 1], np.arange(40, 50))


class TestNeighborOverlap:
    def test_a_perfect_map_shares_all_and_a_random_one_few(self):
        rng = np.random.default_rng(0)
        points = rng.standard_normal((300, 2))
        assert map_fidelity(points, 3 * points).neighbor_overlap == 1
        random = map_fidelity(points, rng.standard_normal((300, 2))).neighbor_overlap
        assert random == pytest.approx(15 / 299, abs=0.02)

    def test_it_is_the_share_counted_by_hand(self):
        line = np.array([[0, 0], [1, 0], [3, 0], [7, 0], [15, 0]], float)
        swapped = line[[1, 0, 2, 3, 4]]
        # Nearest before 1, 0, 1, 2, 3; after 1, 0, 0, 2, 3: that of the third has changed.
        assert map_fidelity(line, swapped, 1).neighbor_overlap == pytest.approx(4 / 5)

    def test_syllables_without_a_place_are_left_out(self):
        points = np.random.default_rng(0).standard_normal((40, 2))
        lost = points.copy()
        lost[:10] = np.nan
        assert map_fidelity(points, lost).neighbor_overlap == 1

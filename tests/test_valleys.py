"""The steps of the verdict, each on points for which the answer is known."""

import numpy as np
import pandas
import pytest
from scipy.stats import binom, multivariate_normal

import usvlib
from usvlib.continuum import alignment, assessment, valleys


def _two_clouds(n=200, apart=8.0, n_axes=3, seed=0):
    """Two Gaussian clouds, one after the other, and which cloud each point belongs to."""
    rng = np.random.default_rng(seed)
    points = rng.standard_normal((n, n_axes))
    side = np.arange(n) % 2
    points[:, 0] += apart * (side - 0.5)
    return points, side


class TestMixtures:
    def test_the_odds_are_those_of_gaussians_with_one_covariance(self):
        rng = np.random.default_rng(0)
        covariance = np.cov(rng.standard_normal((3, 10)))
        weights, means = np.array([0.2, 0.8]), rng.standard_normal((2, 3))
        whitener = np.linalg.inv(np.linalg.cholesky(covariance))
        mixture = valleys.Mixture(weights, means, whitener)
        points = rng.standard_normal((20, 3))
        expected = np.stack(
            [
                np.log(weight) + multivariate_normal(mean, covariance).logpdf(points)
                for weight, mean in zip(weights, means, strict=True)
            ]
        )
        odds = mixture.log_odds(points)
        np.testing.assert_allclose(odds[:, 1] - odds[:, 0], expected[1] - expected[0])
        np.testing.assert_array_equal(mixture.assign(points), expected.argmax(axis=0))

    def test_elongated_clouds_are_told_apart(self):
        # Ward's clusters would cut across them.
        points, side = _two_clouds(400, apart=8.0)
        points[:, 1] *= 20
        mixture = valleys.fit_mixtures(points)[2]
        found = mixture.assign(points)
        assert max((found == side).mean(), (found != side).mean()) > 0.98
        np.testing.assert_allclose(mixture.weights, 0.5, atol=0.03)
        whitened = (points - mixture.means[found]) @ mixture.whitener.T
        np.testing.assert_allclose(np.cov(whitened.T), np.eye(3), atol=0.15)

    def test_there_are_as_many_components_as_points_allow(self):
        points = np.random.default_rng(0).standard_normal((60, 2))
        numbers = list(valleys.fit_mixtures(points))
        assert numbers == [
            k for k in valleys.NUMBERS_OF_COMPONENTS if k * valleys.MIN_PER_COMPONENT <= 60
        ]
        assert all(len(valleys.fit_mixtures(points)[k].means) == k for k in numbers)

    def test_the_fit_is_the_most_likely_one(self):
        from sklearn.mixture import GaussianMixture

        points, side = _two_clouds(400, apart=3.0)
        mixture, likelihood = valleys._fit_mixture(points, np.eye(2)[side], 500, 1e-9)
        ours = np.log(np.exp(mixture.log_odds(points)).sum(axis=1)).mean()
        ours += np.log(np.diag(mixture.whitener)).sum()
        assert likelihood == pytest.approx(ours, abs=1e-6)
        theirs = GaussianMixture(2, covariance_type="tied", tol=1e-9, max_iter=500, random_state=0)
        theirs.fit(points)
        order = np.argsort(mixture.means[:, 0]), np.argsort(theirs.means_[:, 0])
        np.testing.assert_allclose(mixture.means[order[0]], theirs.means_[order[1]], atol=0.03)


def test_sparseness_is_the_standardised_distance_to_the_fifth_neighbour():
    points = np.random.default_rng(0).standard_normal((80, 3))
    apart = np.linalg.norm(points[:, np.newaxis] - points, axis=-1)
    log = np.log(np.sort(apart, axis=1)[:, 5])
    np.testing.assert_allclose(valleys.sparseness(points), (log - log.mean()) / log.std())
    assert np.isfinite(valleys.sparseness(np.zeros((20, 2)))).all()


class TestGroups:
    @staticmethod
    def _found(points, n_components=4):
        a, b = points[::2], points[1::2]
        mixture = valleys.fit_mixtures(a)[n_components]
        groups = valleys.find_groups(mixture, a, b, valleys.sparseness(b))
        return mixture, groups

    def test_one_cloud_is_one_group_and_two_are_two(self):
        rng = np.random.default_rng(1)
        one = rng.standard_normal((400, 3))
        _, groups = self._found(one)
        assert [list(g) for g in groups] == [[0] * 4] * 2
        two, side = _two_clouds(400, apart=9.0, seed=1)
        order = rng.permutation(400)
        mixture, groups = self._found(two[order])
        for group in groups:
            assert group.max() == 1
            found = group[mixture.assign(two[order])]
            assert len({*zip(found.tolist(), side[order].tolist(), strict=True)}) == 2

    def test_a_group_that_is_too_small_joins_its_neighbour(self):
        rng = np.random.default_rng(2)
        points = rng.standard_normal((400, 3))
        points[:8, 0] += 12
        _, groups = self._found(rng.permutation(points), 3)
        assert max(group.max() for group in groups) == 0

    def test_a_valley_that_could_be_chance_is_none(self):
        # Of two groups, 3 points in the middle and 9 at the side.
        middle, side = np.array([[0, 3], [3, 0]]), np.array([[0, 9], [9, 0]])
        apart, sizes = np.array([[0.0, 4], [4, 0]]), np.array([50, 50])
        p = binom.cdf(3, 12, 0.5)

        def merged(limit, sizes=sizes):
            groups = valleys._merge_doubtful(np.arange(2), apart, middle, side, sizes, limit)
            return groups.tolist()

        assert merged(p - 0.001) == [0, 0]
        assert merged(p + 0.001) == [0, 1]
        assert merged(1.5, np.array([97, 3])) == [0, 0]
        assert merged(p + 0.001, np.array([96, 4])) == [0, 1]

    def test_the_smallest_group_is_merged_first_and_into_the_nearest(self):
        apart = np.array([[0.0, 9, 4], [9, 0, 5], [4, 5, 0]])
        middle, side = np.zeros((3, 3)), np.full((3, 3), 40.0)
        groups = valleys._merge_doubtful(
            np.arange(3), apart, middle, side, np.array([60, 39, 1]), 0.1
        )
        assert groups.tolist() == [0, 1, 0]

    @pytest.mark.parametrize("scale", [1, 0.01])
    def test_a_pair_is_counted_in_equal_windows(self, scale):
        # On one axis: the discovery half has its valley at 5; the validation half is counted.
        found = np.concatenate([np.linspace(-1, 1, 21), np.linspace(9, 11, 21), [2, 3, 7, 8]])
        side = np.concatenate([np.zeros(21), np.ones(21), [0, 0, 1, 1]]).astype(int)
        tested = np.concatenate([np.linspace(-1, 1, 11), np.linspace(9, 11, 31), [4.9, 5.1]])
        of_tested = (tested > 5).astype(int)
        sparse = np.where(np.abs(tested - 5) < 1, 3.0, 1.0)
        n_middle, n_side, excess = valleys._count_pair(
            (scale * found[:, np.newaxis], scale * tested[:, np.newaxis]),
            (side, of_tested),
            (0, 1),
            np.ones(1),
            sparse,
        )
        # The windows are a seventh of the distance of about 10 wide to either side.
        assert (n_middle, n_side) == (2, 11)
        assert excess == 2

    @pytest.mark.parametrize("right", [0, 2])
    def test_a_component_of_fewer_than_three_points_is_no_side(self, right):
        found = np.arange(10.0)[:, np.newaxis]
        side = (np.arange(10) >= 10 - right).astype(int)
        how = (found, found), (side, side), (0, 1), np.ones(1), np.zeros(10)
        assert valleys._count_pair(*how) is None

    def test_two_components_at_one_place_have_no_valley(self):
        points, side = np.zeros((10, 1)), np.arange(10) % 2
        how = (points, points), (side, side), (0, 1), np.ones(1), np.zeros(10)
        assert valleys._count_pair(*how) is None


class TestJumps:
    def test_an_empty_range_is_a_valley(self):
        steps = np.repeat([0.0, 20.0], [100, 60])
        density, p, edge = valleys.jump_valley(steps, np.random.default_rng(0))
        # Some 30 larger steps in each half, and none between them and the small ones.
        assert density == pytest.approx(1 / 31, abs=0.01)
        assert p == pytest.approx(0.5**30, abs=1e-7)
        assert 4 <= edge < 16

    def test_the_edge_lies_in_the_valley(self):
        rng = np.random.default_rng(0)
        steps = np.concatenate([rng.uniform(0, 9, 300), rng.uniform(14, 22, 200)])
        density, p, edge = valleys.jump_valley(steps, rng)
        assert 9 <= edge <= 14
        assert density < 0.1
        assert p < 1e-3

    def test_a_continuum_of_steps_has_no_valley(self):
        steps = np.random.default_rng(1).exponential(6, 600)
        density, p, _ = valleys.jump_valley(steps, np.random.default_rng(0))
        assert density > 0.5
        assert p > 0.05


class TestAssessment:
    """The kind of the verdict, for groups and steps that are given."""

    N = 240

    @pytest.fixture
    def assess(self, monkeypatch):
        features = np.random.default_rng(0).normal(3, 1, (self.N, 12, 10)).astype(np.float32)
        support = pandas.DataFrame({"both": [0.9]}, index=[2])

        def assess(groups, steps=None, within=None, p=1e-6, density=0.1):
            given = iter([groups, within])

            def separation(spaces, _):
                found = next(given)
                assert len(next(iter(spaces.values()))) == len(found)
                return support, found

            monkeypatch.setattr(assessment, "_separation", separation)
            monkeypatch.setattr(valleys, "jump_valley", lambda *_: (density, p, 10.0))
            measures = pandas.DataFrame(
                {
                    "duration_ms": np.linspace(20, 90, self.N),
                    "mean_frequency_khz": np.linspace(50, 90, self.N),
                    "level_db": np.linspace(20, 40, self.N),
                    "largest_step_khz": np.zeros(self.N) if steps is None else steps,
                }
            )
            return usvlib.assess_continuum(features, measures)

        return assess

    def _groups(self, *sizes):
        return np.repeat(np.arange(len(sizes)), sizes)

    def _steps(self, share):
        """Steps of -20 kHz in the first part of the syllables, and small ones in the others."""
        return np.where(np.arange(self.N) < share * self.N, -20.0, 2.0)

    def test_groups_are_types_and_one_small_group_is_a_satellite(self, assess):
        kinds = {
            (240,): (assessment.CONTINUUM, 1),
            (150, 90): (assessment.TYPES, 2),
            (180, 60): (assessment.TYPES, 2),
            (181, 59): (assessment.SATELLITE, 1),
            (181, 30, 29): (assessment.TYPES, 3),
        }
        for sizes, expected in kinds.items():
            verdict = assess(self._groups(*sizes))
            assert (verdict.kind, verdict.n_types) == expected
            np.testing.assert_array_equal(verdict.labels, self._groups(*sizes))

    def test_steps_above_a_valley_are_a_jump(self, assess):
        verdict = assess(self._groups(240), self._steps(0.25))
        assert (verdict.kind, verdict.n_types) == (assessment.JUMP, 1)
        np.testing.assert_array_equal(verdict.labels, self._steps(0.25) < 0)
        assert verdict.statistics.value["share of steps above that valley"] == 0.25
        np.testing.assert_array_equal(verdict.steps_khz, np.abs(self._steps(0.25)))

    @pytest.mark.parametrize(
        "no_valley", [{"p": 0.011}, {"density": 0.36}, {"steps": np.repeat([20.0, 2.0], [8, 232])}]
    )
    def test_a_jump_needs_a_deep_valley_and_some_syllables_beyond_it(self, assess, no_valley):
        given = {"steps": self._steps(0.25)} | no_valley
        assert assess(self._groups(240), **given).kind == assessment.CONTINUUM
        assert not assess(self._groups(240), **given).statistics.reached[2:5].all()

    def test_a_jump_alone_does_not_make_types(self, assess):
        jumps = self._steps(0.4)
        groups = (jumps < 0).astype(int)
        verdict = assess(groups, jumps, within=np.zeros(144, int))
        assert verdict.kind == assessment.JUMP
        # With groups among the larger part, here the syllables without a jump, there are types.
        verdict = assess(groups, jumps, within=np.arange(144) % 2)
        assert verdict.kind == assessment.TYPES
        # The larger part may be that with jumps.
        verdict = assess(groups, self._steps(0.6), within=np.arange(144) % 2)
        assert verdict.kind == assessment.TYPES


class TestEvidence:
    def test_a_window_is_the_share_of_halves_over_three_numbers_of_components(self):
        strict = {("both", k): [k > 3, k > 4] for k in range(2, 7)} | {
            ("features", 2): [True, False]
        }
        windows = assessment._windows(strict)
        assert windows == {
            (("both", 2), ("both", 3), ("both", 4)): 1 / 6,
            (("both", 3), ("both", 4), ("both", 5)): 3 / 6,
            (("both", 4), ("both", 5), ("both", 6)): 5 / 6,
            (("features", 2),): 0.5,
        }

    def test_groups_agree_on_what_most_halves_have_together(self):
        truth = np.repeat([0, 1], [60, 40])
        rng = np.random.default_rng(0)
        # The names of groups differ from half to half, and some syllables are misplaced.
        groups = [
            np.where(rng.uniform(size=100) < 0.1, 1 - truth, truth) ^ (i % 2) for i in range(9)
        ]
        np.testing.assert_array_equal(assessment._consensus(groups), truth)

    def test_groups_may_alternate_among_the_syllables(self):
        truth = np.arange(100) % 2
        np.testing.assert_array_equal(assessment._consensus([truth] * 4), truth)

    @pytest.mark.parametrize(("share", "n_halves"), [(0.0, 8), (0.5, 8), (0.85, 32), (1.0, 8)])
    def test_a_doubtful_support_is_measured_on_more_halves(self, monkeypatch, share, n_halves):
        asked = []

        def groups(space, a, b):
            assert sorted([*a, *b]) == list(range(50))
            asked.append(len(asked))
            found = (asked[-1] * share) % 1 < share if share < 1 else True
            return {k: (found, np.arange(50) % 2) for k in (2, 3, 4)}

        monkeypatch.setattr(assessment, "_groups_by_number", groups)
        rng = np.random.default_rng(0)
        table, found = assessment._separation({"both": np.zeros((50, 2))}, rng)
        assert len(asked) == n_halves
        assert table.both.max() == pytest.approx(share, abs=0.15)
        assert found.any() == (share >= assessment.MIN_SUPPORT)

    def test_of_well_supported_windows_that_with_the_most_groups_is_taken(self, monkeypatch):
        def groups(space, a, b):
            return {k: (True, np.arange(60) % (2 if k < 6 else 3)) for k in range(2, 9)}

        monkeypatch.setattr(assessment, "_groups_by_number", groups)
        spaces = {"both": np.zeros((60, 2))}
        _, found = assessment._separation(spaces, np.random.default_rng(0))
        assert found.max() == 2

    def test_a_stray_syllable_joins_the_group_that_most_halves_put_it_with(self):
        # Of 100 syllables, the last two move from group to group.
        groups = []
        for i in range(9):
            labels = np.repeat([0, 1], [60, 40])
            labels[98], labels[99] = (0 if i < 5 else 2), (1 if i < 5 else 2)
            groups.append(labels)
        found = assessment._consensus(groups)
        assert found[:98].tolist() == [0] * 60 + [1] * 38
        assert found[98:].tolist() == [0, 1]

    def test_one_large_group_is_no_group(self):
        labels = np.repeat([0, 1], [98, 2])
        assert not assessment._consensus([labels] * 5).any()

    def test_the_profile_is_of_the_closest_two_groups(self):
        rng = np.random.default_rng(0)
        groups = np.arange(300) % 3
        points = rng.standard_normal((300, 4))
        points[:, 0] += np.array([-100, -58, -50])[groups]
        profile = assessment._profile({"both": points}, groups, rng)
        # Half of two groups of 100, the second 8 away from the first.
        assert 80 <= len(profile) <= 120
        low, high = (profile.place[profile.side == side] for side in (0, 1))
        assert low.mean() == pytest.approx(0, abs=0.4)
        assert high.mean() == pytest.approx(8, abs=1)
        assert low.std() == pytest.approx(1, abs=0.2)

    def test_without_groups_the_profile_is_of_two_parts_of_the_continuum(self):
        rng = np.random.default_rng(0)
        points = rng.standard_normal((300, 4))
        profile = assessment._profile({"both": points}, np.zeros(300, int), rng)
        assert 120 <= len(profile) <= 150
        assert set(profile.side) == {0, 1}


class TestBridges:
    """Two components are one group if the middle between them holds enough points."""

    @pytest.mark.parametrize(
        ("n_middle", "n_side", "excess", "bridged"),
        [
            # More than 0.55 of the density at the sides, and at least two points.
            (12, 20, 9.0, True),
            (10, 20, 9.0, False),
            (2, 3, 9.0, True),
            (1, 1, 9.0, False),
            # Fewer points, which are as close to their neighbours as those at the sides.
            (3, 30, 0.59, True),
            (3, 30, 0.61, False),
            (2, 30, 0.0, False),
        ],
    )
    def test_the_middle_is_filled_or_dense(self, monkeypatch, n_middle, n_side, excess, bridged):
        points, side = _two_clouds(100, apart=9.0, n_axes=2)
        mixture, _ = valleys._fit_mixture(points, np.eye(2)[side])
        monkeypatch.setattr(valleys, "_count_pair", lambda *_: (n_middle, n_side, excess))
        # The p-value is no reason to merge here.
        monkeypatch.setattr(valleys, "LENIENT_P", 1.0)
        _, groups = valleys.find_groups(mixture, points, points, np.zeros(100))
        assert (groups.max() == 0) == bridged

    def test_a_pair_that_cannot_be_counted_is_not_bridged(self, monkeypatch):
        points, side = _two_clouds(100, apart=9.0, n_axes=2)
        mixture, _ = valleys._fit_mixture(points, np.eye(2)[side])
        monkeypatch.setattr(valleys, "_count_pair", lambda *_: None)
        monkeypatch.setattr(valleys, "LENIENT_P", 1.0)
        _, groups = valleys.find_groups(mixture, points, points, np.zeros(100))
        assert groups.max() == 1

    def test_strict_groups_need_a_smaller_p_value_than_lenient_ones(self, monkeypatch):
        points, side = _two_clouds(100, apart=9.0, n_axes=2)
        mixture, _ = valleys._fit_mixture(points, np.eye(2)[side])
        # Of 8 and of 14 points, none and three in the middle: 0.4 % and 2.9 %; and 5 of 12: 39 %.
        for counts, found in (((0, 8), (1, 1)), ((3, 11), (0, 1)), ((5, 7), (0, 0))):
            monkeypatch.setattr(valleys, "_count_pair", lambda *_, c=counts: (*c, 9.0))
            monkeypatch.setattr(valleys, "BRIDGE_RATIO", 9.0)
            groups = valleys.find_groups(mixture, points, points, np.zeros(100))
            assert tuple(group.max() for group in groups) == found


class TestSpaces:
    def test_each_space_is_scaled_so_that_its_axes_count_alike(self):
        rng = np.random.default_rng(0)
        features = rng.normal(3, 1, (80, 12, 10)).astype(np.float32)
        measures = pandas.DataFrame(
            {
                "duration_ms": rng.uniform(10, 90, 80),
                "mean_frequency_khz": rng.uniform(50, 90, 80),
                "level_db": rng.uniform(20, 40, 80),
            }
        )
        spaces = alignment.spaces_of(features, measures)
        assert list(spaces) == ["both", "features", "measures"]
        scores = spaces["features"]
        deviations = scores.std(axis=0)
        assert deviations[0] == pytest.approx(1, abs=1e-5)
        assert (np.diff(deviations) <= 1e-6).all()
        np.testing.assert_allclose(scores.mean(axis=0), 0, atol=1e-5)
        log_ms, khz, level = spaces["both"][:, scores.shape[1] :].T
        np.testing.assert_array_equal(spaces["both"][:, : scores.shape[1]], scores)
        np.testing.assert_array_equal(spaces["measures"], np.stack([log_ms, khz], axis=1))
        for column, values, weight in (
            (log_ms, np.log(measures.duration_ms), 1),
            (khz, measures.mean_frequency_khz, 1),
            (level, measures.level_db, 0.4),
        ):
            np.testing.assert_allclose(
                column, weight * (values - values.mean()) / values.std(ddof=0)
            )
        np.testing.assert_array_equal(alignment.spaces_of(features)["features"], scores)

    def test_the_alignment_fills_the_width_and_centres_the_mean_band(self):
        syllable = np.zeros((2, 41, 30), np.float32)
        syllable[0, 30, 5:26] = 4
        syllable[0, 33, 5:26] = 1
        syllable[1, 10, 12:18] = np.linspace(2, 4, 6)
        aligned = alignment.align(syllable)
        # Values of at most 1 are noise, and do not move the mean band.
        assert aligned[0].argmax(axis=0).tolist() == [20] * alignment.N_COLUMNS
        np.testing.assert_allclose(aligned[0, 20], 4, atol=1e-5)
        np.testing.assert_allclose(aligned[0, 23], 1, atol=1e-5)
        np.testing.assert_allclose(
            aligned[1, 20], np.linspace(2, 4, alignment.N_COLUMNS), atol=1e-5
        )

"""The verdict on simulated repertoires of known kind."""

import numpy as np
import pandas
import pytest

import usvlib
from usvlib.continuum import simulate_control
from usvlib.continuum.alignment import align
from usvlib.continuum.controls import CONTINUA


@pytest.mark.parametrize("kind", CONTINUA)
def test_a_continuum_is_not_called_types(kind):
    features, measures, _ = simulate_control(kind, 300, seed=1)
    assert usvlib.assess_continuum(features, measures).kind == "continuum"


@pytest.mark.parametrize("n_types", [3, 6, 12])
def test_types_are_found_and_counted(n_types):
    features, measures, types = simulate_control(
        "types", 600, seed=1, n_types=n_types, separation=9
    )
    verdict = usvlib.assess_continuum(features, measures)
    assert verdict.kind == "separated types"
    assert abs(verdict.n_types - n_types) <= 0.2 * n_types
    shares = pandas.crosstab(types, verdict.labels, normalize="index").max(axis=1)
    assert shares.median() > 0.9


def test_types_that_differ_in_frequency_alone_need_the_measures():
    features, measures, _ = simulate_control(
        "mean_frequency_types", 600, seed=1, n_types=2, separation=7
    )
    assert usvlib.assess_continuum(features, measures).n_types == 2
    assert usvlib.assess_continuum(features).kind == "continuum"


def test_a_satellite_and_a_jump_are_named():
    features, measures, types = simulate_control("satellite", 600, seed=1, separation=12)
    verdict = usvlib.assess_continuum(features, measures)
    assert verdict.kind == "continuum with a satellite"
    assert (verdict.labels == types).mean() > 0.9
    features, measures, types = simulate_control("jumps", 600, seed=1)
    verdict = usvlib.assess_continuum(features, measures)
    assert (verdict.kind, verdict.n_types) == ("continuum with a jump", 1)
    assert (verdict.labels == types).mean() > 0.9


def test_the_verdict_is_the_same_for_one_seed_and_agrees_for_others():
    features, measures, _ = simulate_control("gaussian", 300, seed=2)
    verdicts = [usvlib.assess_continuum(features, measures, seed) for seed in (0, 0, 1)]
    assert verdicts[0].statistics.equals(verdicts[1].statistics)
    assert len({verdict.kind for verdict in verdicts}) == 1


def test_a_study_gives_its_features_and_its_measures():
    recording = usvlib.simulate_recording(220, seed=1)
    study = usvlib.Study("simulated", usvlib.ORIGINAL, (recording,))
    verdict = usvlib.assess_continuum(study)
    expected = usvlib.assess_continuum(study.features, study.measures)
    assert str(verdict) == str(expected)
    assert "p-value of that valley" in verdict.statistics.index  # only measures have steps
    seeded = usvlib.assess_continuum(study, seed=1)
    assert not seeded.support.equals(verdict.support) or not seeded.profile.equals(verdict.profile)
    with pytest.raises(usvlib.UsvError, match="measures are given together with a study"):
        usvlib.assess_continuum(study, study.measures)


def test_few_and_blank_syllables():
    features, measures, _ = simulate_control("gaussian", 210, seed=2)
    features[:20] = 0
    verdict = usvlib.assess_continuum(features, measures)
    assert verdict.kind == "too few syllables"
    assert (verdict.labels == np.repeat([-1, 0], [20, 190])).all()
    assert "190" in str(verdict)
    with pytest.raises(usvlib.UsvError, match="measures has no column level_db"):
        usvlib.assess_continuum(features, measures.drop(columns="level_db"))
    with pytest.raises(usvlib.UsvError, match=r"features has shape \(210, 40\)"):
        usvlib.assess_continuum(features[:, :, 0])


def test_measures_must_be_a_table_of_numbers():
    features, measures, _ = simulate_control("gaussian", 30, seed=2)

    def assess(**changes):
        return usvlib.assess_continuum(features, measures.assign(**changes))

    for given in (dict(measures), measures.to_numpy()):
        with pytest.raises(usvlib.UsvError, match=f"measures is of type {type(given).__name__}"):
            usvlib.assess_continuum(features, given)
    with pytest.raises(usvlib.UsvError, match=r"measures has a column level_db of type .*numbers"):
        assess(level_db="loud")
    # Half a millisecond is a duration.
    durations = measures.duration_ms.mask(measures.index == 1, 0.5).mask(measures.index == 3, -1)
    with pytest.raises(usvlib.UsvError, match="duration_ms of syllable 3 is -1; it must be above"):
        assess(duration_ms=durations)
    with pytest.raises(usvlib.UsvError, match=r"syllable 0 has 1e\+300 in level_db; at most"):
        assess(level_db=1e300)
    with pytest.raises(usvlib.UsvError, match="measures has 29"):
        usvlib.assess_continuum(features, measures[:29])


def test_a_syllable_whose_measures_are_not_finite_is_left_out():
    features, measures, _ = simulate_control("gaussian", 30, seed=2)
    level = measures.level_db.mask(measures.index == 4).mask(measures.index == 5, np.inf)
    for table in (measures.assign(level_db=level), measures.assign(level_db=level).astype(object)):
        labels = usvlib.assess_continuum(features, table).labels
        assert np.flatnonzero(labels == -1).tolist() == [4, 5]
    nullable = measures.assign(level_db=level).convert_dtypes()
    assert (usvlib.assess_continuum(features, nullable).labels == labels).all()


@pytest.mark.parametrize(
    ("features", "words"),
    [
        ([[1], [1, 2]], r"features is \[\[1\], \[1, 2\]\]; it must be an array of numbers"),
        (np.full((5, 4, 3), "a"), r"features is of type ndarray \(<U1\); it must be an array"),
        (
            np.full((5, 4, 3), 1e300),
            "features of syllable 0 are not all finite; they must be numbers below 1e\\+15",
        ),
        ([], r"features has shape \(0,\)"),
        (3, r"features has shape \(\)"),
    ],
)
def test_features_must_be_numbers(features, words):
    with pytest.raises(usvlib.UsvError, match=words):
        usvlib.assess_continuum(features)


@pytest.mark.parametrize(
    ("kind", "options", "words"),
    [
        ("types", {"n_types": 1}, "n_types is 1; it must be a whole number of at least 2"),
        ("types", {"n_types": 2.5}, "n_types is 2.5; it must be a whole number of at least 2"),
        ("types", {"separation": -2}, "separation is -2; it must be a number above 0"),
        ("types", {"separation": "4"}, "separation is '4'; it must be a finite number"),
        ("types", {"axes": ("pitch",)}, r"axes is \('pitch',\); it must be some of log_duration"),
        ("jumps", {"share": 2}, "share is 2; it must be a number above 0 and below 1"),
        ("jumps", {"size_khz": -40}, "size_khz is -40; it must be a number above 0"),
        ("band", {"noise": -1}, "noise is -1; it must be a number of at least 0"),
        ("gaussian", {"separation": 3}, "gaussian has no option separation; it has none"),
        ("whistles", {}, "kind is 'whistles'; it must be one of gaussian"),
    ],
)
def test_impossible_options_of_a_control_are_errors(kind, options, words):
    with pytest.raises(usvlib.UsvError, match=words):
        simulate_control(kind, 20, **options)


def test_alignment_undoes_the_discrete_steps_of_the_normalisation():
    """Features moved by a band and two columns are the same again after the alignment."""
    syllable = np.zeros((1, 40, 30), np.float32)
    syllable[0, 15:20, 4:26] = 5
    moved = np.roll(syllable, (1, 2), axis=(1, 2))
    np.testing.assert_allclose(align(syllable), align(moved), atol=1e-4)

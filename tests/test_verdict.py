"""What a verdict says and draws."""

import dataclasses

import matplotlib.pyplot as plt
import numpy as np
import pandas
import pytest
from matplotlib.colors import to_hex

import usvlib
from usvlib.continuum import simulate_control
from usvlib.continuum.verdict import CONCLUSIONS, KINDS


@pytest.fixture(scope="module")
def verdict():
    features, measures, _ = simulate_control("types", 300, 1, n_types=3, separation=10)
    return usvlib.assess_continuum(features, measures)


def test_the_text_has_each_statistic_and_its_threshold(verdict):
    text = str(verdict)
    assert text.startswith("3 separated types, of 300 syllables")
    assert text.count("\n") == len(verdict.statistics)
    assert verdict.statistics.reached["support for separate groups"]
    assert not verdict.statistics.reached["p-value of that valley"]


def test_its_lines_say_from_which_side_a_threshold_is_reached(verdict):
    table = pandas.DataFrame(
        {
            "value": [12_345, 0.797, 2.0, 0.0012, 0.25],
            "threshold": [200, 0.8, 0.35, 0.01, 0.035],
            "reached": [True, False, False, True, True],
        },
        ["syllables", "support", "relative density", "p-value", "share"],
    )
    assert str(dataclasses.replace(verdict, statistics=table)).splitlines()[1:] == [
        "  syllables: 12345 (at least 200: reached)",
        "  support: 0.797 (at least 0.8: not reached)",
        "  relative density: 2 (below 0.35: not reached)",
        "  p-value: 0.0012 (below 0.01: reached)",
        "  share: 0.25 (at least 0.035: reached)",
    ]


def test_each_kind_has_a_conclusion_of_its_own(verdict):
    assert set(CONCLUSIONS) == set(KINDS)
    assert len(set(CONCLUSIONS.values())) == len(KINDS)
    assert verdict.conclusion == CONCLUSIONS["separated types"]


def test_the_profile_is_of_the_validation_half_and_shows_the_gap(verdict):
    profile = verdict.profile
    # Two of three types, half of their syllables each.
    assert 70 <= len(profile) <= 130
    low, high = (profile.place[profile.side == side] for side in (0, 1))
    assert low.quantile(0.95) < high.quantile(0.05)
    assert abs(low.mean()) < 0.5


def test_the_figure_has_support_valley_and_steps(verdict):
    figure = verdict.plot()
    assert [ax.get_xlabel() != "" for ax in figure.axes] == [True] * 3
    plt.close(figure)
    features, measures, _ = simulate_control("gaussian", 30, 1)
    few = usvlib.assess_continuum(features, measures)
    figure = few.plot()
    assert figure.axes[1].texts[0].get_text() == "too few syllables"
    plt.close(figure)


def test_syllables_that_were_left_out_do_not_count(verdict):
    labels = verdict.labels.copy()
    labels[::10] = -1
    text = str(dataclasses.replace(verdict, labels=labels))
    assert text.startswith("3 separated types, of 270 syllables")


def test_the_figure_draws_the_numbers_of_the_verdict(verdict):
    figure = verdict.plot()
    left, middle, right = figure.axes
    *curves, threshold = left.lines
    for curve, name in zip(curves, verdict.support, strict=True):
        np.testing.assert_array_equal(curve.get_ydata(), verdict.support[name])
        assert curve.get_label() == name
    assert threshold.get_ydata()[0] == verdict.statistics.threshold["support for separate groups"]
    bottom, top = left.get_ylim()
    assert bottom < 0 < 1 < top < 1.1
    # The two sides of the valley have a colour each, and no syllable is lost.
    for side, colour in ((0, "C0"), (1, "C1")):
        bars = [p for p in middle.patches if to_hex(p.get_facecolor()) == to_hex(colour)]
        places = verdict.profile.place[verdict.profile.side == side]
        assert sum(bar.get_height() for bar in bars) == len(places)
        drawn = [bar.get_x() + bar.get_width() / 2 for bar in bars if bar.get_height()]
        assert min(drawn) == pytest.approx(places.min(), abs=bars[0].get_width())
        assert max(drawn) == pytest.approx(places.max(), abs=bars[0].get_width())
    assert sum(bar.get_height() for bar in right.patches) == len(verdict.steps_khz)
    assert right.get_yscale() == "symlog"
    assert right.get_ylim()[0] == 0
    assert "kHz" in right.get_xlabel()
    plt.close(figure)


def test_without_measures_there_are_no_steps_to_draw():
    features, _, _ = simulate_control("gaussian", 200, 1)
    verdict = usvlib.assess_continuum(features)
    assert not len(verdict.steps_khz)
    assert list(verdict.support) == ["features"]
    figure = verdict.plot()
    assert not figure.axes[2].axison
    plt.close(figure)


def test_a_verdict_without_a_profile_can_be_drawn(verdict):
    bare = dataclasses.replace(verdict, profile=verdict.profile[:0])
    figure = bare.plot()
    assert sum(bar.get_height() for bar in figure.axes[1].patches) == 0
    plt.close(figure)

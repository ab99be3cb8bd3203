"""Each class rule of the literature finds a contour that was made for it."""

from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pytest

import usvlib
from usvlib.continuum import call_classes, plot_classes

T = np.linspace(0, 1, 40)
CONTOURS = {
    "flat": 70 + 2 * T,
    "up": 60 + 12 * T,
    "down": 80 - 12 * T,
    "U": 80 - 40 * T * (1 - T),
    "inverted U": 70 + 40 * T * (1 - T),
    "complex": 70 + 8 * np.sin(4 * np.pi * T),
    "ultra-high": 95 + 12 * T,
    "c2": np.where(T < 0.5, 65, 85),
    "c3": np.where(np.abs(T - 0.5) < 0.2, 65, 85),
    "c5": 60 + 20 * (np.arange(40) // 7 % 2),
}


@pytest.mark.parametrize("name", CONTOURS)
def test_each_rule_finds_its_class(name):
    assert call_classes([CONTOURS[name]], [40]).tolist() == [name]


@pytest.mark.parametrize(("ms", "name"), [(4.9, "ultrashort"), (9.9, "short"), (10, "flat")])
def test_duration_comes_first(ms, name):
    assert call_classes([CONTOURS["flat"]], [ms]).tolist() == [name]


def test_unknown_frequencies_are_no_jumps_and_silence_has_no_class():
    gap = np.where(np.abs(T - 0.5) < 0.1, np.nan, CONTOURS["up"])
    silent = np.full(20, np.nan)
    assert call_classes([gap, silent, []], [40, 20, 3]).tolist() == [
        "up",
        "none",
        "none",
    ]


def test_a_jump_over_two_frames_is_one():
    contour = np.r_[np.full(15, 60.0), 72, np.full(15, 84.0)]
    assert call_classes([contour], [31]).tolist() == ["c2"]


def test_as_many_durations_as_contours_are_needed():
    with pytest.raises(usvlib.UsvError, match="1 contours and 2 durations"):
        call_classes([T], [1, 2])


def test_a_class_of_the_second_repertoire_alone_is_drawn_and_counted():
    contours = {"ours": [CONTOURS["up"]] * 3, "theirs": list(CONTOURS.values())}
    classes = {"ours": np.array(["up"] * 3), "theirs": np.array(list(CONTOURS))}
    figure = plot_classes(contours, classes)
    top, bottom = figure.subfigs
    assert [ax.get_title() for ax in top.axes] == ["up"]
    _, scatter, bars = bottom.axes
    assert [label.get_text() for label in bars.get_yticklabels()] == [
        "up",
        *sorted({*CONTOURS} - {"up"}),
    ]
    widths = [bar.get_width() for bar in bars.patches]
    assert sum(widths[: len(CONTOURS)]) == 3
    assert widths[len(CONTOURS) :] == [1] * len(CONTOURS)
    # Each class has its own colour.
    assert len(np.unique(scatter.collections[0].get_facecolor(), axis=0)) == len(CONTOURS)
    plt.close(figure)


def test_more_than_ten_classes_have_different_colours():
    from usvlib.continuum.callclasses import CLASSES

    contours = {name: [CONTOURS["up"]] * len(CLASSES) for name in ("ours", "theirs")}
    figure = plot_classes(contours, dict.fromkeys(contours, np.array(CLASSES)))
    colours = figure.subfigs[1].axes[0].collections[0].get_facecolor()
    assert len(np.unique(colours, axis=0)) == len(CLASSES)
    plt.close(figure)


@pytest.mark.parametrize("names", [["ours"], ["ours", "theirs", "others"], ["ours", "others"]])
def test_exactly_two_repertoires_are_needed(names):
    contours = {name: [CONTOURS["up"]] for name in names}
    with pytest.raises(usvlib.UsvError, match=f"contours_khz has {', '.join(names)}, and classes"):
        plot_classes(contours, {"ours": ["up"], "theirs": ["up"]})


def test_the_most_common_class_of_the_first_repertoire_comes_first():
    contours = {"ours": [CONTOURS["up"]] * 7, "theirs": [CONTOURS["up"]] * 3}
    classes = {
        "ours": np.array(["down", "up", "up", "up", "flat", "flat", "up"]),
        "theirs": np.array(["down"] * 3),
    }
    figure = plot_classes(contours, classes, n_examples=2)
    top, bottom = figure.subfigs
    assert [ax.get_title() for ax in top.axes] == ["up", "flat", "down"]
    assert [len(ax.lines) for ax in top.axes] == [2, 2, 1]
    # All panels show the same ranges, which hold the mouse's calls.
    assert {ax.get_ylim() for ax in top.axes} == {(-27, 27)}
    assert {ax.get_xlim() for ax in top.axes} == {(0, 160)}
    assert {(*ax.get_xlim(), *ax.get_ylim()) for ax in bottom.axes[:2]} == {(-32, 32, -22, 22)}
    bars = bottom.axes[2]
    assert [label.get_text() for label in bars.get_yticklabels()] == ["up", "flat", "down"]
    assert [bar.get_width() for bar in bars.patches] == [4, 2, 1, 0, 0, 3]
    assert bars.yaxis_inverted()
    # Solid bars lie above hatched ones, and no bar covers another.
    ends = [(bar.get_y(), bar.get_y() + bar.get_height()) for bar in bars.patches]
    middles = [sum(end) / 2 for end in ends]
    assert middles == pytest.approx([-0.2, 0.8, 1.8, 0.2, 1.2, 2.2])
    assert all(below[1] <= above[0] for below, above in pairwise(sorted(ends)))
    sweep, bow = bottom.axes[0].collections[0].get_offsets()[0]
    contour = np.asarray(CONTOURS["up"])
    n = len(contour) // 6
    start, end = contour[:n].mean(), contour[-n:].mean()
    assert sweep == pytest.approx(end - start)
    assert bow == pytest.approx(np.median(contour) - (start + end) / 2)
    plt.close(figure)


def test_classes_are_an_array_of_texts_with_one_for_each_contour():
    classes = call_classes([CONTOURS["up"], CONTOURS["c2"]], [40, 40])
    assert classes.dtype == "<U10"
    assert (classes == ["up", "c2"]).all()
    assert call_classes([], []).shape == (0,)

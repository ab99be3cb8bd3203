"""The class rules of the literature, each on a contour drawn for it."""

import numpy as np
import pytest

import usvlib

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
    assert usvlib.call_classes([CONTOURS[name]], [40]).tolist() == [name]


@pytest.mark.parametrize(("ms", "name"), [(4.9, "ultrashort"), (9.9, "short"), (10, "flat")])
def test_duration_comes_first(ms, name):
    assert usvlib.call_classes([CONTOURS["flat"]], [ms]).tolist() == [name]


def test_gaps_are_no_jumps_and_silence_has_no_class():
    gap = np.where(np.abs(T - 0.5) < 0.1, np.nan, CONTOURS["up"])
    silent = np.full(20, np.nan)
    assert usvlib.call_classes([gap, silent, []], [40, 20, 3]).tolist() == ["up", "none", "none"]


def test_a_jump_over_two_frames_is_one():
    contour = np.r_[np.full(15, 60.0), 72, np.full(15, 84.0)]
    assert usvlib.call_classes([contour], [31]).tolist() == ["c2"]


def test_contours_and_durations_must_go_together():
    with pytest.raises(usvlib.UsvError, match="1 contours and 2 durations"):
        usvlib.call_classes([T], [1, 2])

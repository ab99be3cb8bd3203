"""The parameters: the page's values, and nothing that cannot work."""

import dataclasses
import inspect

import numpy as np
import pytest
from sounds import refused

import usvlib
from usvlib import ORIGINAL, Recipe

# "The recipe of the original page", field by field.
PAGE = {
    "n_fft": 2048,
    "hop_s": 0.001,
    "n_mels": 128,
    "low_hz": 40_000,
    "high_hz": None,
    "crop": (15, 10),
    "threshold": 0.0,
    "time_scaling": 8.0,
    "centre_halfwidth": 20,
    "n_neighbors": 15,
    "min_dist": 0.5,
    "embedding_seed": 2,
    "n_clusters": 40,
    "clustering_seed": 2,
}


def test_the_original_recipe_has_the_values_of_the_page():
    assert dataclasses.asdict(ORIGINAL) == PAGE
    assert Recipe() == ORIGINAL


def test_the_original_recipe_keeps_103_bands():
    assert ORIGINAL.n_bands == 103
    np.testing.assert_array_equal(np.arange(128)[ORIGINAL.bands], np.arange(15, 118))


def test_a_crop_of_nothing_keeps_all_bands():
    recipe = Recipe(crop=(0, 0))
    assert recipe.n_bands == 128
    assert len(np.arange(128)[recipe.bands]) == 128


def test_a_recipe_cannot_be_changed_in_place():
    with pytest.raises(dataclasses.FrozenInstanceError):
        ORIGINAL.n_fft = 1024


def test_a_crop_written_as_a_list_is_the_same_recipe():
    assert Recipe(crop=[15, 10]) == ORIGINAL
    assert hash(Recipe(crop=[15, 10])) == hash(ORIGINAL)
    assert repr(Recipe(crop=[15, 10])) == repr(ORIGINAL)


@pytest.mark.parametrize(
    "changes",
    [
        {"n_fft": 512},
        {"hop_s": 0.0005},
        {"n_mels": 100},
        {"low_hz": 0, "high_hz": 120_000},
        {"crop": (0, 3)},
        {"threshold": None, "time_scaling": None, "centre_halfwidth": None},
        {"threshold": -2.5},
        {"centre_halfwidth": 51},
        {"min_dist": 0.0, "n_neighbors": 2, "n_clusters": 1},
        {"embedding_seed": 0, "clustering_seed": 0},
    ],
)
def test_replacing_a_field_changes_that_field_only(changes):
    assert dataclasses.asdict(dataclasses.replace(ORIGINAL, **changes)) == PAGE | changes


BAD = [
    ("n_fft", 0),
    ("n_fft", 15),
    ("n_fft", 2048.5),
    ("n_fft", True),
    ("n_fft", "2048"),
    ("n_fft", None),
    ("n_fft", float("nan")),
    ("n_fft", float("inf")),
    ("hop_s", 0),
    ("hop_s", -0.001),
    ("hop_s", float("nan")),
    ("hop_s", float("inf")),
    ("hop_s", None),
    ("n_mels", 0),
    ("n_mels", "many"),
    ("low_hz", -1),
    ("low_hz", float("nan")),
    ("low_hz", "40 kHz"),
    ("high_hz", 40_000),
    ("high_hz", 30_000),
    ("high_hz", float("inf")),
    ("crop", (15,)),
    ("crop", (15, 10, 5)),
    ("crop", (-1, 10)),
    ("crop", (1.5, 10)),
    ("crop", (100, 28)),
    ("crop", 15),
    ("crop", (None, 10)),
    ("threshold", float("nan")),
    ("threshold", float("inf")),
    ("threshold", "off"),
    ("time_scaling", 0),
    ("time_scaling", -8),
    ("time_scaling", float("nan")),
    ("centre_halfwidth", 0),
    ("centre_halfwidth", 52),
    ("centre_halfwidth", 2.5),
    ("n_neighbors", 1),
    ("n_neighbors", 1.5),
    ("min_dist", -0.1),
    ("min_dist", 1.1),
    ("min_dist", None),
    ("embedding_seed", -1),
    ("embedding_seed", None),
    ("n_clusters", 0),
    ("clustering_seed", -2),
]


@pytest.mark.parametrize(("field", "value"), BAD, ids=lambda x: str(x))
def test_a_bad_value_is_an_error_that_names_the_field_and_the_value(field, value):
    shown = value if not isinstance(value, tuple) else ""
    with refused(field, shown, "must"):
        dataclasses.replace(ORIGINAL, **{field: value})


def test_the_bounds_of_a_bad_value_are_told():
    with refused("hop_s is -1", "above 0"):
        Recipe(hop_s=-1)
    with refused("min_dist is 2", "at least 0 and at most 1"):
        Recipe(min_dist=2)
    with refused("high_hz is 30000", "above 40000"):
        Recipe(high_hz=30_000)
    with refused("centre_halfwidth is 60", "103 bands", "crop=(15, 10)"):
        Recipe(centre_halfwidth=60)


@pytest.mark.parametrize(
    "written", [{"n_fft": 2048.0}, {"n_mels": 128.0}, {"centre_halfwidth": 20.0}]
)
def test_a_whole_number_written_with_a_point_is_that_number(written):
    # The digest of a study is of the recipe's words: one recipe must have one spelling.
    assert repr(Recipe(**written)) == repr(ORIGINAL)


def test_every_step_takes_the_original_recipe_unless_told_otherwise():
    for step in (
        usvlib.syllable_spectrograms,
        usvlib.mel_spectrogram,
        usvlib.normalise,
        usvlib.embed,
        usvlib.cluster,
        usvlib.open_study,
    ):
        assert inspect.signature(step).parameters["recipe"].default is ORIGINAL, step.__name__

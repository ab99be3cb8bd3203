"""The parameters: the tutorial's values, the named recipes, and nothing that cannot work."""

import dataclasses
import inspect
import pickle

import numpy as np
import pytest
from sounds import refused

import usvlib
from usvlib import ORIGINAL, RECIPES, Recipe, load_recipe

TUTORIAL = {
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


def test_the_original_recipe_has_the_values_of_the_tutorial():
    assert dataclasses.asdict(ORIGINAL) == TUTORIAL
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
    assert dataclasses.asdict(dataclasses.replace(ORIGINAL, **changes)) == TUTORIAL | changes


BAD = [
    ("n_fft", 0),
    ("n_fft", 15),
    ("n_fft", 2048.5),
    ("n_fft", True),
    ("n_fft", "2048"),
    ("n_fft", None),
    ("n_fft", float("nan")),
    ("n_fft", float("inf")),
    ("n_fft", 2**20 + 1),
    ("n_fft", 10**400),
    ("hop_s", 0),
    ("hop_s", -0.001),
    ("hop_s", float("nan")),
    ("hop_s", float("inf")),
    ("hop_s", None),
    ("hop_s", True),
    ("hop_s", 1e300),
    ("n_mels", 0),
    ("n_mels", "many"),
    ("n_mels", 4097),
    ("low_hz", True),
    ("low_hz", 10**400),
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
    ("time_scaling", 1e300),
    ("threshold", 1e300),
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
    ("embedding_seed", 2**32),
    ("n_clusters", 0),
    ("clustering_seed", -2),
    ("clustering_seed", 2**32),
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
    "written",
    [
        {"n_fft": 2048.0},
        {"n_mels": np.int64(128)},
        {"centre_halfwidth": 20.0},
        {"low_hz": 40_000},
        {"low_hz": np.float32(40_000)},
        {"low_hz": np.int64(40_000)},
        {"threshold": 0},
        {"threshold": -0.0},
        {"time_scaling": np.float64(8)},
        {"crop": (np.int64(15), 10.0)},
    ],
)
def test_equal_recipes_are_equal_as_text_and_in_their_hash(written):
    # The digest of a study contains the recipe as text.
    recipe = Recipe(**written)
    assert recipe == ORIGINAL
    assert repr(recipe) == repr(ORIGINAL)
    assert hash(recipe) == hash(ORIGINAL)
    for field in dataclasses.fields(Recipe):
        assert type(getattr(recipe, field.name)) is type(getattr(ORIGINAL, field.name))


def test_the_largest_seeds_are_taken():
    recipe = Recipe(embedding_seed=2**32 - 1, clustering_seed=2**32 - 1)
    assert recipe.embedding_seed == recipe.clustering_seed == 4_294_967_295


# Named recipes


def test_the_named_recipes_have_the_values_of_the_design():
    assert list(RECIPES) == ["tutorial", "songbird", "rat", "pup"]
    off = {"crop": (0, 0), "centre_halfwidth": None}
    changes = {
        "tutorial": {},
        "songbird": {"n_fft": 1024, "n_mels": 64, "low_hz": 500, "high_hz": 10_000, **off},
        "rat": {"low_hz": 18_000, **off},
        "pup": {"low_hz": 20_000, "crop": (0, 0)},
    }
    for name, recipe in RECIPES.items():
        assert dataclasses.asdict(recipe) == TUTORIAL | changes[name]


def test_the_named_recipes_cannot_be_changed():
    with pytest.raises(TypeError):
        RECIPES["rat"] = ORIGINAL


@pytest.mark.parametrize("name", list(RECIPES))
def test_a_named_recipe_is_called_by_its_name(name):
    assert load_recipe(name) is RECIPES[name]
    assert str(RECIPES[name]) == name
    assert str(pickle.loads(pickle.dumps(RECIPES[name]))) == name


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"low_hz": 30_000, "crop": (0, 0)}, "tutorial with low_hz=30000, crop=(0, 0)"),
        ({"threshold": None}, "tutorial with threshold=None"),
        ({"hop_s": 0.0005, "time_scaling": 8.5}, "tutorial with hop_s=0.0005, time_scaling=8.5"),
    ],
)
def test_another_recipe_is_called_by_what_differs_from_the_tutorial(changes, text):
    assert str(Recipe(**changes)) == text


# Recipes from files


def _toml(folder, text):
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_gives_its_fields_and_the_tutorials_others(tmp_path):
    path = _toml(tmp_path, "# mine\nn_fft = 1024\nlow_hz = 25_000\ncrop = [3, 0]\n")
    expected = Recipe(n_fft=1024, low_hz=25_000, crop=(3, 0))
    assert load_recipe(path) == load_recipe(str(path)) == expected


def test_an_empty_file_is_the_tutorials_recipe(tmp_path):
    assert load_recipe(_toml(tmp_path, "")) == ORIGINAL


def test_off_stands_for_none(tmp_path):
    names = ("high_hz", "threshold", "time_scaling", "centre_halfwidth")
    path = _toml(tmp_path, "".join(f'{name} = "off"\n' for name in names))
    assert load_recipe(path) == Recipe(**dict.fromkeys(names))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("n_ftt = 1024", ["n_ftt is 1024", "n_fft, hop_s", "must be one of"]),
        ("[recipe]\nn_fft = 1024", ["recipe", "must be one of"]),
        ('n_fft = "1024"', ["n_fft is '1024'", "whole number"]),
        ('n_fft = "off"', ["n_fft is 'off'", "whole number"]),
        ('threshold = "none"', ["threshold is 'none'", "finite"]),
        ("low_hz = true", ["low_hz is True", "finite"]),
        ("low_hz = 2024-01-01", ["low_hz is datetime.date", "finite"]),
        ("crop = 15", ["crop is 15", "two numbers"]),
        ("crop = [100, 28]", ["crop is (100, 28)", "at least one of 128"]),
        ("n_fft 1024", ["is not a TOML file", "line 1"]),
    ],
)
def test_a_bad_file_is_an_error_that_names_the_file_the_key_and_the_value(tmp_path, text, words):
    path = _toml(tmp_path, text)
    with refused(path, *words):
        load_recipe(path)


def test_a_file_that_is_no_text_is_an_error(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with refused(path, "is not a TOML file"):
        load_recipe(path)


def test_a_file_that_is_not_there_is_missing(tmp_path):
    with refused("nowhere.toml", "missing", kind=usvlib.MissingFileError):
        load_recipe(tmp_path / "nowhere.toml")


def test_a_recipe_is_no_name_of_one():
    with refused("source is of type Recipe", "tutorial, songbird, rat, pup"):
        load_recipe(ORIGINAL)


def test_a_folder_is_no_file(tmp_path):
    (tmp_path / "folder.toml").mkdir()
    with refused("folder.toml is a folder", "source must name a file"):
        load_recipe(tmp_path / "folder.toml")


@pytest.mark.parametrize("source", ["mouse", "Tutorial", "", None, 3, ["rat"]])
def test_an_unknown_name_is_an_error_that_lists_the_names(source):
    with refused(f"source is {source!r}", "tutorial, songbird, rat, pup", ".toml"):
        load_recipe(source)


def test_every_step_takes_the_original_recipe_unless_told_otherwise():
    for step in (
        usvlib.syllable_spectrograms,
        usvlib.mel_spectrogram,
        usvlib.normalise,
        usvlib.embed,
        usvlib.cluster,
    ):
        assert inspect.signature(step).parameters["recipe"].default is ORIGINAL, step.__name__

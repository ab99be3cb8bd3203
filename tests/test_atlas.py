"""Many pictures in one file: each is found again, as it was but for a little."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from usvlib.explorer import atlas

HIGHEST = 5.0


def unpacked(webp, places, height):
    """The pictures of a file, from 0 to `HIGHEST`."""
    grey = np.asarray(Image.open(io.BytesIO(webp)).convert("L"))
    return [HIGHEST / 255 * grey[y : y + height, x : x + width] for x, y, width in places]


def ramps(widths, n_bands=40):
    """Smooth pictures, no two of a width alike."""
    rows = np.linspace(0, 1, n_bands)[:, np.newaxis]
    return [HIGHEST * (rows + i % 7 / 7) / 2 * np.ones(w) for i, w in enumerate(widths)]


@given(st.lists(st.integers(1, 700), min_size=1, max_size=30))
def test_no_two_pictures_share_a_place_and_none_is_outside(widths):
    places, n_rows = atlas._places(np.array(widths))
    taken = np.zeros((n_rows, atlas.WIDTH), int)
    for (x, row, width), asked in zip(places, widths, strict=True):
        assert width == asked
        assert x + width <= atlas.WIDTH
        taken[row, x : x + width] += 1
    assert taken.max() == 1
    assert taken.sum() == sum(widths)


@given(st.lists(st.integers(1, 300), min_size=1, max_size=12))
def test_each_picture_is_found_again(widths):
    pictures = ramps(widths)
    webp, places, height = atlas.pack_pictures(pictures, HIGHEST)
    assert height == 40
    for picture, found in zip(pictures, unpacked(webp, places, height), strict=True):
        assert found.shape == picture.shape
        assert np.abs(found - picture).mean() < 0.04 * HIGHEST


def test_what_is_below_0_or_above_the_highest_is_cut_off():
    pictures = [np.full((16, 32), level) for level in (-3, 0, HIGHEST, 2 * HIGHEST)]
    webp, places, height = atlas.pack_pictures(pictures, HIGHEST)
    levels = [found.mean() for found in unpacked(webp, places, height)]
    assert levels == pytest.approx([0, 0, HIGHEST, HIGHEST], abs=0.1)


def test_very_many_pictures_are_made_smaller(monkeypatch):
    monkeypatch.setattr(atlas, "MOST_PIXELS", 20_000)
    pictures = ramps([100] * 40)
    webp, places, height = atlas.pack_pictures(pictures, HIGHEST)
    assert places[:, 2].sum() * height <= 20_000
    for picture, found in zip(pictures, unpacked(webp, places, height), strict=True):
        assert found.mean() == pytest.approx(picture.mean(), abs=0.06 * HIGHEST)


def test_a_picture_wider_than_the_file_is_made_narrower():
    webp, places, height = atlas.pack_pictures(ramps([5000, 10]), HIGHEST)
    assert places[0, 2] == atlas.WIDTH
    found, _ = unpacked(webp, places, height)
    assert found[:, 0] == pytest.approx(ramps([1])[0][:, 0], abs=0.1 * HIGHEST)

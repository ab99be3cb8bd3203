"""Many spectrograms in one image: each can be read back with a small error."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from usvlib.explorer import atlas

HIGHEST = 5.0


def unpacked(webp, places, height):
    """The spectrograms in a file, from 0 to `HIGHEST`."""
    grey = np.asarray(Image.open(io.BytesIO(webp)).convert("L"))
    return [HIGHEST / 255 * grey[y : y + height, x : x + width] for x, y, width in places]


def ramps(widths, n_bands=40):
    """Smooth spectrograms, those of one width all different."""
    rows = np.linspace(0, 1, n_bands)[:, np.newaxis]
    return [HIGHEST * (rows + i % 7 / 7) / 2 * np.ones(w) for i, w in enumerate(widths)]


@given(st.lists(st.integers(1, 700), min_size=1, max_size=30))
def test_no_two_spectrograms_share_a_place_and_none_is_outside(widths):
    places, n_rows = atlas._places(np.array(widths))
    taken = np.zeros((n_rows, atlas.WIDTH), int)
    for (x, row, width), asked in zip(places, widths, strict=True):
        assert width == asked
        assert x + width <= atlas.WIDTH
        taken[row, x : x + width] += 1
    assert taken.max() == 1
    assert taken.sum() == sum(widths)


@given(st.lists(st.integers(1, 300), min_size=1, max_size=12))
def test_each_spectrogram_can_be_read_back(widths):
    spectrograms = ramps(widths)
    webp, places, height = atlas.pack_spectrograms(spectrograms, HIGHEST)
    assert height == 40
    for spectrogram, found in zip(spectrograms, unpacked(webp, places, height), strict=True):
        assert found.shape == spectrogram.shape
        assert np.abs(found - spectrogram).mean() < 0.04 * HIGHEST


def test_values_below_0_or_above_the_highest_are_cut_off():
    spectrograms = [np.full((16, 32), value) for value in (-3, 0, HIGHEST, 2 * HIGHEST)]
    webp, places, height = atlas.pack_spectrograms(spectrograms, HIGHEST)
    means = [found.mean() for found in unpacked(webp, places, height)]
    assert means == pytest.approx([0, 0, HIGHEST, HIGHEST], abs=0.1)


def test_very_many_spectrograms_are_reduced_in_size(monkeypatch):
    monkeypatch.setattr(atlas, "MAX_PIXELS", 20_000)
    spectrograms = ramps([100] * 40)
    webp, places, height = atlas.pack_spectrograms(spectrograms, HIGHEST)
    assert places[:, 2].sum() * height <= 20_000
    for spectrogram, found in zip(spectrograms, unpacked(webp, places, height), strict=True):
        assert found.mean() == pytest.approx(spectrogram.mean(), abs=0.06 * HIGHEST)


def test_a_spectrogram_wider_than_the_file_is_made_narrower():
    webp, places, height = atlas.pack_spectrograms(ramps([5000, 10]), HIGHEST)
    assert places[0, 2] == atlas.WIDTH
    found, _ = unpacked(webp, places, height)
    assert found[:, 0] == pytest.approx(ramps([1])[0][:, 0], abs=0.1 * HIGHEST)


def test_a_mean_has_its_lowest_band_at_the_bottom_and_shows_the_map_through_near_the_noise():
    mean = np.zeros((40, 30))
    mean[3] = HIGHEST
    mean[7, 10:] = 0.1 * HIGHEST
    rgba = np.asarray(Image.open(io.BytesIO(atlas.mean_png(mean, HIGHEST))))
    assert rgba.shape == (40, 30, 4)
    assert np.flatnonzero(rgba[:, 0, 3]).tolist() == [39 - 3]
    assert rgba[36, 0, 3] == 255
    assert rgba[32, 20, 3] == int(0.4 * 255)
    # The colours differ where the values do.
    assert not np.array_equal(rgba[36, 20, :3], rgba[32, 20, :3])

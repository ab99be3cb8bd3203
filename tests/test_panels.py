"""The panels of the explorer that Bokeh draws: their colours and axes."""

from itertools import pairwise

import numpy as np
import pandas
import pytest

from usvlib.explorer import panels


def measures(**changes):
    table = {
        "duration_ms": [10.0, 40.0, 160.0],
        "mean_frequency_khz": [60.0, 70.0, 80.0],
        "slope_khz_per_ms": [-2.0, 0.0, 1.0],
        "onset_s": [0.1, 0.2, 0.3],
    }
    return pandas.DataFrame(table | changes)


LABELS = np.array([0, 1, 1])


def test_there_is_a_scale_for_each_thing_to_colour_by():
    scales = panels.colour_scales(measures(), LABELS)
    assert list(scales) == [
        "cluster",
        "duration (ms)",
        "mean frequency (kHz)",
        "slope (kHz/ms)",
        "time in the recording (s)",
    ]
    for name, column in (("duration (ms)", "duration_ms"), ("slope (kHz/ms)", "slope_khz_per_ms")):
        np.testing.assert_array_equal(scales[name][0], measures()[column])
    assert scales["cluster"][0] == ["0", "1", "1"]


def test_several_recordings_have_a_colour_each():
    assert "recording" not in panels.colour_scales(measures(), LABELS)
    values, mapper = panels.colour_scales(measures(), LABELS, ["b", "a", "b"])["recording"]
    assert values == ["b", "a", "b"]
    assert mapper.factors == ["b", "a"]
    assert len(set(mapper.palette)) == 2


def test_no_slope_has_the_colour_of_the_middle():
    _, mapper = panels.colour_scales(measures(), LABELS)["slope (kHz/ms)"]
    assert mapper.low == -mapper.high
    assert mapper.high > 1


@pytest.mark.parametrize("values", [[50.0, 50.0, 50.0], [np.nan] * 3, [np.nan, 50.0, 60.0]])
@pytest.mark.parametrize("column", ["duration_ms", "mean_frequency_khz", "slope_khz_per_ms"])
def test_a_scale_has_a_length_whatever_the_values(column, values):
    for name, (_, mapper) in panels.colour_scales(measures(**{column: values}), LABELS).items():
        if name != "cluster":
            assert np.isfinite([mapper.low, mapper.high]).all()
            assert mapper.low < mapper.high


def test_neighbouring_clusters_have_different_colours_however_many_there_are():
    colours = [panels.cluster_colour(label) for label in range(600)]
    assert all(a != b for a, b in pairwise(colours))
    assert len(set(colours[:40])) == 40


def test_the_mean_has_an_axis_in_khz_where_its_bands_are_those_of_the_spectrograms():
    hz = np.linspace(46_000, 125_000, 103)
    for n_bands, label in ((103, "frequency (kHz)"), (40, "band")):
        panel, _ = panels.mean_panel(n_bands, 39, hz, 7.0)
        assert panel.yaxis[0].axis_label == label


def test_the_axis_of_a_spectrogram_is_in_khz():
    import librosa

    hz = librosa.mel_frequencies(103, fmin=46_000, fmax=125_000)
    panel, _ = panels.syllable_panel(hz, 7.0, 100.0)
    ticks, words = panel.yaxis[0].ticker.ticks, panel.yaxis[0].major_label_overrides
    assert len(ticks) >= 3
    for tick in ticks:
        expected = np.interp(tick, np.arange(103), hz / 1000)
        assert float(words[tick]) == pytest.approx(expected, abs=0.1)
    assert panel.yaxis[0].axis_label == "frequency (kHz)"
    assert panel.xaxis[0].axis_label == "time (ms)"


def test_a_scale_ends_at_percentiles_so_that_one_odd_syllable_does_not_set_it():
    values = np.append(np.arange(1.0, 101), 1e6)
    table = {column: values for column in measures()}
    scales = panels.colour_scales(pandas.DataFrame(table), np.zeros(101, int))
    low, high = np.percentile(values, [2, 98])
    for name in ("duration (ms)", "mean frequency (kHz)", "time in the recording (s)"):
        assert (scales[name][1].low, scales[name][1].high) == (low, high)
    assert (scales["slope (kHz/ms)"][1].low, scales["slope (kHz/ms)"][1].high) == (-high, high)


def test_a_spectrogram_has_each_band_centred_on_its_number():
    hz = np.linspace(46_000, 125_000, 103)
    for panel, image in (
        (panels.syllable_panel(hz, 7.0, 100.0)[0], "syllable"),
        (panels.mean_panel(40, 39, hz, 7.0)[0], "mean"),
    ):
        n_bands = 103 if image == "syllable" else 40
        assert (panel.y_range.start, panel.y_range.end) == (-0.5, n_bands - 0.5)
        [glyph] = [renderer.glyph for renderer in panel.renderers]
        source = panel.renderers[0].data_source.data
        assert (glyph.x, glyph.y) == (0, -0.5)
        assert (source[glyph.dh][0], source[glyph.dw][0]) == (n_bands, panel.x_range.end)
        assert (glyph.color_mapper.low, glyph.color_mapper.high) == (0, 7.0)


def test_the_map_shows_each_syllable_at_its_place_in_the_colour_of_its_cluster():
    coordinates = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])
    scales = panels.colour_scales(measures(), LABELS)
    panel, models = panels.map_panel(coordinates, scales, coordinates[:2], (0.5, 0.25))
    data = models["points"].data_source.data
    np.testing.assert_array_equal(np.stack([data["x"], data["y"]], axis=1), coordinates)
    assert models["points"].glyph.fill_color.field == "cluster"
    means = models["means"]
    assert means.data_source.data["x"].tolist() == [0, 2]
    assert means.data_source.data["y"].tolist() == [1, 3]
    assert (means.glyph.w, means.glyph.h, means.glyph.anchor) == (0.5, 0.25, "center")
    assert not means.visible
    ring = models["ring"].data
    assert (list(ring["x"]), list(ring["y"])) == ([0], [1])
    assert set(models["bars"]) == set(scales) - {"cluster"}
    assert panel.match_aspect


def test_the_ticks_of_durations_rise_and_suit_a_logarithmic_axis():
    coordinates = np.zeros((3, 2))
    _, models = panels.map_panel(
        coordinates, panels.colour_scales(measures(), LABELS), coordinates[:2], (1, 1)
    )
    ticks = np.array(models["bars"]["duration (ms)"].ticker.ticks)
    ratios = ticks[1:] / ticks[:-1]
    assert (ticks[0], ticks[-1]) == (1, 5000)
    assert ((ratios >= 2) & (ratios <= 2.5)).all()

"""The plots that chapters share, and sound that can be heard."""

import base64
import io
import re

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
import soundfile
from sounds import refused, short_recording

import usvlib
from usvlib.figures import label_bands_khz


@pytest.fixture(scope="module", autouse=True)
def style():
    with matplotlib.rc_context():
        usvlib.use_style()
        yield


@pytest.fixture(scope="module")
def tones():
    return short_recording()


def _lines(ax, style):
    return sorted(line.get_xdata()[0] for line in ax.lines if line.get_linestyle() == style)


def test_the_style_registers_the_colour_maps_and_makes_one_the_default():
    assert "cet_CET_L17" in matplotlib.colormaps
    assert "cet_glasbey_dark" in matplotlib.colormaps
    assert plt.rcParams["image.cmap"] == "cet_CET_L17"


def test_a_stretch_shows_the_onsets_and_offsets_of_its_syllables_in_ms(tones):
    ax = usvlib.plot_excerpt(tones, 0.12, 0.31)
    assert _lines(ax, "-") == [150, 250]
    assert _lines(ax, "--") == [200, 300]
    assert ax.get_xlim() == (120, 310)
    assert ax.get_xlabel() == "time in the recording (ms)"
    assert ax.get_ylabel() == "frequency (kHz)"


def test_a_syllable_at_the_edge_of_a_stretch_is_marked(tones):
    # It began before, and ends after.
    ax = usvlib.plot_excerpt(tones, 0.16, 0.18)
    assert (_lines(ax, "-"), _lines(ax, "--")) == ([150], [200])
    assert ax.get_xlim() == (160, 180)


def test_the_tones_of_a_stretch_are_where_the_axes_say(tones):
    ax = usvlib.plot_excerpt(tones, 0.25, 0.30)
    [image] = ax.images
    assert image.get_cmap().name == "cet_CET_L17"
    x0, x1, y0, y1 = image.get_extent()
    levels = image.get_array()
    assert (y0, y1) == (-0.5, 127.5)
    # 51 frames, each centred on its millisecond.
    assert levels.shape == (128, 51)
    assert (x0, x1) == pytest.approx((249.5, 300.5))
    # The third tone is constant, at 65 kHz.
    band = np.median(levels.argmax(axis=0))
    ticks, labels = ax.get_yticks(), [float(t.get_text()) for t in ax.get_yticklabels()]
    assert np.interp(band, ticks, labels) == pytest.approx(65, abs=0.6)


def test_a_stretch_is_drawn_into_given_axes_with_a_given_recipe(tones):
    _, ax = plt.subplots()
    recipe = usvlib.Recipe(n_mels=40, crop=(0, 0), centre_halfwidth=None)
    assert usvlib.plot_excerpt(tones, 0.1, 0.2, recipe, ax=ax) is ax
    assert ax.images[0].get_array().shape[0] == 40


def test_digital_silence_can_be_drawn():
    silent = short_recording(samples=np.zeros(112_500, np.int16))
    levels = usvlib.plot_excerpt(silent, 0, 0.1).images[0].get_array()
    assert np.isfinite(levels).all()


@pytest.mark.parametrize("high_khz", [44, 60, 125, 250])
def test_bands_are_labelled_with_round_frequencies_where_they_are(high_khz):
    import librosa

    hz = librosa.mel_frequencies(50, fmin=40_000, fmax=1000 * high_khz)
    _, ax = plt.subplots()
    label_bands_khz(ax, hz)
    shown = [float(label.get_text()) for label in ax.get_yticklabels()]
    assert 2 <= len(shown) <= 7
    np.testing.assert_allclose(np.interp(ax.get_yticks(), np.arange(50), hz / 1000), shown)
    np.testing.assert_allclose(np.diff(shown), shown[1] - shown[0])
    assert ax.get_ylabel() == "frequency (kHz)"


def _pictures(*widths):
    return [np.full((40, width), i + 1, np.float32) for i, width in enumerate(widths)]


def test_a_grid_has_an_axes_for_each_picture_and_one_scale():
    pictures = _pictures(10, 20, 30, 25, 15)
    figure = usvlib.plot_syllables(pictures, titles="abcde")
    drawn = [ax for ax in figure.axes if ax.images]
    assert [ax.get_title() for ax in drawn] == list("abcde")
    for ax, picture in zip(drawn, pictures, strict=True):
        np.testing.assert_array_equal(ax.images[0].get_array(), picture)
        assert ax.images[0].get_clim() == (0, 5)
        assert ax.images[0].origin == "lower"
        assert ax.get_xlim() == (-0.5, 29.5)


@pytest.mark.parametrize(
    ("hop_s", "label", "right"),
    [(None, "column", 29.5), (0.001, "time (ms)", 29.5), (0.002, "time (ms)", 59)],
)
def test_a_grid_says_what_its_axes_are(hop_s, label, right):
    figure = usvlib.plot_syllables(_pictures(10, 30), hop_s=hop_s)
    assert label in figure.get_supxlabel()
    assert figure.get_supylabel() == "mel band"
    assert figure.axes[0].get_xlim()[1] == pytest.approx(right)


def test_a_grid_with_frequencies_is_labelled_in_khz():
    hz = np.linspace(49_000, 91_000, 40)
    figure = usvlib.plot_syllables(_pictures(10), frequencies_hz=hz)
    assert figure.get_supylabel() == "frequency (kHz)"
    assert [t.get_text() for t in figure.axes[0].get_yticklabels()] == [
        "50",
        "60",
        "70",
        "80",
        "90",
    ]


def test_a_grid_of_nothing_is_an_error():
    with refused("pictures is empty"):
        usvlib.plot_syllables([])


def test_a_stretch_is_heard_slowed_down_and_labelled(tones):
    player = usvlib.listen(tones, 0.25, 0.30, 'A "tone" & <noise>', slowdown=10)
    html = player.data
    assert 'aria-label="A &quot;tone&quot; &amp; &lt;noise&gt;"' in html
    assert "<noise>" not in html
    [encoded] = re.findall(r"base64,([^\"]+)", html)
    samples, rate = soundfile.read(io.BytesIO(base64.b64decode(encoded)))
    assert rate == 25_000
    assert len(samples) == 12_500
    # 65 kHz has become 6.5 kHz.
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    assert np.fft.rfftfreq(len(samples), 1 / rate)[spectrum.argmax()] == pytest.approx(6500, abs=5)

"""The plots that several chapters share, and sound slowed down."""

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


def test_an_excerpt_shows_the_onsets_and_offsets_of_its_syllables_in_ms(tones):
    ax = usvlib.plot_excerpt(tones, 0.12, 0.31)
    assert _lines(ax, "-") == [150, 250]
    assert _lines(ax, "--") == [200, 300]
    assert ax.get_xlim() == (120, 310)
    assert ax.get_xlabel() == "time in the recording (ms)"
    assert ax.get_ylabel() == "frequency (kHz)"


def test_a_syllable_at_the_edge_of_an_excerpt_is_marked(tones):
    # The syllable begins before the excerpt, and ends after it.
    ax = usvlib.plot_excerpt(tones, 0.16, 0.18)
    assert (_lines(ax, "-"), _lines(ax, "--")) == ([150], [200])
    assert ax.get_xlim() == (160, 180)


def test_the_tones_of_an_excerpt_are_where_the_axes_say(tones):
    ax = usvlib.plot_excerpt(tones, 0.25, 0.30)
    [image] = ax.images
    assert image.get_cmap().name == "cet_CET_L17"
    x0, x1, y0, y1 = image.get_extent()
    amplitudes = image.get_array()
    assert (y0, y1) == (-0.5, 127.5)
    # 51 frames, each centred on its millisecond.
    assert amplitudes.shape == (128, 51)
    assert (x0, x1) == pytest.approx((249.5, 300.5))
    # The third tone is constant, at 65 kHz.
    band = np.median(amplitudes.argmax(axis=0))
    ticks, labels = ax.get_yticks(), [float(t.get_text()) for t in ax.get_yticklabels()]
    assert np.interp(band, ticks, labels) == pytest.approx(65, abs=0.6)


def test_an_excerpt_is_drawn_into_given_axes_with_a_given_recipe(tones):
    _, ax = plt.subplots()
    recipe = usvlib.Recipe(n_mels=40, crop=(0, 0), centre_halfwidth=None)
    assert usvlib.plot_excerpt(tones, 0.1, 0.2, recipe, ax=ax) is ax
    assert ax.images[0].get_array().shape[0] == 40


def test_digital_silence_can_be_drawn():
    silent = short_recording(samples=np.zeros(112_500, np.int16))
    amplitudes = usvlib.plot_excerpt(silent, 0, 0.1).images[0].get_array()
    assert np.isfinite(amplitudes).all()


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


@pytest.mark.parametrize(
    "frequencies_hz",
    [None, "kHz", 5, [], [[1, 2]], [[1], [1, 2]], [60e3, 50e3], [40e3, np.nan], [40e3, np.inf]],
)
def test_bands_without_rising_frequencies_are_an_error(frequencies_hz):
    _, ax = plt.subplots()
    with refused("frequencies_hz is", "must"):
        label_bands_khz(ax, frequencies_hz)
    with refused("ax is of type ndarray", "Axes"):
        label_bands_khz(np.array([ax, ax]), [40e3, 50e3])


def _spectrograms(*widths):
    return [np.full((40, width), i + 1, np.float32) for i, width in enumerate(widths)]


def test_a_grid_has_axes_for_each_spectrogram_and_one_colour_scale():
    spectrograms = _spectrograms(10, 20, 30, 25, 15)
    figure = usvlib.plot_syllables(spectrograms, titles=list("abcde"))
    drawn = [ax for ax in figure.axes if ax.images]
    assert [ax.get_title() for ax in drawn] == list("abcde")
    for ax, spectrogram in zip(drawn, spectrograms, strict=True):
        np.testing.assert_array_equal(ax.images[0].get_array(), spectrogram)
        assert ax.images[0].get_clim() == (0, 5)
        assert ax.images[0].origin == "lower"
        assert ax.get_xlim() == (-0.5, 29.5)


@pytest.mark.parametrize(
    ("hop_s", "label", "right"),
    [(None, "column", 29.5), (0.001, "time (ms)", 29.5), (0.002, "time (ms)", 59)],
)
def test_a_grid_labels_its_axes(hop_s, label, right):
    figure = usvlib.plot_syllables(_spectrograms(10, 30), hop_s=hop_s)
    assert label in figure.get_supxlabel()
    assert figure.get_supylabel() == "mel band"
    assert figure.axes[0].get_xlim()[1] == pytest.approx(right)


def test_a_grid_with_frequencies_is_labelled_in_khz():
    hz = np.linspace(49_000, 91_000, 40)
    figure = usvlib.plot_syllables(_spectrograms(10), frequencies_hz=hz)
    assert figure.get_supylabel() == "frequency (kHz)"
    assert [t.get_text() for t in figure.axes[0].get_yticklabels()] == [
        "50",
        "60",
        "70",
        "80",
        "90",
    ]


BAD_GRIDS = {
    "no spectrogram": ([], {}, ["spectrograms is empty"]),
    "no sequence": (None, {}, ["spectrograms is None", "sequence"]),
    "one spectrogram": (np.ones((40, 10)), {}, ["spectrograms[0]", "(10,)"]),
    "words": (["one", "two"], {}, ["spectrograms[0] is 'one'", "numbers"]),
    "no frame": ([np.ones((40, 0))], {}, ["spectrograms[0]", "(40, 0)"]),
    "NaN": ([np.full((40, 10), np.nan)], {}, ["spectrograms[0]", "finite"]),
    "too few titles": (_spectrograms(10, 20), {"titles": ["a"]}, ["titles", "(1,)", "2 values"]),
    "no titles": (_spectrograms(10), {"titles": 7}, ["titles", "()", "1 values"]),
    "other bands": (_spectrograms(10), {"frequencies_hz": np.ones(30)}, ["frequencies_hz", 30, 40]),
    "no time": (_spectrograms(10), {"hop_s": 0}, ["hop_s is 0", "above 0"]),
    "a word for a time": (_spectrograms(10), {"hop_s": "1 ms"}, ["hop_s is '1 ms'", "number"]),
    "no column": (_spectrograms(10), {"n_columns": 0}, ["n_columns is 0"]),
}


@pytest.mark.parametrize(("spectrograms", "others", "words"), BAD_GRIDS.values(), ids=BAD_GRIDS)
def test_a_grid_of_bad_arguments_is_an_error(spectrograms, others, words):
    with refused(*words):
        usvlib.plot_syllables(spectrograms, **others)
    assert not plt.get_fignums()


@pytest.mark.parametrize("bad", [None, "mine.wav", np.zeros(1000)])
def test_an_excerpt_of_anything_but_audio_is_an_error(bad):
    for draw_or_play in (usvlib.plot_excerpt, usvlib.listen):
        with refused("recording is", "it must be of type"):
            draw_or_play(bad, 0.1, 0.2, *["a label"] * (draw_or_play is usvlib.listen))


def test_an_excerpt_is_drawn_into_one_axes_only(tones):
    _, axes = plt.subplots(1, 2)
    with refused("ax is of type ndarray", "Axes"):
        usvlib.plot_excerpt(tones, 0.1, 0.2, ax=axes)


def test_audio_without_syllables_is_drawn_and_heard(tones):
    audio = usvlib.data.Audio(
        name="audio",
        samplerate_hz=tones.samplerate_hz,
        n_samples=tones.n_samples,
        source=tones.source,
        fingerprint="0",
    )
    ax = usvlib.plot_excerpt(audio, 0.12, 0.31)
    assert len(ax.images) == 1
    assert not ax.lines
    assert "tones" in usvlib.listen(audio, 0.12, 0.31, "tones").data


def _played(player):
    """Samples and rate of a player."""
    [encoded] = re.findall(r"base64,([^\"]+)", player.data)
    return soundfile.read(io.BytesIO(base64.b64decode(encoded)))


@pytest.mark.parametrize(
    ("start_s", "stop_s", "seconds"),
    [(-1, 0.1, 0.1), (0.4, 9, 0.05), (-1, 9, 0.45), (np.float32(0.25), 0.5, 0.2)],
)
def test_what_lies_outside_the_recording_is_cut_off(tones, start_s, stop_s, seconds):
    samples, rate_hz = _played(usvlib.listen(tones, start_s, stop_s, "tones", slowdown=1))
    assert len(samples) / rate_hz == pytest.approx(seconds)


@pytest.mark.parametrize(("start_s", "stop_s"), [(2, 3), (0.45, 0.5), (-2, -1), (0.1, 0.1 + 1e-9)])
def test_an_excerpt_without_samples_is_an_error(tones, start_s, stop_s):
    with refused(f"start_s is {start_s:g}", f"stop_s is {stop_s:g}", "0.450 s", "sample"):
        usvlib.listen(tones, start_s, stop_s, "nothing")


@pytest.mark.parametrize("bad", [np.nan, np.inf, "0.1", None, [0.1, 0.2]])
@pytest.mark.parametrize("argument", ["start_s", "stop_s", "slowdown"])
def test_times_and_slowdowns_that_are_not_finite_numbers_are_an_error(tones, argument, bad):
    arguments = {"start_s": 0.1, "stop_s": 0.2, "label": "tones", "slowdown": 16}
    with refused(f"{argument} is {bad!r}", "finite number"):
        usvlib.listen(tones, **arguments | {argument: bad})


@pytest.mark.parametrize("slowdown", [0, -16, 1e9, 1e-9])
def test_a_slowdown_that_no_player_can_play_is_an_error(tones, slowdown):
    with refused(f"slowdown is {slowdown}", "must be"):
        usvlib.listen(tones, 0.1, 0.2, "tones", slowdown)


def test_an_excerpt_that_ends_before_it_begins_is_an_error(tones):
    with refused("start_s is 0.3", "stop_s is 0.2"):
        usvlib.listen(tones, 0.3, 0.2, "backwards")


def test_a_label_that_is_not_text_is_an_error(tones):
    with refused("label is 3", "str"):
        usvlib.listen(tones, 0.1, 0.2, 3)


@pytest.mark.filterwarnings("error")
def test_digital_silence_is_silent():
    silent = short_recording(samples=np.zeros(112_500, np.int16))
    samples, _ = _played(usvlib.listen(silent, 0, 0.1, "silence"))
    assert len(samples) == 25_000
    assert not samples.any()


def test_an_excerpt_is_heard_slowed_down_and_labelled(tones):
    player = usvlib.listen(tones, 0.25, 0.30, 'A "tone" & <noise>', slowdown=10)
    html = player.data
    assert 'aria-label="A &quot;tone&quot; &amp; &lt;noise&gt;"' in html
    assert "<noise>" not in html
    samples, rate_hz = _played(player)
    assert rate_hz == 25_000
    assert len(samples) == 12_500
    # 65 kHz has become 6.5 kHz.
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    assert np.fft.rfftfreq(len(samples), 1 / rate_hz)[spectrum.argmax()] == pytest.approx(
        6500, abs=5
    )


def test_the_highest_sampling_rate_of_a_wav_file_is_the_limit_of_what_is_heard(tones):
    # 2**31 - 1 Hz can be written, and 2**31 Hz cannot.
    for rate_hz in (2**31, 2**31 + 1):
        with refused("slowdown is", "from 1 to 2147483647 Hz"):
            usvlib.listen(tones, 0.1, 0.2, "tones", tones.samplerate_hz / rate_hz)
    player = usvlib.listen(tones, 0.1, 0.2, "tones", tones.samplerate_hz / (2**31 - 1))
    assert _played(player)[1] == 2**31 - 1

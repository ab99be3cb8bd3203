"""The style of the book, the plots that several chapters share, and sound slowed down."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np

from ._shared import (
    UsvError,
    as_numbers,
    check_times,
    check_type,
    in_words,
    real_number,
    whole_number,
)
from .data import Audio
from .recipe import ORIGINAL, Recipe
from .spectrograms import mel_spectrogram

if TYPE_CHECKING:
    from IPython.display import HTML
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

COLOUR_MAP = "cet_CET_L17"  # the tutorial's; perceptually uniform, from white to dark violet
AMPLITUDE_LABEL = "log$_2$ amplitude over the noise floor"
SLOWDOWN = 16  # 80 kHz becomes 5 kHz
MAX_WAV_HZ = 2**31 - 1  # a wav file cannot state a higher sampling rate


def spectrogram_colours() -> Colormap:
    """Return the colour map that all spectrograms share, CET-L17 of colorcet.

    Returns
    -------
    matplotlib Colormap

    Examples
    --------
    >>> import usvlib
    >>> usvlib.figures.spectrogram_colours().N
    256
    """
    import colorcet

    return colorcet.cm[COLOUR_MAP.removeprefix("cet_")]


def use_style() -> None:
    """Set matplotlib to the style of the book, and register colorcet's colour maps.

    Examples
    --------
    >>> import matplotlib, usvlib
    >>> usvlib.use_style()
    >>> matplotlib.rcParams["image.cmap"]
    'cet_CET_L17'
    """
    import colorcet  # noqa: F401  (registers its colour maps)
    import matplotlib.pyplot as plt

    with resources.as_file(resources.files(__package__) / "usvlib.mplstyle") as path:
        plt.style.use(path)


def plot_excerpt(
    recording: Audio,
    start_s: float,
    stop_s: float,
    recipe: Recipe = ORIGINAL,
    ax: Axes | None = None,
) -> Axes:
    """Plot the mel spectrogram of an excerpt, with the onsets and offsets of its syllables.

    Onsets are solid lines, offsets dashed ones. Frequencies are in kHz, times in ms from the
    start of the recording, colours in log2 units of amplitude.

    Parameters
    ----------
    recording : Audio or Recording
    start_s, stop_s : float
        In seconds from the start of the recording. What lies outside the recording is cut off.
    recipe : Recipe, default `ORIGINAL`
        Uses `n_fft`, `hop_s`, `n_mels`, `low_hz` and `high_hz`.
    ax : matplotlib Axes, optional
        Axes to draw on. By default, a new figure is made.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    UsvError
        If an argument is of the wrong kind, or no frame lies in the excerpt.

    Examples
    --------
    >>> import usvlib
    >>> recording = usvlib.simulate_recording(n_syllables=12)
    >>> ax = usvlib.plot_excerpt(recording, 0.0, 0.5)
    >>> len(ax.images), ax.get_xlabel()
    (1, 'time in the recording (ms)')
    """
    log2_amplitudes, frequencies_hz, times_s = mel_spectrogram(recording, start_s, stop_s, recipe)
    start_s, stop_s = np.clip((float(start_s), float(stop_s)), 0, recording.duration_s)
    # Digital silence has no logarithm.
    least = log2_amplitudes[log2_amplitudes > 0].min(initial=1.0)
    log2_amplitudes = np.log2(np.maximum(log2_amplitudes, least))
    ax = axes_of_figure(ax, (10, 3))
    image = ax.imshow(
        log2_amplitudes,
        origin="lower",
        aspect="auto",
        cmap=COLOUR_MAP,
        vmin=np.percentile(log2_amplitudes, 5),
        extent=_extent_ms(times_s * 1000, len(frequencies_hz)),
    )
    # Audio whose syllables have not been found yet has neither onsets nor offsets.
    onsets_ms, offsets_ms = (
        1000 * np.asarray(getattr(recording, name, [])) / recording.samplerate_hz
        for name in ("onsets", "offsets")
    )
    inside = (offsets_ms > 1000 * start_s) & (onsets_ms < 1000 * stop_s)
    for times_ms, style in ((onsets_ms, "-"), (offsets_ms, "--")):
        for time_ms in times_ms[inside]:
            ax.axvline(time_ms, color="0.2", lw=1, ls=style)
    ax.set_xlim(1000 * start_s, 1000 * stop_s)
    label_bands_khz(ax, frequencies_hz)
    ax.set_xlabel("time in the recording (ms)")
    ax.figure.colorbar(image, ax=ax, label="log$_2$ amplitude", pad=0.01)
    return ax


def plot_syllables(
    spectrograms: Sequence[np.ndarray],
    titles: Sequence[str] | None = None,
    frequencies_hz: np.ndarray | None = None,
    hop_s: float | None = None,
    n_columns: int = 4,
) -> Figure:
    """Plot a grid of syllable spectrograms that share their axes and their colour scale.

    Parameters
    ----------
    spectrograms : sequence of float array [n_bands, n_frames]
        In log2 units over the noise floor, lowest band first: single spectrograms of
        `SyllableSpectrograms.spectrograms`, or features.
    titles : sequence of str, optional
        One for each spectrogram.
    frequencies_hz : float array [n_bands], optional
        Centre frequencies of the bands, for an axis in kHz. Bands are counted by default.
    hop_s : float, optional
        Step between frames in seconds, for an axis in ms. Columns are counted by default, because
        each normalised syllable has its own time scale.
    n_columns : int, default 4

    Returns
    -------
    matplotlib Figure

    Raises
    ------
    UsvError
        If there is no spectrogram, or an argument is of the wrong kind or length.

    Examples
    --------
    >>> import usvlib
    >>> spectrograms = usvlib.syllable_spectrograms(usvlib.simulate_recording(n_syllables=12))
    >>> figure = usvlib.plot_syllables(
    ...     spectrograms.spectrograms[:3],
    ...     titles=["first", "second", "third"],
    ...     frequencies_hz=spectrograms.frequencies_hz,
    ...     hop_s=spectrograms.hop_s,
    ... )
    >>> [ax.get_title() for ax in figure.axes[:3]]
    ['first', 'second', 'third']
    """
    import colorcet  # noqa: F401  (registers its colour maps)
    import matplotlib.pyplot as plt

    spectrograms = _images(spectrograms)
    n_columns = min(whole_number("n_columns", n_columns, 1), len(spectrograms))
    _check_length("titles", titles, len(spectrograms))
    titles = None if titles is None else list(titles)
    for i, title in enumerate(titles or []):
        check_type(f"titles[{i}]", title, str)
    _check_length("frequencies_hz", frequencies_hz, len(spectrograms[0]))
    ms = 1 if hop_s is None else 1000 * real_number("hop_s", hop_s, above=0)
    n_rows = -(-len(spectrograms) // n_columns)
    figure, axes = plt.subplots(
        n_rows,
        n_columns,
        figsize=(8, 0.6 + 1.75 * n_rows),
        sharex=True,
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    longest = max(spectrogram.shape[1] for spectrogram in spectrograms)
    highest = max(float(spectrogram.max()) for spectrogram in spectrograms) or 1.0
    for ax in axes.flat[len(spectrograms) :]:
        ax.set_axis_off()
    for i, (ax, spectrogram) in enumerate(zip(axes.flat, spectrograms, strict=False)):
        image = ax.imshow(
            spectrogram,
            origin="lower",
            aspect="auto",
            cmap=COLOUR_MAP,
            vmin=0,
            vmax=highest,
            extent=_extent_ms(np.arange(spectrogram.shape[1]) * ms, len(spectrogram)),
        )
        if titles is not None:
            ax.set_title(titles[i])
    axes[0, 0].set_xlim(-ms / 2, (longest - 0.5) * ms)
    if frequencies_hz is not None:
        label_bands_khz(axes[0, 0], frequencies_hz)
    axes[0, 0].set_ylabel("")
    figure.supylabel("mel band" if frequencies_hz is None else "frequency (kHz)")
    figure.supxlabel("column, each syllable's own time scale" if hop_s is None else "time (ms)")
    figure.colorbar(image, ax=axes, label=AMPLITUDE_LABEL, aspect=40, pad=0.01)
    return figure


def label_bands_khz(ax: Axes, frequencies_hz: np.ndarray) -> None:
    """Label a vertical axis of mel bands with round frequencies, at their places between bands.

    Parameters
    ----------
    ax : matplotlib Axes
        Band number n must be drawn at height n, counted from 0.
    frequencies_hz : float array [n_bands]
        Centre frequencies, rising.

    Raises
    ------
    UsvError
        If `ax` is not a matplotlib Axes, or the frequencies do not rise.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import usvlib
    >>> figure, ax = plt.subplots()
    >>> usvlib.figures.label_bands_khz(ax, [45_000, 55_000, 65_000, 75_000])
    >>> ax.get_ylabel(), [label.get_text() for label in ax.get_yticklabels()]
    ('frequency (kHz)', ['45', '50', '55', '60', '65', '70'])
    """
    import matplotlib.axes

    check_type("ax", ax, matplotlib.axes.Axes)
    ax.set_yticks(*band_ticks(frequencies_hz))
    ax.set_ylabel("frequency (kHz)")


def band_ticks(frequencies_hz: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Return the places of round frequencies on an axis of mel bands, and their values in kHz."""
    khz = as_numbers("frequencies_hz", frequencies_hz, "[n_bands]") / 1000
    if khz.ndim != 1 or not khz.size or not np.isfinite(khz).all() or (np.diff(khz) <= 0).any():
        raise UsvError(f"frequencies_hz is {1000 * khz}; it must hold rising numbers [n_bands]")
    step = next((s for s in (1, 2, 5, 10, 20, 50, 100) if np.ptp(khz) / s <= 6), 200)
    ticks = np.arange(np.ceil(khz[0] / step), khz[-1] / step) * step
    return np.interp(ticks, khz, np.arange(len(khz))), [f"{tick:g}" for tick in ticks]


def listen(
    recording: Audio, start_s: float, stop_s: float, label: str, slowdown: float = SLOWDOWN
) -> HTML:
    """Return a player of an excerpt, slowed down so that humans can hear it.

    Every frequency is divided by `slowdown`, and every duration multiplied by it.

    Parameters
    ----------
    recording : Audio or Recording
    start_s, stop_s : float
        In seconds from the start of the recording. What lies outside the recording is cut off.
    label : str
        The caption, which screen readers say, too.
    slowdown : float, default 16
        At 16, 80 kHz becomes 5 kHz.

    Returns
    -------
    IPython.display.HTML
        Notebooks show it as a player with its caption.

    Raises
    ------
    UsvError
        If an argument is of the wrong kind, or no sample lies in the excerpt.

    Examples
    --------
    >>> import usvlib
    >>> recording = usvlib.simulate_recording(n_syllables=12)
    >>> player = usvlib.listen(recording, 0.0, 0.5, "the first half second")
    >>> "<figcaption>the first half second</figcaption>" in player.data
    True
    """
    import html

    from IPython import display

    check_type("recording", recording, Audio)
    check_type("label", label, str)
    start_s, stop_s = check_times(start_s, stop_s)
    rate_hz = round(recording.samplerate_hz / real_number("slowdown", slowdown, above=0))
    if not 1 <= rate_hz <= MAX_WAV_HZ:
        raise UsvError(
            f"slowdown is {slowdown}; the sampling rate of {recording.samplerate_hz} Hz divided "
            f"by it must be from 1 to {MAX_WAV_HZ} Hz"
        )
    samples = recording.read(start_s, stop_s)
    if not len(samples):
        raise UsvError(
            f"start_s is {start_s:g} and stop_s is {stop_s:g}; they must enclose a sample of "
            f"{recording.name}, which lasts {recording.duration_s:.3f} s"
        )
    # Digital silence cannot be normalised.
    player = display.Audio(samples, rate=rate_hz, normalize=bool(samples.any()))._repr_html_()
    label = html.escape(label, quote=True)
    player = player.replace("<audio", f'<audio aria-label="{label}"', 1)
    return display.HTML(
        f'<figure class="usv-sound">{player}<figcaption>{label}</figcaption></figure>'
    )


def axes_of_figure(ax: Axes | None, size: tuple[float, float]) -> Axes:
    """Return `ax`, or the axes of a new figure of that size in inches if it is None."""
    import colorcet  # noqa: F401  (registers its colour maps)
    import matplotlib.axes
    import matplotlib.pyplot as plt

    if ax is None:
        return plt.subplots(figsize=size, layout="constrained")[1]
    check_type("ax", ax, matplotlib.axes.Axes)
    return ax


def _check_length(argument, values, length):
    """Raise a `UsvError` if an argument that may be None has another length."""
    shape = np.asarray(values, object).shape
    if values is not None and shape != (length,):
        raise UsvError(f"{argument} has shape {shape}; it must have {length} values")


def _images(spectrograms):
    """Return the spectrograms as float arrays [n_bands, n_frames], at least one."""
    rule = "it must be a sequence of arrays [n_bands, n_frames]"
    try:
        items = list(spectrograms)
    except TypeError:
        raise UsvError(f"spectrograms is {in_words(spectrograms)}; {rule}") from None
    images = [
        as_numbers(f"spectrograms[{i}]", item, "[n_bands, n_frames]").astype(np.float64)
        for i, item in enumerate(items)
    ]
    if not images:
        raise UsvError(f"spectrograms is empty; {rule}")
    for i, image in enumerate(images):
        if image.ndim != 2 or not image.size:
            raise UsvError(
                f"spectrograms[{i}] has shape {image.shape}; it must be [n_bands, n_frames]"
            )
        if not np.isfinite(image).all():
            raise UsvError(f"spectrograms[{i}] holds NaN or infinity; its values must be finite")
    return images


def _extent_ms(times_ms, n_bands):
    """Return the extent of an image whose columns and rows are centred on times and on bands."""
    half = (times_ms[1] - times_ms[0]) / 2 if len(times_ms) > 1 else 0.5
    return (times_ms[0] - half, times_ms[-1] + half, -0.5, n_bands - 0.5)

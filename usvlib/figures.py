"""How the book looks and sounds: one style, and the plots that more than one chapter draws."""

from importlib import resources

import numpy as np

from ._shared import UsvError
from .recipe import ORIGINAL
from .spectrograms import mel_spectrogram

COLOUR_MAP = "cet_CET_L17"  # of the page; perceptually uniform, from white to dark violet
LEVEL_LABEL = "log$_2$ amplitude over the noise floor"
SLOWDOWN = 16  # 80 kHz becomes 5 kHz


def spectrogram_colours():
    """The colour map of all spectrograms, as matplotlib has it."""
    import colorcet

    return colorcet.cm[COLOUR_MAP.removeprefix("cet_")]


def use_style():
    """Let matplotlib draw in the style of the book, with colorcet's colour maps at hand."""
    import colorcet  # noqa: F401  (registers its colour maps)
    import matplotlib.pyplot as plt

    with resources.as_file(resources.files(__package__) / "usvlib.mplstyle") as path:
        plt.style.use(path)


def plot_excerpt(recording, start_s, stop_s, recipe=ORIGINAL, ax=None):
    """The mel spectrogram of a stretch of a recording, with its syllables' onsets and offsets.

    Parameters
    ----------
    recording : Recording
    start_s, stop_s : float
        In seconds.
    recipe : Recipe
    ax : matplotlib Axes, optional

    Returns
    -------
    Axes
    """
    import colorcet  # noqa: F401  (registers its colour maps)
    import matplotlib.pyplot as plt

    amplitudes, frequencies_hz, times_s = mel_spectrogram(recording, start_s, stop_s, recipe)
    if ax is None:
        _, ax = plt.subplots(figsize=(10, 3), layout="constrained")
    # Digital silence has no logarithm.
    levels = np.log2(np.maximum(amplitudes, amplitudes[amplitudes > 0].min(initial=1.0)))
    image = ax.imshow(
        levels,
        origin="lower",
        aspect="auto",
        cmap=COLOUR_MAP,
        vmin=np.percentile(levels, 5),
        extent=_extent_ms(times_s * 1000, len(frequencies_hz)),
    )
    inside = (recording.offsets > start_s * recording.samplerate_hz) & (
        recording.onsets < stop_s * recording.samplerate_hz
    )
    for samples, style in ((recording.onsets, "-"), (recording.offsets, "--")):
        for sample in samples[inside]:
            ax.axvline(1000 * sample / recording.samplerate_hz, color="0.2", lw=1, ls=style)
    ax.set_xlim(1000 * start_s, 1000 * stop_s)
    label_bands_khz(ax, frequencies_hz)
    ax.set_xlabel("time in the recording (ms)")
    ax.figure.colorbar(image, ax=ax, label="log$_2$ amplitude", pad=0.01)
    return ax


def plot_syllables(pictures, titles=None, frequencies_hz=None, hop_s=None, n_columns=4):
    """A grid of syllable spectrograms that share their axes and their colour scale.

    Parameters
    ----------
    pictures : sequence of float array [n_bands, n_frames]
        Lowest band first.
    titles : sequence of str, optional
    frequencies_hz : float array [n_bands], optional
        Labels the bands in kHz; without them bands are counted, from 0 or from the peak.
    hop_s : float, optional
        Labels the frames in ms; without it they are columns of each syllable's own time scale.
    n_columns : int

    Returns
    -------
    Figure
    """
    import colorcet  # noqa: F401  (registers its colour maps)
    import matplotlib.pyplot as plt

    if not len(pictures):
        raise UsvError("pictures is empty; at least one is needed")
    n_rows = -(-len(pictures) // n_columns)
    figure, axes = plt.subplots(
        n_rows,
        min(n_columns, len(pictures)),
        figsize=(8, 0.6 + 1.75 * n_rows),
        sharex=True,
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    longest = max(picture.shape[1] for picture in pictures)
    highest = max(float(picture.max()) for picture in pictures) or 1.0
    ms = 1 if hop_s is None else 1000 * hop_s
    for ax in axes.flat[len(pictures) :]:
        ax.set_axis_off()
    for i, (ax, picture) in enumerate(zip(axes.flat, pictures, strict=False)):
        image = ax.imshow(
            picture,
            origin="lower",
            aspect="auto",
            cmap=COLOUR_MAP,
            vmin=0,
            vmax=highest,
            extent=_extent_ms(np.arange(picture.shape[1]) * ms, len(picture)),
        )
        if titles is not None:
            ax.set_title(titles[i])
    axes[0, 0].set_xlim(-ms / 2, (longest - 0.5) * ms)
    if frequencies_hz is not None:
        label_bands_khz(axes[0, 0], frequencies_hz)
    axes[0, 0].set_ylabel("")
    figure.supylabel("mel band" if frequencies_hz is None else "frequency (kHz)")
    figure.supxlabel("column, each syllable's own time scale" if hop_s is None else "time (ms)")
    figure.colorbar(image, ax=axes, label=LEVEL_LABEL, aspect=40, pad=0.01)
    return figure


def label_bands_khz(ax, frequencies_hz):
    """Label an axis of mel bands with round frequencies, where the mel scale has them."""
    ax.set_yticks(*band_ticks(frequencies_hz))
    ax.set_ylabel("frequency (kHz)")


def band_ticks(frequencies_hz):
    """Round frequencies on an axis of mel bands: where they are, and what they are in kHz."""
    khz = np.asarray(frequencies_hz) / 1000
    step = next(s for s in (1, 2, 5, 10, 20, 50, 100) if np.ptp(khz) / s <= 6)
    ticks = np.arange(np.ceil(khz[0] / step), khz[-1] / step) * step
    return np.interp(ticks, khz, np.arange(len(khz))), [f"{tick:g}" for tick in ticks]


def listen(recording, start_s, stop_s, label, slowdown=SLOWDOWN):
    """A player of a stretch of a recording, slowed down so that it can be heard.

    Every frequency is divided by `slowdown`, and every duration multiplied.

    Parameters
    ----------
    recording : Recording
    start_s, stop_s : float
        In seconds.
    label : str
        What is heard, for the page and for those who listen to it being read.
    slowdown : float

    Returns
    -------
    IPython.display.HTML
    """
    import html

    from IPython.display import HTML, Audio

    rate = round(recording.samplerate_hz / slowdown)
    player = Audio(recording.read(start_s, stop_s), rate=rate)._repr_html_()
    label = html.escape(label, quote=True)
    player = player.replace("<audio", f'<audio aria-label="{label}"', 1)
    return HTML(f'<figure class="usv-sound">{player}<figcaption>{label}</figcaption></figure>')


def _extent_ms(times, n_bands):
    """Extent of an image whose columns are centred on `times` and whose rows on whole bands."""
    half = (times[1] - times[0]) / 2 if len(times) > 1 else 0.5
    return (times[0] - half, times[-1] + half, -0.5, n_bands - 0.5)

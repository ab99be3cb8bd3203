"""Classes of syllables by the rules of the literature, applied to contours.

The literature calls them call classes, and a syllable a call.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from .._shared import UsvError, as_numbers, check_type, in_words, whole_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike

# Nicolakis et al. (2020), their Table 2.
ULTRASHORT_MS, SHORT_MS = 5, 10
MODULATED_KHZ = 5
ULTRA_HIGH_KHZ = 91
# The rules name jumps and turns without a limit; these limits are ours.
JUMP_KHZ = 8  # between frames 1 ms apart
TURN_KHZ = 5  # rise or fall before the contour turns

CLASSES = (
    "ultrashort",
    "short",
    "flat",
    "up",
    "down",
    "U",
    "inverted U",
    "complex",
    "c2",
    "c3",
    "c4",
    "c5",
    "ultra-high",
)


def call_classes(contours_khz: Sequence[ArrayLike], durations_ms: ArrayLike) -> np.ndarray:
    """Assign each syllable to a class by the rules of Nicolakis et al. (2020), their Table 2.

    The rules apply in this order: shorter than 5 ms, ultrashort; shorter than 10 ms, short; mean
    above 91 kHz, ultra-high; one, two, three, or four and more jumps, c2 to c5; range below 5 kHz,
    flat; two or more turns, complex; else up, down, U or inverted U.

    Parameters
    ----------
    contours_khz : list of float array [n_frames]
        Frequency of each syllable in kHz, at steps of 1 ms, NaN where it is unknown.
    durations_ms : float array [n_syllables]
        In ms.

    Returns
    -------
    str array [n_syllables]
        Classes from `CLASSES`, or "none" for a contour without a frequency.

    Raises
    ------
    UsvError
        If there are not as many contours as durations, or they are not numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from usvlib.continuum import call_classes
    >>> rising, steady = np.linspace(60, 75, 40), np.full(40, 70.0)
    >>> call_classes([rising, steady, steady], [40, 40, 4]).tolist()
    ['up', 'flat', 'ultrashort']
    """
    contours_khz = _check_contours(contours_khz)
    durations_ms = as_numbers("durations_ms", durations_ms, "[n_syllables]")
    if durations_ms.shape != (len(contours_khz),):
        raise UsvError(
            f"there are {len(contours_khz)} contours and {durations_ms.size} durations; each "
            "syllable must have one of both"
        )
    pairs = zip(contours_khz, durations_ms, strict=True)
    return np.array([_class(contour, duration) for contour, duration in pairs], dtype="<U10")


def plot_classes(
    contours_khz: Mapping[str, Sequence[np.ndarray]],
    classes: Mapping[str, ArrayLike],
    n_examples: int = 4,
) -> Figure:
    """Draw examples of the classes of a repertoire, and how the classes divide it and a second one.

    Parameters
    ----------
    contours_khz : dict of name to list of float array [n_frames]
        Finite contours of two repertoires, in kHz, at steps of 1 ms.
    classes : dict of name to str array [n_syllables]
        Class of each syllable of both repertoires.
    n_examples : int, default 4
        Syllables drawn for each class of the first repertoire.

    Returns
    -------
    matplotlib.figure.Figure
        Example contours above; below, both repertoires by sweep and bow, and the counts of classes.

    Raises
    ------
    UsvError
        If there are not two repertoires, or classes of one are missing.

    Examples
    --------
    >>> import numpy as np
    >>> from usvlib.continuum import call_classes, plot_classes
    >>> slopes = {"rising": (5, 10, 20), "falling": (-5, -10, -20)}
    >>> contours = {
    ...     name: [70 + np.linspace(0, khz, 40) for khz in slope] for name, slope in slopes.items()
    ... }
    >>> classes = {name: call_classes(of, [40] * len(of)) for name, of in contours.items()}
    >>> figure = plot_classes(contours, classes)
    >>> [ax.get_title() for ax in figure.subfigs[1].axes[:2]]
    ['rising', 'falling']
    """
    import matplotlib.pyplot as plt

    check_type("contours_khz", contours_khz, Mapping)
    check_type("classes", classes, Mapping)
    n_examples = whole_number("n_examples", n_examples, 1)
    if len(contours_khz) != 2 or not set(contours_khz) <= set(classes):
        names, known = (", ".join(map(str, given)) for given in (contours_khz, classes))
        raise UsvError(
            f"contours_khz has {names}, and classes has {known}; contours_khz must have two "
            "repertoires, and classes must have the same two"
        )
    first, second = contours_khz
    contours_khz = {name: _check_contours(of) for name, of in contours_khz.items()}
    classes = {name: _check_classes(classes[name], contours_khz[name]) for name in contours_khz}
    counts = {
        kind: (classes[first] == kind).sum()
        for kind in np.unique(np.concatenate([*classes.values()]))
    }
    kinds = sorted(counts, key=lambda kind: -counts[kind])
    drawn = [kind for kind in kinds if counts[kind]]
    palette = plt.get_cmap("tab20").colors  # pairs of a dark and a light shade
    colours = dict(zip(kinds, palette[::2] + palette[1::2], strict=False))
    figure = plt.figure(figsize=(10, 5.2), layout="constrained")
    top, bottom = figure.subfigures(2, 1, height_ratios=(1, 2))
    axes = top.subplots(1, len(drawn), sharey=True, squeeze=False)[0]
    for ax, kind in zip(axes, drawn, strict=True):
        for i in np.flatnonzero(classes[first] == kind)[:n_examples]:
            contour = contours_khz[first][i]
            ax.plot(contour - contour.mean(), color=colours[kind], lw=1.2)
        ax.set(title=kind, xlim=(0, 160), xticks=[0, 100], ylim=(-27, 27))
    top.supylabel("kHz", fontsize=9)
    top.supxlabel("ms", fontsize=9)
    axes = bottom.subplots(1, 3, width_ratios=(1, 1, 0.9))
    for ax, name in zip(axes, (first, second), strict=False):
        sweeps = np.array([_sweep_and_bow(contour) for contour in contours_khz[name]])
        dots = [colours[kind] for kind in classes[name]]
        ax.scatter(*sweeps.T, c=dots, s=6, linewidths=0)
        ax.set(title=name, xlabel="sweep (kHz)", xlim=(-32, 32), ylim=(-22, 22))
    axes[0].set_ylabel("bow (kHz)")
    places, shades = np.arange(len(kinds)), list(colours.values())
    solid, hatched = ([(classes[name] == k).sum() for k in kinds] for name in (first, second))
    axes[2].barh(places - 0.2, solid, 0.38, color=shades)
    axes[2].barh(places + 0.2, hatched, 0.38, fc="w", ec=shades, hatch="////")
    axes[2].set_yticks(places, kinds)
    axes[2].invert_yaxis()
    axes[2].set_xlabel(f"syllables (hatched: {second})")
    return figure


def _sweep_and_bow(contour_khz):
    """Return the rise from the first to the last sixth, and of the median over their mean (kHz)."""
    n = max(len(contour_khz) // 6, 1)
    start, end = contour_khz[:n].mean(), contour_khz[-n:].mean()
    return end - start, np.median(contour_khz) - (start + end) / 2


def _check_contours(contours_khz):
    """Return contours as a list of float arrays [n_frames], or raise a `UsvError`."""
    try:
        items = list(contours_khz)
    except TypeError:
        raise UsvError(
            f"contours_khz is {in_words(contours_khz)}; it must be a list of contours"
        ) from None
    contours = [as_numbers(f"contours_khz[{i}]", c, "[n_frames]") for i, c in enumerate(items)]
    for i, contour in enumerate(contours):
        if contour.ndim != 1:
            raise UsvError(f"contours_khz[{i}] has shape {contour.shape}; it must be [n_frames]")
    return [contour.astype(float) for contour in contours]


def _check_classes(classes, contours_khz):
    """Return classes as a str array with one value for each contour, or raise a `UsvError`."""
    try:
        classes = list(classes)
    except TypeError:
        classes = [classes]
    if len(classes) != len(contours_khz) or not all(isinstance(kind, str) for kind in classes):
        raise UsvError(
            f"classes has {len(classes)} values for {len(contours_khz)} contours; it must have a "
            "text for each"
        )
    return np.array(classes, str)


def _class(contour_khz, duration_ms):
    """Return the class of one syllable."""
    steps = np.diff(contour_khz)
    contour_khz = contour_khz[np.isfinite(contour_khz)]
    if not len(contour_khz):
        return "none"
    if duration_ms < SHORT_MS:
        return "ultrashort" if duration_ms < ULTRASHORT_MS else "short"
    if contour_khz.mean() > ULTRA_HIGH_KHZ:
        return "ultra-high"
    # Two steps in a row are one jump.
    jumping = np.abs(steps) > JUMP_KHZ  # False where a frequency is unknown
    if n_jumps := int(np.sum(jumping[1:] & ~jumping[:-1])) + int(jumping[:1].any()):
        return f"c{min(n_jumps, 4) + 1}"
    if np.ptp(contour_khz) < MODULATED_KHZ:
        return "flat"
    moves = _moves(contour_khz)
    if len(moves) > 2:
        return "complex"
    if len(moves) == 2:
        return "inverted U" if moves[0] > 0 else "U"
    return "up" if contour_khz[-1] > contour_khz[0] else "down"


def _moves(contour_khz):
    """Return the directions, 1 or -1, of successive rises and falls of at least `TURN_KHZ`."""
    moves, low, high = [], contour_khz[0], contour_khz[0]
    for khz in contour_khz:
        low, high = min(low, khz), max(high, khz)
        if khz - low >= TURN_KHZ and moves[-1:] != [1]:
            moves.append(1)
            high = khz
        elif high - khz >= TURN_KHZ and moves[-1:] != [-1]:
            moves.append(-1)
            low = khz
        if moves[-1:] == [1]:
            low = high
        elif moves[-1:] == [-1]:
            high = low
    return moves

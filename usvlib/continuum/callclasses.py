"""The named classes of calls that the literature cuts by rule, applied to contours."""

import numpy as np

from .._shared import UsvError

# Nicolakis et al. (2020), their Table 2.
ULTRASHORT_MS, SHORT_MS = 5, 10
MODULATED_KHZ = 5
ULTRA_HIGH_KHZ = 91
# The rules speak of jumps and turns, and leave to the reader from where on they count.
JUMP_KHZ = 8  # between frames 1 ms apart
TURN_KHZ = 5  # risen or fallen before the contour turns

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


def call_classes(contours_khz, durations_ms):
    """Class of each call by the rules of Nicolakis et al. (2020).

    In this order: under 5 ms ultrashort, under 10 ms short; with a mean above 91 kHz ultra-high;
    with one, two, three, or four and more jumps c2 to c5; within 5 kHz flat; else up, down, U or
    inverted U, and complex with two or more turns.

    Parameters
    ----------
    contours_khz : list of float array [n_frames]
        Frequency at steps of 1 ms; NaN where it is not known.
    durations_ms : float array [n_calls]

    Returns
    -------
    str array [n_calls]
        Of `CLASSES`, or "none" for a contour without a frequency.
    """
    if len(contours_khz) != len(durations_ms):
        raise UsvError(
            f"there are {len(contours_khz)} contours and {len(durations_ms)} durations; they must "
            "go together"
        )
    pairs = zip(contours_khz, durations_ms, strict=True)
    return np.array([_class(np.asarray(c, float), d) for c, d in pairs], dtype="<U10")


def plot_classes(contours_khz, classes, n_examples=4):
    """What the classes of a first repertoire look like, and how they cut it and a second one.

    Parameters
    ----------
    contours_khz : dict of name to list of float array
        Of two repertoires, finite.
    classes : dict of name to str array
        Of each repertoire's calls.
    n_examples : int
        Calls drawn of each class, above; those that only the second has are not drawn there.

    Returns
    -------
    Figure
    """
    import matplotlib.pyplot as plt

    if len(contours_khz) != 2 or not set(contours_khz) <= set(classes):
        names, known = (", ".join(map(str, given)) for given in (contours_khz, classes))
        raise UsvError(
            f"contours_khz has {names}, and classes has {known}; contours_khz must have two "
            "repertoires, and classes those of both"
        )
    first, second = contours_khz
    classes = {name: np.asarray(classes[name]) for name in contours_khz}
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
    axes[2].set_xlabel(f"calls (hatched: {second})")
    return figure


def _sweep_and_bow(contour_khz):
    """From the first to the last sixth, and of the middle over both."""
    n = max(len(contour_khz) // 6, 1)
    start, end = contour_khz[:n].mean(), contour_khz[-n:].mean()
    return end - start, np.median(contour_khz) - (start + end) / 2


def _class(contour_khz, duration_ms):
    steps = np.diff(contour_khz)
    contour_khz = contour_khz[np.isfinite(contour_khz)]
    if not len(contour_khz):
        return "none"
    if duration_ms < SHORT_MS:
        return "ultrashort" if duration_ms < ULTRASHORT_MS else "short"
    if contour_khz.mean() > ULTRA_HIGH_KHZ:
        return "ultra-high"
    # A jump that takes two frames is one jump.
    jumping = np.abs(steps) > JUMP_KHZ  # False where a frequency is not known
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
    """Directions, 1 or -1, of the stretches that rise or fall by `TURN_KHZ` or more."""
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

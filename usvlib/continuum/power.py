"""How often the verdict is right, from a stored table of simulated repertoires."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .._shared import UsvError, whole_number
from .controls import CONTINUA
from .verdict import CONTINUUM, TYPES

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

TABLE = Path(__file__).with_name("controls.csv")
DETECTED_SHARE = 0.9  # a separation is detected if the test finds types in this share


@functools.cache
def control_results() -> pandas.DataFrame:
    """Return the verdict on each simulated repertoire of the stored table.

    `tools/controls.py` computed the table (`make controls`).

    Returns
    -------
    pandas.DataFrame
        One row per repertoire: `control`, `n_syllables`, `seed`; as simulated, `n_types` and
        `separation` (standard deviations within a type) or `size_khz` of the jumps; `oracle`, the
        d' of the nearest two types given the true types; `verdict`, `n_found` and `support`;
        `agreeing`, the number of ten seeds that gave this verdict, where ten were tried. The table
        is cached; do not change it.

    Examples
    --------
    >>> from usvlib.continuum import control_results
    >>> table = control_results()
    >>> len(table) >= 1500
    True
    >>> sorted(table.control.unique())[:3]
    ['band', 'bent', 'gaussian']
    """
    import pandas

    return pandas.read_csv(TABLE, comment="#")


def false_alarms() -> pandas.DataFrame:
    """Count the simulated continua that the test called separated types.

    Returns
    -------
    pandas.DataFrame
        One row per kind of continuum and one for `all`: the number of `repertoires`, how many were
        `called types`, the 95 % interval of that share from `low` to `high` (Clopper & Pearson
        1934), and `called other`, those with a satellite or a jump.

    Examples
    --------
    >>> from usvlib.continuum import false_alarms
    >>> bool(false_alarms().high["all"] < 0.05)
    True
    """
    import pandas

    table = control_results()
    table = table[table.control.isin(CONTINUA)]
    rows = {}
    for kind, group in [*table.groupby("control"), ("all", table)]:
        k, n = int((group.verdict == TYPES).sum()), len(group)
        other = n - k - int((group.verdict == CONTINUUM).sum())
        rows[kind] = (n, k, *_interval(k, n, "exact"), other)
    columns = ["repertoires", "called types", "low", "high", "called other"]
    return pandas.DataFrame.from_dict(rows, "index", columns=columns)


def detected_separation(n_syllables: int = 600) -> float:
    """Return the d' from which on types were found in at least nine of ten repertoires.

    Parameters
    ----------
    n_syllables : int, default 600
        Size of the repertoires, one of those in the table.

    Returns
    -------
    float
        A whole number, the lower edge of a bin of d'. The share is reached in this bin and in all
        bins above, and for each number of types that was simulated. `inf` if there is no such bin.

    Raises
    ------
    UsvError
        If the table has no types of this size.

    Examples
    --------
    >>> from usvlib.continuum import detected_separation
    >>> 3 < detected_separation() <= 6
    True
    """
    n_syllables = whole_number("n_syllables", n_syllables, 1)
    tried = _types(control_results())
    table = tried[tried.n_syllables == n_syllables]
    if table.empty:
        sizes = ", ".join(str(n) for n in np.unique(tried.n_syllables))
        raise UsvError(f"n_syllables is {n_syllables!r}; it must be one of the table's: {sizes}")
    return max(_detected(group) for _, group in table.groupby("n_types"))


def plot_power() -> Figure:
    """Draw how often types are found, by separation and by number of syllables.

    Returns
    -------
    matplotlib.figure.Figure
        Panels over the simulated separation, over the d' given the true types, and over the number
        of syllables. Bars are 95 % intervals (Wilson 1927).

    Examples
    --------
    >>> from usvlib.continuum import plot_power
    >>> len(plot_power().axes)
    3
    """
    import matplotlib.pyplot as plt

    table = _types(control_results())
    table = table.assign(left=np.floor(table.oracle) + 0.5)
    some = table[table.n_syllables == 600]
    six = table[(table.n_types == 6) & table.separation.isin((4, 5, 6, 8))]
    figure, axes = plt.subplots(1, 3, figsize=(10, 3.1), layout="constrained", sharey=True)
    for ax, column in zip(axes, ("separation", "left"), strict=False):
        _plot_shares(ax, some, column, "n_types", "{:g} types", 0.1)
    _plot_shares(axes[2], six, "n_syllables", "separation", "{:g} apart", 0.0)
    axes[0].set(
        xlabel="simulated separation\n(standard deviations)", ylabel="share called separated types"
    )
    axes[1].set(xlabel="d' given the true types")
    axes[2].set(xlabel="syllables (six types)", xscale="log", ylim=(-0.03, 1.03))
    ticks = sorted(six.n_syllables.unique())
    axes[2].set_xticks(ticks, ticks)
    axes[2].minorticks_off()
    for ax in axes:
        ax.axhline(DETECTED_SHARE, color="0.7", lw=0.8, ls="--", zorder=0)
        ax.legend(loc="best", fontsize=8)
    return figure


def _types(table):
    """Return the rows of the control `types`."""
    return table[table.control == "types"]


def _detected(table):
    """Return the lower edge of the bin of d' from which on enough repertoires are detected."""
    shares = (table.verdict == TYPES).groupby(np.floor(table.oracle)).mean()
    missed = shares.index[shares < DETECTED_SHARE]
    found = shares.index[shares.index > missed.max()] if len(missed) else shares.index
    return float(found.min()) if len(found) else np.inf


def _plot_shares(ax, table, x, by, label, shift):
    """Draw the shares that were called types over x, one line for each value of `by`."""
    for i, (value, rows) in enumerate(table.groupby(by)):
        found = (rows.verdict == TYPES).groupby(rows[x]).agg(["sum", "size"])
        found = found[found["size"] >= 5]
        share = found["sum"] / found["size"]
        ends = [_interval(int(k), int(n), "wilson") for k, n in found.to_numpy()]
        low, high = np.transpose(ends) if ends else (share, share)
        bars = np.maximum([share - low, high - share], 0)
        place = found.index + shift * (i - 1)
        marker = "os^D"[i]
        ax.errorbar(
            place, share, bars, fmt=f"{marker}-", ms=4, capsize=2, label=label.format(value)
        )


def _interval(k, n, method):
    """Return the ends of the 95 % interval of a share."""
    from scipy.stats import binomtest

    return binomtest(k, n).proportion_ci(method=method)

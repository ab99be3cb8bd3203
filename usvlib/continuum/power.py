"""How often the verdict of `continuum` is right: the stored table of simulated repertoires."""

import functools
from pathlib import Path

import numpy as np

from .._shared import UsvError
from .controls import CONTINUA
from .verdict import TYPES

TABLE = Path(__file__).with_name("controls.csv")
CHOSEN_SHARE = 0.9  # of the repertoires, for a separation to count as one that is detected


@functools.cache
def control_results():
    """What the test said of each simulated repertoire; `tools/controls.py` computed it.

    Returns
    -------
    pandas.DataFrame
        One row a repertoire; do not change it. `control`, `n_syllables`, `seed`, `n_types` and
        `separation` (in standard deviations within a type) or `size_khz` of the jumps, as put in;
        `oracle`, the d' of the nearest pair for one who knows the types; `verdict`, `n_found`,
        and `support`; `agreeing`, where it was asked, how many of ten seeds gave this verdict.
    """
    import pandas

    return pandas.read_csv(TABLE, comment="#")


def false_alarms():
    """Continua that were called separated types, by kind, with a 95 % interval of their share.

    Returns
    -------
    pandas.DataFrame
        `repertoires`, `called types`, `low` and `high` (Clopper and Pearson's), and `called other`:
        with a satellite or a jump.
    """
    import pandas

    table = control_results()
    table = table[table.control.isin(CONTINUA)]
    rows = {}
    for kind, group in [*table.groupby("control"), ("all", table)]:
        k, n = int((group.verdict == TYPES).sum()), len(group)
        other = n - k - int((group.verdict == "continuum").sum())
        rows[kind] = (n, k, *_interval(k, n, "exact"), other)
    columns = ["repertoires", "called types", "low", "high", "called other"]
    return pandas.DataFrame.from_dict(rows, "index", columns=columns)


def detected_separation(n_syllables=600):
    """The d' from which on types were found in nine of ten repertoires and more.

    Parameters
    ----------
    n_syllables : int
        One of those of the table.

    Returns
    -------
    float
        A whole number: the lower edge of the bin from which on it is so in all bins, and for each
        number of types that was tried; inf if there is none.
    """
    tried = _types(control_results())
    table = tried[tried.n_syllables == n_syllables]
    if table.empty:
        sizes = ", ".join(str(n) for n in np.unique(tried.n_syllables))
        raise UsvError(f"n_syllables is {n_syllables!r}; it must be one of the table's: {sizes}")
    return max(_detected(group) for _, group in table.groupby("n_types"))


def plot_power():
    """How often types are found, by the separation put in, by what is left of it, and by number.

    Returns
    -------
    Figure
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
    axes[0].set(xlabel="put in (standard deviations)", ylabel="share called separated types")
    axes[1].set(xlabel="left for one who knows (d')")
    axes[2].set(xlabel="syllables (six types)", xscale="log", ylim=(-0.03, 1.03))
    ticks = sorted(six.n_syllables.unique())
    axes[2].set_xticks(ticks, ticks)
    axes[2].minorticks_off()
    for ax in axes:
        ax.axhline(CHOSEN_SHARE, color="0.7", lw=0.8, ls="--", zorder=0)
        ax.legend(loc="best", fontsize=8)
    return figure


def _types(table):
    return table[table.control == "types"]


def _detected(table):
    """The lower edge of the bin of d' from which on enough are found."""
    shares = (table.verdict == TYPES).groupby(np.floor(table.oracle)).mean()
    missed = shares.index[shares < CHOSEN_SHARE]
    found = shares.index[shares.index > missed.max()] if len(missed) else shares.index
    return float(found.min()) if len(found) else np.inf


def _plot_shares(ax, table, x, by, label, shift):
    """Shares that were called types, one line for each value of `by`."""
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
    from scipy.stats import binomtest

    return binomtest(k, n).proportion_ci(method=method)

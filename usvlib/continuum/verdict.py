"""The result of `assess_continuum`: a verdict, its evidence, and a figure of both."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from .._shared import UsvError, as_numbers, check_table, in_words, whole_number

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

TYPES, CONTINUUM, SATELLITE, JUMP, TOO_FEW = KINDS = (
    "separated types",
    "continuum",
    "continuum with a satellite",
    "continuum with a jump",
    "too few syllables",
)

CONCLUSIONS = {
    TYPES: "The syllables fall into separated types. Between them are gaps that simulated "
    "continuous repertoires, analysed in the same way, almost never show.",
    CONTINUUM: "There is no evidence of separated types, at separations that this test detects in "
    "simulated repertoires. The syllables are compatible with one continuum. Rare types, and types "
    "that are closer together, cannot be ruled out, even if their syllables differ enough to be "
    "told apart with few errors once the types are known.",
    SATELLITE: "Most syllables form one continuum, and one small group is separate from it. This "
    "is not a repertoire of types. The next question is who makes these syllables, and when.",
    JUMP: "The syllables vary continuously except in one feature: syllables with a frequency jump "
    "are separate from those without. That is one discrete feature, not a repertoire of types.",
    TOO_FEW: "There are too few syllables for a verdict. Neither the look of a map nor any index "
    "of clustering changes that.",
}


@dataclasses.dataclass(frozen=True, eq=False)
class Verdict:
    """Whether a repertoire has types, and the evidence, as `assess_continuum` returns it.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    n_types : int
        Number of types; 1 for a continuum, also with a satellite or a jump.
    labels : int array [n_syllables]
        Types by size, from 0 on. In a continuum, 1 marks the syllables of a satellite and those
        with a jump. -1 marks a syllable that was left out.
    statistics : pandas.DataFrame
        One row per statistic: its `value`, the `threshold` it was compared with, and whether it
        `reached` that threshold. The relative density between small and large steps and the p-value
        of that valley reach theirs from above, all others from below.
    support : pandas.DataFrame
        Share of the halves that show separate groups, over three successive numbers of components.
        Rows are the lowest of the three, columns the space that was searched. Empty if there were
        too few syllables.
    profile : pandas.DataFrame
        Syllables of one half along the axis that best separates the closest two groups of the other
        half: `place`, in standard deviations within a group, and `side`, 0 or 1. The groups are
        those of `labels`. In a continuum they are two parts into which the other half was divided.
    steps_khz : float array [n_syllables that were not left out]
        Sizes of the largest frequency steps, in kHz; empty without measures.

    Examples
    --------
    >>> import usvlib
    >>> from usvlib.continuum import simulate_control
    >>> features, measures, _ = simulate_control("gaussian", 30)
    >>> verdict = usvlib.assess_continuum(features, measures)
    >>> print(verdict)
    too few syllables, of 30 syllables
      syllables: 30 (at least 200: not reached)
    """

    kind: str
    n_types: int
    labels: np.ndarray
    statistics: pandas.DataFrame
    support: pandas.DataFrame
    profile: pandas.DataFrame
    steps_khz: np.ndarray

    def __post_init__(self) -> None:
        if not isinstance(self.kind, str) or self.kind not in KINDS:
            raise UsvError(f"kind is {in_words(self.kind)}; it must be one of {', '.join(KINDS)}")
        whole_number("n_types", self.n_types, 1)
        for name in ("labels", "steps_khz"):
            array = as_numbers(name, getattr(self, name), "[n_syllables]")
            if array.ndim != 1:
                raise UsvError(f"{name} has shape {array.shape}; it must be [n_syllables]")
            object.__setattr__(self, name, array)
        check_table("statistics", self.statistics, "value", "threshold", "reached")
        check_table("profile", self.profile, "place", "side")
        check_table("support", self.support)

    @property
    def conclusion(self) -> str:
        """What can be concluded, in a few sentences that follow from the kind alone."""
        return CONCLUSIONS[self.kind]

    def __str__(self) -> str:
        n = int((self.labels >= 0).sum())
        head = f"{self.kind}, of {n} syllables"
        if self.kind == TYPES:
            head = f"{self.n_types} {head}"
        lines = []
        for name, row in self.statistics.iterrows():
            value = f"{row.value:.3g}" if row.value < 100 else f"{row.value:.0f}"
            # A statistic that is reached by a lower value has an upper limit.
            limit = "at least" if row.reached == (row.value >= row.threshold) else "below"
            outcome = "reached" if row.reached else "not reached"
            lines.append(f"  {name}: {value} ({limit} {row.threshold:g}: {outcome})")
        return "\n".join([head, *lines])

    def plot(self) -> Figure:
        """Draw the evidence: support for groups, the closest two groups, sizes of steps.

        Returns
        -------
        matplotlib.figure.Figure
            Three panels. Without measures the last is empty; with too few syllables all are.

        Examples
        --------
        >>> import usvlib
        >>> from usvlib.continuum import simulate_control
        >>> features, measures, _ = simulate_control("gaussian", 30)
        >>> figure = usvlib.assess_continuum(features, measures).plot()
        >>> len(figure.axes)
        3
        """
        import matplotlib.pyplot as plt

        figure, axes = plt.subplots(1, 3, figsize=(10, 2.9), layout="constrained")
        left, middle, right = axes
        if not len(self.support):
            for ax in axes:
                ax.set_axis_off()
            middle.text(0.5, 0.5, self.kind, ha="center", va="center")
            return figure
        for name, marker in zip(self.support, "os^", strict=False):
            left.plot(self.support[name], f"{marker}-", ms=4, label=name)
        threshold = self.statistics.threshold.get("support for separate groups", np.nan)
        left.axhline(threshold, color="0.5", ls="--", lw=1)
        left.set(xlabel="groups proposed", ylabel="share of halves that\nshow valleys")
        left.set(ylim=(-0.03, 1.03))
        left.legend(loc="best", fontsize=8)
        sides = [self.profile.place[self.profile.side == side] for side in (0, 1)]
        bins = np.histogram_bin_edges(self.profile.place, 24)
        middle.hist(sides, bins, stacked=True, color=["C0", "C1"], alpha=0.8)
        middle.set(xlabel="from one group to the closest other\n(standard deviations within)")
        middle.set(ylabel="syllables of the\nvalidation half")
        if len(self.steps_khz):
            right.hist(self.steps_khz, 40, color="C0", alpha=0.8)
            right.set(xlabel="largest frequency step (kHz)", ylabel="syllables", yscale="symlog")
            right.set_ylim(bottom=0)
        else:
            right.set_axis_off()
        return figure

"""What the test of `continuum` answers: a verdict, its evidence, and a figure of both."""

import dataclasses
from typing import Any

import numpy as np

TYPES, CONTINUUM, SATELLITE, JUMP, TOO_FEW = KINDS = (
    "separated types",
    "continuum",
    "continuum with a satellite",
    "continuum with a jump",
    "too few syllables",
)

CONCLUSIONS = {
    TYPES: "The calls fall into separated types: between them lie gaps that continuous "
    "repertoires, taken through the same steps, almost never show.",
    CONTINUUM: "There is no evidence of separated types, at separations that the controls show "
    "this test to detect. The calls are compatible with one continuum. Types that are rare, or lie "
    "closer, even if one who knew them could tell them apart with few errors, cannot be ruled out.",
    SATELLITE: "Most calls form one continuum, and one group of them lies apart. That is not a "
    "repertoire of types; who makes these calls, and when, is the next question.",
    JUMP: "The calls vary continuously but for one feature: those in which the frequency jumps "
    "are set apart from those in which it does not. That is a discrete feature, not a repertoire "
    "of types.",
    TOO_FEW: "There are too few syllables to tell. Neither the look of a map nor any index "
    "changes that.",
}


@dataclasses.dataclass(frozen=True, eq=False)
class Verdict:
    """What a repertoire is, and why.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    n_types : int
        1 for a continuum; with a satellite or a jump also 1.
    labels : int array [n_syllables]
        Types by size from 0 on; 1 for a satellite's syllables and for those that jump; -1 for a
        syllable that was left out.
    statistics : pandas.DataFrame
        One row a statistic: its `value`, the `threshold` that it was held against, and whether
        that was `reached`: for the two of a valley between steps from above, else from below.
    support : pandas.DataFrame
        Share of the halves that show separate groups, over three successive numbers of components,
        by the first of these (rows) and by what was looked at (columns); empty if there were too
        few syllables.
    profile : pandas.DataFrame
        Syllables of one half along the way between the two groups that are closest: `place`, in
        standard deviations within a group, on an axis that the other half has found, and `side`, 0
        or 1. The groups are those of `labels`: types and a satellite as most of the halves have
        them, or calls that jump and others. In a continuum, two pieces that the other half was cut
        into.
    steps_khz : float array
        Sizes of the largest frequency steps; empty without measures.
    """

    kind: str
    n_types: int
    labels: np.ndarray
    statistics: Any
    support: Any
    profile: Any
    steps_khz: np.ndarray

    @property
    def conclusion(self):
        """What can be said, in a sentence or two that follow from the kind alone."""
        return CONCLUSIONS[self.kind]

    def __str__(self):
        n = int((self.labels >= 0).sum())
        head = f"{self.kind}, of {n} syllables"
        if self.kind == TYPES:
            head = f"{self.n_types} {head}"
        lines = []
        for name, row in self.statistics.iterrows():
            value = f"{row.value:.3g}" if row.value < 100 else f"{row.value:.0f}"
            # What is reached without being so high is reached from above.
            limit = "at least" if row.reached == (row.value >= row.threshold) else "below"
            outcome = "reached" if row.reached else "not reached"
            lines.append(f"  {name}: {value} ({limit} {row.threshold:g}: {outcome})")
        return "\n".join([head, *lines])


def plot_verdict(verdict):
    """The evidence: support for groups, the valley between the closest two, sizes of steps.

    Parameters
    ----------
    verdict : Verdict

    Returns
    -------
    Figure
    """
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 3, figsize=(10, 2.9), layout="constrained")
    left, middle, right = axes
    threshold = verdict.statistics.threshold.get("support for separate groups")
    if not len(verdict.support):
        for ax in axes:
            ax.set_axis_off()
        middle.text(0.5, 0.5, verdict.kind, ha="center", va="center")
        return figure
    for name, marker in zip(verdict.support, "os^", strict=False):
        left.plot(verdict.support[name], f"{marker}-", ms=4, label=name)
    left.axhline(threshold, color="0.5", ls="--", lw=1)
    left.set(xlabel="groups proposed", ylabel="share of halves that\nshow valleys")
    left.set(ylim=(-0.03, 1.03))
    left.legend(loc="best", fontsize=8)
    sides = [verdict.profile.place[verdict.profile.side == side] for side in (0, 1)]
    bins = np.histogram_bin_edges(verdict.profile.place, 24)
    middle.hist(sides, bins, stacked=True, color=["C0", "C1"], alpha=0.8)
    middle.set(xlabel="from one group to the closest other\n(standard deviations within)")
    middle.set(ylabel="calls of the tested half")
    if len(verdict.steps_khz):
        right.hist(verdict.steps_khz, 40, color="C0", alpha=0.8)
        right.set(xlabel="largest frequency step (kHz)", ylabel="calls", yscale="symlog")
        right.set_ylim(bottom=0)
    else:
        right.set_axis_off()
    return figure

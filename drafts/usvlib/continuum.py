"""Clusters or a continuum? A verdict on a repertoire, by a rule that was fixed on simulated ones.

The rule, in short (its constants are below and in `valleys`; `controls` made them, once):

1. Pictures are taken back to one place in time and frequency, so that the steps of the
   normalisation, which are discrete, do not pass for types. Their principal components and the
   measures that normalisation takes away are looked at together and each alone.
2. Many times, groups are found on a random half of the syllables, with 2 to 16 components, and
   valleys of density between them are asked for on the other half (`valleys.find_groups`).
3. A separation counts if it is there in most of the halves, for three successive numbers of
   components.
4. Breaks in frequency are a question of their own: whether the sizes of the largest step have an
   empty range between small and large.

The limits were chosen on some two hundred simulated repertoires, too few to put a number on rare
false alarms: `make controls` tries the rule on more.
"""

import dataclasses
from typing import Any

import numpy as np

from .alignment import spaces_of
from .errors import UsvError, whole_number

KINDS = (
    "separated types",
    "continuum",
    "continuum with a satellite",
    "continuum with a jump",
    "too few syllables",
)
# The fewest for which power was measured.
FEWEST_SYLLABLES = 200

N_SPLITS = 4  # each half is tested once
LEVELS_IN_A_ROW, LEAST_SUPPORT = 3, 0.8
SATELLITE_SHARE = 0.25  # a lone group of fewer is a satellite
# Syllables are told apart if most of the halves do.
LEAST_AGREEMENT = 0.5

# Of the density of large steps, in the range between; and a level, for the median half.
JUMP_RATIO, JUMP_LEVEL = 0.35, 0.01


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
        that was `exceeded`.
    """

    kind: str
    n_types: int
    labels: np.ndarray
    statistics: Any

    def __str__(self):
        n = int((self.labels >= 0).sum())
        head = f"{self.kind}, of {n} syllables"
        if self.kind == KINDS[0]:
            head = f"{self.n_types} {head}"
        lines = [
            f"  {name}: {row.value:.2f} (threshold {row.threshold:g})"
            for name, row in self.statistics.iterrows()
        ]
        return "\n".join([head, *lines])


def assess_continuum(features, measures=None, seed=0):
    """Whether syllables fall into types, or lie on a continuum.

    Parameters
    ----------
    features : float array [n_syllables, n_bands, n_frames]
        As `normalise` gives them. Blank ones are left out.
    measures : pandas.DataFrame, optional
        As `syllable_measures` gives them. Without them, types that differ in mean frequency or
        duration alone are not seen, nor are jumps.
    seed : int
        Of the halves.

    Returns
    -------
    Verdict
    """
    from .valleys import jump_valley

    features, measures = _check(features, measures)
    rng = np.random.default_rng(whole_number("seed", seed, 0))
    shown = features.any(axis=(1, 2))
    if measures is not None:
        shown &= np.isfinite(measures.to_numpy()).all(axis=1)
        measures = measures[shown]
    labels = np.where(shown, 0, -1)
    n = int(shown.sum())
    rows = {"syllables": (n, FEWEST_SYLLABLES)}
    if n < FEWEST_SYLLABLES:
        return Verdict(KINDS[4], 1, labels, _table(rows))
    spaces = spaces_of(features[shown], measures)
    support, groups = _separation(spaces, rng)
    rows["support for separate groups"] = (support, LEAST_SUPPORT)
    jumps = np.zeros(n, bool)
    if measures is not None:
        steps = measures["largest_step_khz"].abs().to_numpy()
        ratio, level, edge = jump_valley(steps, rng)
        if ratio < JUMP_RATIO and level < JUMP_LEVEL:
            jumps = steps > edge
        rows["filling between small and large steps"] = (ratio, JUMP_RATIO)
        rows["level of that valley"] = (level, JUMP_LEVEL)
    if jumps.any() and groups.any():
        # What the jumps set apart is not to count as types: of the larger part, there must be some.
        part = jumps if jumps.mean() > 0.5 else ~jumps
        of_part = np.zeros(0, int)
        if part.sum() >= FEWEST_SYLLABLES:
            spaces = {name: space[part] for name, space in spaces.items()}
            support, of_part = _separation(spaces, rng)
            rows["support within those that jump, or do not"] = (support, LEAST_SUPPORT)
        if not of_part.any():
            groups = np.zeros(n, int)
    sizes = np.bincount(groups)
    kind, n_types = KINDS[1], 1
    if len(sizes) == 2 and sizes[1] < SATELLITE_SHARE * n:
        kind = KINDS[2]
    elif len(sizes) > 1:
        kind, n_types = KINDS[0], len(sizes)
    elif jumps.any():
        kind, groups = KINDS[3], jumps.astype(int)
    labels[shown] = groups
    return Verdict(kind, n_types, labels, _table(rows))


def _separation(spaces, rng):
    """How much speaks for separate groups, and which syllables they hold, by size.

    The support is a share of halves, and the highest over the spaces and over
    `LEVELS_IN_A_ROW` successive numbers of components.
    """
    from .valleys import find_groups, fit_mixtures, sparseness

    n = len(next(iter(spaces.values())))
    sure, likely = {}, {}
    for _ in range(N_SPLITS):
        order = rng.permutation(n)
        for a, b in ((order[::2], order[1::2]), (order[1::2], order[::2])):
            for name, space in spaces.items():
                x = space - space[a].mean(axis=0)
                sparse = sparseness(x[b])
                for k, mixture in fit_mixtures(x[a]).items():
                    strict, lenient = find_groups(mixture, x[a], x[b], sparse)
                    sure.setdefault((name, k), []).append(strict.max() > 0)
                    likely.setdefault((name, k), []).append(lenient[mixture.assign(x)])
    windows = []
    for name in spaces:
        levels = [level for level in sure if level[0] == name]
        for i in range(max(len(levels) - LEVELS_IN_A_ROW + 1, 1)):
            window = levels[i : i + LEVELS_IN_A_ROW]
            support = np.mean([sure[level] for level in window])
            groups = [labels for level in window for labels in likely[level]]
            windows.append((support, np.mean([labels.max() for labels in groups]), groups))
    support = max(window[0] for window in windows)
    if support < LEAST_SUPPORT:
        return support, np.zeros(n, int)
    # Of the windows that are well supported, the one that tells most apart.
    supported = [w for w in windows if w[0] >= max(0.9 * support, LEAST_SUPPORT)]
    return support, _consensus(max(supported, key=lambda w: w[1])[2])


def _consensus(groups):
    """The groups that most of the halves agree on, by size."""
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    from .valleys import LEAST_SHARE

    members = [labels[:, np.newaxis] == np.arange(labels.max() + 1) for labels in groups]
    members = np.hstack(members).astype(np.float32)
    together = members @ members.T / len(groups)
    apart = squareform(1 - together, checks=False)
    labels = fcluster(linkage(apart, "average"), 1 - LEAST_AGREEMENT, "distance") - 1
    sizes = np.bincount(labels)
    large = np.flatnonzero(sizes >= LEAST_SHARE * len(labels))
    if len(large) < 2:
        return np.zeros(len(labels), int)
    large = large[np.argsort(-sizes[large], kind="stable")]
    # What is in none of them goes where it is found most often.
    return np.column_stack([together[:, labels == i].mean(axis=1) for i in large]).argmax(axis=1)


def _table(rows):
    import pandas

    table = pandas.DataFrame.from_dict(rows, "index", columns=["value", "threshold"])
    return table.assign(exceeded=table["value"] >= table["threshold"])


def _check(features, measures):
    features = np.asarray(features)
    if features.ndim != 3 or 0 in features.shape:
        raise UsvError(
            f"features has shape {features.shape}; it must be [n_syllables, n_bands, n_frames]"
        )
    if not np.isfinite(features).all():
        bad = int(np.flatnonzero(~np.isfinite(features).all(axis=(1, 2)))[0])
        raise UsvError(f"the features of syllable {bad} are not all finite; they must be numbers")
    if measures is None:
        return features, None
    names = ["duration_ms", "mean_frequency_khz", "largest_step_khz", "level_db"]
    if missing := [name for name in names if name not in measures]:
        raise UsvError(f"measures has no column {missing[0]}; it must have {', '.join(names)}")
    if len(measures) != len(features):
        raise UsvError(
            f"there are features of {len(features)} syllables and measures of {len(measures)}; "
            "they must go together"
        )
    return features, measures[names]

"""Types or a continuum? The rule of the verdict, with constants set on simulated repertoires.

1. The features are aligned to one place in time and frequency, so that the discrete steps of the
   normalisation are not mistaken for types. Their principal components and the measures that the
   normalisation removes are searched together, and each alone.
2. Many times, we split the syllables at random. The discovery half proposes groups, with 2 to 16
   components; in the validation half we look for valleys of density between them
   (`valleys.find_groups`).
3. A separation counts if most halves show it, for three successive numbers of components. The limit
   is high because we take the highest of many such shares.
4. Frequency jumps are a separate question: is there an empty range between small and large steps?

`docs/decisions/verdict-constants.md` says how the constants here and in `valleys` were set, and
which continua are hardest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .._shared import whole_number
from .alignment import spaces_of
from .inputs import check_inputs
from .verdict import CONTINUUM, JUMP, SATELLITE, TOO_FEW, TYPES, Verdict

if TYPE_CHECKING:
    import pandas

    from ..study import Study

# Power was measured for repertoires of at least the minimum. From a repertoire above the maximum,
# each split draws that number of syllables.
MIN_SYLLABLES, MAX_SYLLABLES = 200, 3000

N_SUCCESSIVE, MIN_SUPPORT = 3, 0.8  # numbers of components, and share of halves
# Each split gives two tests. We add splits while the support is so close to its limit that others
# could move it to the other side.
N_SPLITS, MAX_SPLITS = 4, 16
DOUBTFUL_SUPPORT = (0.73, 0.97)
MAX_SATELLITE_SHARE = 0.25  # a single smaller group is a satellite
MIN_AGREEMENT = 0.5  # share of halves that put two syllables into one type

# In the valley between small and large steps, of the density beyond it.
MAX_JUMP_DENSITY, MAX_JUMP_P = 0.35, 0.01

# The profile if neither half has two groups to compare.
NO_PROFILE = {"place": [], "side": []}


def assess_continuum(
    features: np.ndarray | Study, measures: pandas.DataFrame | None = None, seed: int = 0
) -> Verdict:
    """Test whether syllables fall into types or form a continuum.

    The test looks for valleys of density between groups of syllables, and never uses the map. Its
    hit rate and false-alarm rate were measured on 1,500 simulated repertoires (`control_results`).
    Types whose syllables are identical or nearly so are not detected: syllables must vary.

    Parameters
    ----------
    features : float array [n_syllables, n_bands, n_frames], or Study
        Features as `normalise` returns them, in log2 units over the noise floor; blank syllables
        are left out. With a study, its features and its measures are used.
    measures : pandas.DataFrame, optional
        Measures as `syllable_measures` returns them. Syllables for which one is not finite are left
        out. Without measures, the test misses jumps and types that differ only in mean frequency
        or duration.
    seed : int, default 0
        Seed of the random halves.

    Returns
    -------
    Verdict

    Raises
    ------
    UsvError
        If features and measures do not fit together, hold impossible values, or measures are given
        together with a study.

    Examples
    --------
    >>> import usvlib
    >>> from usvlib.continuum import simulate_control
    >>> features, measures, _ = simulate_control("types", 200, n_types=3, separation=10)
    >>> verdict = usvlib.assess_continuum(features, measures)
    >>> verdict.kind, verdict.n_types
    ('separated types', 3)
    """
    from .valleys import MIN_SHARE, jump_valley

    features, measures = check_inputs(features, measures)
    rng = np.random.default_rng(whole_number("seed", seed, 0))
    shown = features.any(axis=(1, 2))
    if measures is not None:
        shown &= np.isfinite(measures.to_numpy()).all(axis=1)
        measures = measures[shown]
    labels = np.where(shown, 0, -1)
    n = int(shown.sum())
    rows = {"syllables": (n, MIN_SYLLABLES, n >= MIN_SYLLABLES)}
    if n < MIN_SYLLABLES:
        return _verdict(TOO_FEW, 1, labels, rows)
    spaces = spaces_of(features[shown], measures)
    support, groups = _separation(spaces, rng)
    highest = support.max(axis=None)
    rows["support for separate groups"] = (highest, MIN_SUPPORT, highest >= MIN_SUPPORT)
    jumps, steps = np.zeros(n, bool), np.zeros(0)
    if measures is not None:
        steps = measures["largest_step_khz"].abs().to_numpy()
        density, p, edge = jump_valley(steps, rng)
        share = (steps > edge).mean()
        rows |= {
            "relative density between small and large steps": (
                *(density, MAX_JUMP_DENSITY),
                density < MAX_JUMP_DENSITY,
            ),
            "p-value of that valley": (p, MAX_JUMP_P, p < MAX_JUMP_P),
            "share of steps above that valley": (share, MIN_SHARE, share >= MIN_SHARE),
        }
        if density < MAX_JUMP_DENSITY and p < MAX_JUMP_P and share >= MIN_SHARE:
            jumps = steps > edge
    if jumps.any() and groups.any():
        # A jump alone does not make types: the larger part, with jumps or without, must have some.
        part = jumps if jumps.mean() > 0.5 else ~jumps
        within, of_part = _separation({key: x[part] for key, x in spaces.items()}, rng)
        highest = within.max(axis=None)
        name = "support among syllables with jumps, or without"
        rows[name] = (highest, MIN_SUPPORT, highest >= MIN_SUPPORT)
        if not of_part.any():
            groups = np.zeros(n, int)
    sizes = np.bincount(groups)
    kind, n_types = CONTINUUM, 1
    if len(sizes) == 2 and sizes[1] < MAX_SATELLITE_SHARE * n:
        kind = SATELLITE
    elif len(sizes) > 1:
        kind, n_types = TYPES, len(sizes)
    elif jumps.any():
        kind, groups = JUMP, jumps.astype(int)
    labels[shown] = groups
    return _verdict(kind, n_types, labels, rows, support, _profile(spaces, groups, rng), steps)


def _separation(spaces, rng):
    """Return the support for separate groups and the group of each syllable, by size.

    The support is a share of halves, by space (columns) and by the lowest of `N_SUCCESSIVE`
    successive numbers of components (rows).
    """
    import pandas

    n = len(next(iter(spaces.values())))
    strict, lenient = {}, {}
    for n_splits in range(1, MAX_SPLITS + 1):
        order = rng.permutation(n)[:MAX_SYLLABLES]
        for a, b in ((order[::2], order[1::2]), (order[1::2], order[::2])):
            for name, space in spaces.items():
                for k, (found, labels) in _groups_by_number(space, a, b).items():
                    strict.setdefault((name, k), []).append(found)
                    lenient.setdefault((name, k), []).append(labels)
        if n_splits % N_SPLITS == 0:
            windows = _windows(strict)
            highest = max(windows.values())
            if not DOUBTFUL_SUPPORT[0] <= highest <= DOUBTFUL_SUPPORT[1]:
                break
    support = pandas.Series({window[0]: share for window, share in windows.items()})
    table = support.unstack(0)[list(spaces)].rename_axis("n_components")
    if highest < MIN_SUPPORT:
        return table, np.zeros(n, int)
    # Of the well supported windows, we take the one with the most groups.
    supported = [
        [labels for key in window for labels in lenient[key]]
        for window, share in windows.items()
        if share >= max(0.9 * highest, MIN_SUPPORT)
    ]
    return table, _consensus(max(supported, key=lambda w: np.mean([x.max() for x in w])))


def _groups_by_number(space, a, b):
    """For each number of components: does half `b` show valleys, and the groups of all syllables.

    The groups are proposed by half `a`.
    """
    from .valleys import find_groups, fit_mixtures, sparseness

    x = space - space[a].mean(axis=0)
    sparse = sparseness(x[b])
    groups = {}
    for k, mixture in fit_mixtures(x[a]).items():
        strict, lenient = find_groups(mixture, x[a], x[b], sparse)
        groups[k] = strict.max() > 0, lenient[mixture.assign(x)]
    return groups


def _windows(strict):
    """Return the share of halves with valleys, for each `N_SUCCESSIVE` numbers of components."""
    windows = {}
    for name in dict.fromkeys(name for name, _ in strict):
        keys = [key for key in strict if key[0] == name]
        for i in range(max(len(keys) - N_SUCCESSIVE + 1, 1)):
            window = tuple(keys[i : i + N_SUCCESSIVE])
            windows[window] = np.mean([strict[key] for key in window])
    return windows


def _consensus(groups):
    """Return the groups that most halves agree on, by size."""
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    from .valleys import MIN_SHARE

    members = [labels[:, np.newaxis] == np.arange(labels.max() + 1) for labels in groups]
    members = np.hstack(members).astype(np.float32)
    asked = members[:: len(members) // MAX_SYLLABLES + 1]
    together = members @ asked.T / len(groups)
    apart = squareform(1 - asked @ asked.T / len(groups), checks=False)
    labels = fcluster(linkage(apart, "average"), 1 - MIN_AGREEMENT, "distance") - 1
    sizes = np.bincount(labels)
    large = np.flatnonzero(sizes >= MIN_SHARE * len(labels))
    if len(large) < 2:
        return np.zeros(len(members), int)
    # A syllable outside the large groups joins the one that most halves put it with.
    nearest = np.column_stack([together[:, labels == i].mean(axis=1) for i in large]).argmax(axis=1)
    by_size = np.argsort(-np.bincount(nearest, minlength=len(large)), kind="stable")
    return np.argsort(by_size)[nearest]


def _profile(spaces, groups, rng):
    """Project the closest two groups of one half on the axis that separates those of the other."""
    import pandas
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    from .valleys import fit_mixtures

    space = next(iter(spaces.values()))
    order = rng.permutation(len(space))
    a, b = order[::2], order[1::2]
    if not groups.any():
        x = space - space[a].mean(axis=0)
        groups = fit_mixtures(x[a])[2].assign(x)
    closest = np.inf, NO_PROFILE
    for i, j in zip(*np.triu_indices(groups.max() + 1, 1), strict=True):
        found, tested = (half[np.isin(groups[half], (i, j))] for half in (a, b))
        side = groups[found] == j
        if side.sum() < 2 or (~side).sum() < 2:
            continue
        axis = LinearDiscriminantAnalysis().fit(space[found], side).coef_[0]
        places = space[found] @ axis
        within = np.sqrt((places[side].var() + places[~side].var()) / 2) + 1e-12
        ends = places[~side].mean() / within, places[side].mean() / within
        if ends[1] - ends[0] < closest[0]:
            rows = {"place": space[tested] @ axis / within - ends[0], "side": groups[tested] == j}
            closest = ends[1] - ends[0], rows
    return pandas.DataFrame(closest[1]).astype({"side": int})


def _verdict(kind, n_types, labels, rows, support=None, profile=NO_PROFILE, steps=()):
    """Build a `Verdict` from the rows of its statistics and the other evidence."""
    import pandas

    table = pandas.DataFrame.from_dict(rows, "index", columns=["value", "threshold", "reached"])
    support, profile = pandas.DataFrame(support), pandas.DataFrame(profile)
    return Verdict(kind, n_types, labels, table, support, profile, np.array(steps))

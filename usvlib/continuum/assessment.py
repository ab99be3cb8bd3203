"""Clusters or a continuum? A verdict on a repertoire, by a rule that was fixed on simulated ones.

The rule, in short (its constants are below and in `valleys`):

1. Pictures are taken back to one place in time and frequency, so that the steps of the
   normalisation, which are discrete, do not pass for types. Their principal components and the
   measures that normalisation takes away are looked at together and each alone.
2. Many times, groups are found on a random half of the syllables, with 2 to 16 components, and
   valleys of density between them are asked for on the other half (`valleys.find_groups`).
3. A separation counts if it is there in most of the halves, for three successive numbers of
   components. That the highest of many such shares is taken is why the limit is so high.
4. Breaks in frequency are a question of their own: whether the sizes of the largest step have an
   empty range between small and large.

The limits were set on some four hundred simulated repertoires of many shapes, and then tried on
those of `controls.csv`, which are others; while these ran, the least support was lowered from 0.85
to 0.80. The hardest cases are continua that the table does not hold: thin bent threads, along which
calls vary while nothing else does, the more so where calls sweep so widely that the normalisation's
window cuts them. Of such, several in a hundred pass for types.
"""

import numpy as np

from .._shared import UsvError, whole_number
from ..normalisation import check_features
from .alignment import spaces_of
from .verdict import CONTINUUM, JUMP, SATELLITE, TOO_FEW, TYPES, Verdict

# The fewest for which power was measured; and of more than the most, each split takes so many.
FEWEST_SYLLABLES, MOST_SYLLABLES = 200, 3000

LEVELS_IN_A_ROW, LEAST_SUPPORT = 3, 0.8
# Each half of a split is tested once. There are more splits while the support is so close to its
# limit that others could bring it to the other side.
N_SPLITS, MOST_SPLITS = 4, 16
DOUBTFUL_SUPPORT = (0.73, 0.97)
MOST_OF_SATELLITE = 0.25  # a lone group of fewer is a satellite
# Syllables are told apart if most of the halves do.
LEAST_AGREEMENT = 0.5

# Of the density of large steps, in the range between; and a level, for the median half.
JUMP_RATIO, JUMP_LEVEL = 0.35, 0.01

MOST = 1e9  # of any number that is given: no level, duration or frequency comes near

# Where neither half has two groups to tell apart.
NO_PROFILE = {"place": [], "side": []}


def assess_continuum(features, measures=None, seed=0):
    """Whether syllables fall into types, or lie on a continuum.

    Calls must vary: of types whose calls are copies of one another, or nearly, it sees none.

    Parameters
    ----------
    features : float array [n_syllables, n_bands, n_frames]
        As `normalise` gives them. Blank ones are left out.
    measures : pandas.DataFrame, optional
        As `syllable_measures` gives them; syllables of which one is not finite are left out.
        Without measures, types that differ in mean frequency or duration alone are not seen, nor
        are jumps.
    seed : int
        Of the halves.

    Returns
    -------
    Verdict
    """
    from .valleys import LEAST_SHARE, jump_valley

    features, measures = _check(features, measures)
    rng = np.random.default_rng(whole_number("seed", seed, 0))
    shown = features.any(axis=(1, 2))
    if measures is not None:
        shown &= np.isfinite(measures.to_numpy()).all(axis=1)
        measures = measures[shown]
    labels = np.where(shown, 0, -1)
    n = int(shown.sum())
    rows = {"syllables": (n, FEWEST_SYLLABLES, n >= FEWEST_SYLLABLES)}
    if n < FEWEST_SYLLABLES:
        return _verdict(TOO_FEW, 1, labels, rows)
    spaces = spaces_of(features[shown], measures)
    support, groups = _separation(spaces, rng)
    highest = support.max(axis=None)
    rows["support for separate groups"] = (highest, LEAST_SUPPORT, highest >= LEAST_SUPPORT)
    jumps, steps = np.zeros(n, bool), np.zeros(0)
    if measures is not None:
        steps = measures["largest_step_khz"].abs().to_numpy()
        ratio, level, edge = jump_valley(steps, rng)
        rows["filling between small and large steps"] = (ratio, JUMP_RATIO, ratio < JUMP_RATIO)
        rows["level of that valley"] = (level, JUMP_LEVEL, level < JUMP_LEVEL)
        share = (steps > edge).mean()
        rows["share of steps beyond it"] = (share, LEAST_SHARE, share >= LEAST_SHARE)
        if ratio < JUMP_RATIO and level < JUMP_LEVEL and share >= LEAST_SHARE:
            jumps = steps > edge
    if jumps.any() and groups.any():
        # What the jumps set apart is not to count as types: of the larger part, there must be some.
        part = jumps if jumps.mean() > 0.5 else ~jumps
        within, of_part = _separation({key: x[part] for key, x in spaces.items()}, rng)
        highest = within.max(axis=None)
        name = "support within those that jump, or do not"
        rows[name] = (highest, LEAST_SUPPORT, highest >= LEAST_SUPPORT)
        if not of_part.any():
            groups = np.zeros(n, int)
    sizes = np.bincount(groups)
    kind, n_types = CONTINUUM, 1
    if len(sizes) == 2 and sizes[1] < MOST_OF_SATELLITE * n:
        kind = SATELLITE
    elif len(sizes) > 1:
        kind, n_types = TYPES, len(sizes)
    elif jumps.any():
        kind, groups = JUMP, jumps.astype(int)
    labels[shown] = groups
    return _verdict(kind, n_types, labels, rows, support, _profile(spaces, groups, rng), steps)


def _separation(spaces, rng):
    """How much speaks for separate groups, and which syllables they hold, by size.

    The support is a share of halves, by space and by the lowest of `LEVELS_IN_A_ROW` successive
    numbers of components that it is taken over.
    """
    import pandas

    n = len(next(iter(spaces.values())))
    sure, likely = {}, {}
    for n_splits in range(1, MOST_SPLITS + 1):
        order = rng.permutation(n)[:MOST_SYLLABLES]
        for a, b in ((order[::2], order[1::2]), (order[1::2], order[::2])):
            for name, space in spaces.items():
                for k, (found, labels) in _groups_by_level(space, a, b).items():
                    sure.setdefault((name, k), []).append(found)
                    likely.setdefault((name, k), []).append(labels)
        if n_splits % N_SPLITS == 0:
            windows = _windows(sure)
            highest = max(windows.values())
            if not DOUBTFUL_SUPPORT[0] <= highest <= DOUBTFUL_SUPPORT[1]:
                break
    support = pandas.Series({levels[0]: share for levels, share in windows.items()})
    table = support.unstack(0)[list(spaces)].rename_axis("n_components")
    if highest < LEAST_SUPPORT:
        return table, np.zeros(n, int)
    # Of the windows that are well supported, the one that tells most apart.
    supported = [
        [labels for level in levels for labels in likely[level]]
        for levels, share in windows.items()
        if share >= max(0.9 * highest, LEAST_SUPPORT)
    ]
    return table, _consensus(max(supported, key=lambda w: np.mean([x.max() for x in w])))


def _groups_by_level(space, a, b):
    """For each number of components: whether `b` shows valleys, and the groups of all syllables."""
    from .valleys import find_groups, fit_mixtures, sparseness

    x = space - space[a].mean(axis=0)
    sparse = sparseness(x[b])
    groups = {}
    for k, mixture in fit_mixtures(x[a]).items():
        strict, lenient = find_groups(mixture, x[a], x[b], sparse)
        groups[k] = strict.max() > 0, lenient[mixture.assign(x)]
    return groups


def _windows(sure):
    """The share of halves that show valleys, over each few successive numbers of components."""
    windows = {}
    for name in dict.fromkeys(name for name, _ in sure):
        levels = [level for level in sure if level[0] == name]
        for i in range(max(len(levels) - LEVELS_IN_A_ROW + 1, 1)):
            window = tuple(levels[i : i + LEVELS_IN_A_ROW])
            windows[window] = np.mean([sure[level] for level in window])
    return windows


def _consensus(groups):
    """The groups that most of the halves agree on, by size."""
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    from .valleys import LEAST_SHARE

    members = [labels[:, np.newaxis] == np.arange(labels.max() + 1) for labels in groups]
    members = np.hstack(members).astype(np.float32)
    asked = members[:: len(members) // MOST_SYLLABLES + 1]
    together = members @ asked.T / len(groups)
    apart = squareform(1 - asked @ asked.T / len(groups), checks=False)
    labels = fcluster(linkage(apart, "average"), 1 - LEAST_AGREEMENT, "distance") - 1
    sizes = np.bincount(labels)
    large = np.flatnonzero(sizes >= LEAST_SHARE * len(labels))
    if len(large) < 2:
        return np.zeros(len(members), int)
    # What is in none of them goes where it is found most often.
    nearest = np.column_stack([together[:, labels == i].mean(axis=1) for i in large]).argmax(axis=1)
    by_size = np.argsort(-np.bincount(nearest, minlength=len(large)), kind="stable")
    return np.argsort(by_size)[nearest]


def _profile(spaces, groups, rng):
    """Syllables of one half on the axis that tells the closest two groups of the other apart."""
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
    import pandas

    table = pandas.DataFrame.from_dict(rows, "index", columns=["value", "threshold", "reached"])
    support, profile = pandas.DataFrame(support), pandas.DataFrame(profile)
    return Verdict(kind, n_types, labels, table, support, profile, np.array(steps))


def _check(features, measures):
    import pandas

    features = check_features(features)
    if features.ndim != 3:
        raise UsvError(
            f"features has shape {features.shape}; it must be [n_syllables, n_bands, n_frames]"
        )
    _check_size("features", features)
    if measures is None:
        return features, None
    if not isinstance(measures, pandas.DataFrame):
        raise UsvError(
            f"measures is of type {type(measures).__name__}; it must be a pandas.DataFrame, as "
            "syllable_measures gives it"
        )
    names = ["duration_ms", "mean_frequency_khz", "largest_step_khz", "level_db"]
    if missing := [name for name in names if name not in measures]:
        raise UsvError(f"measures has no column {missing[0]}; it must have {', '.join(names)}")
    if len(measures) != len(features):
        raise UsvError(
            f"there are features of {len(features)} syllables and measures of {len(measures)}; "
            "they must go together"
        )
    table = {}
    for name in names:
        try:
            table[name] = measures[name].to_numpy(np.float64, na_value=np.nan)
        except (TypeError, ValueError):
            raise UsvError(
                f"measures has a column {name} of type {measures[name].dtype}; it must hold numbers"
            ) from None
        _check_size(name, table[name])
    durations = table["duration_ms"]
    if (durations <= 0).any():
        bad = int((durations <= 0).argmax())
        raise UsvError(
            f"the duration_ms of syllable {bad} is {durations[bad]:g}; it must be above 0"
        )
    return features, pandas.DataFrame(table)


def _check_size(name, values):
    """Values whose squares can be summed."""
    highest = np.abs(values).reshape(len(values), -1).max(axis=1)
    if (large := (highest > MOST) & np.isfinite(highest)).any():
        bad = int(large.argmax())
        raise UsvError(
            f"syllable {bad} has {highest[bad]:g} in {name}; at most {MOST:g} is possible"
        )

"""Valleys of density between groups: groups found on one half of the points, valleys on the other.

Groups are the components of a mixture of Gaussians of one common covariance, which is the model
behind linear discriminants. Two components belong together unless the other half shows a valley
between them; what is joined by any chain of such bridges is one group. So a band that is bent, or a
cloud that is denser here than there, remains one.
"""

from typing import NamedTuple

import numpy as np

LEVELS = (2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16)  # numbers of components
LEAST_PER_COMPONENT = 10  # of the half that they are found on

# A bridge: in the middle at least so much of the density at the lesser of both sides...
BRIDGE_RATIO = 0.55
# ... or points that lie as close to their neighbours as those at the sides do. A thin band that
# winds through many dimensions looks broken on the axis that is chosen to tell its pieces apart;
# between two types points are sparse in every direction. In standard deviations of log distance.
BRIDGE_SPARSENESS, LEAST_IN_MIDDLE = 0.6, 3
# A group has at least so large a share, and around it a valley that is no accident. That there are
# groups at all must be surer than how many.
LEAST_SHARE = 0.035
SURE, LIKELY = 0.02, 0.25
# Only the nearest of a component's neighbours can be bridged to.
N_NEAREST = 6

N_NEIGHBOURS = 5
WINDOW = 1 / 7  # half-width of the windows, of the distance between both sides
RIDGE = 1e-3
LEAST_JUMP_KHZ, N_JUMP_SPLITS = 4.0, 20


class Mixture(NamedTuple):
    """Gaussians of one covariance: weights [K], means [K, d], and what whitens them [d, d]."""

    weights: np.ndarray
    means: np.ndarray
    whitener: np.ndarray

    def log_odds(self, x):
        y, m = x @ self.whitener.T, self.means @ self.whitener.T
        distances = (y**2).sum(1)[:, np.newaxis] - 2 * y @ m.T + (m**2).sum(1)
        return np.log(self.weights) - distances / 2

    def assign(self, x):
        return self.log_odds(x).argmax(axis=1)


def fit_mixtures(x):
    """A mixture for each number of components, from Ward's clusters on.

    Those are found twice: as the points lie, and in the metric of the covariance that the finest of
    these mixtures leaves. Groups that all are drawn out along one axis, as types that differ in
    nothing but their frequency are, are cut across in the one and found in the other.
    """
    levels = [k for k in LEVELS if k * LEAST_PER_COMPONENT <= len(x)]
    mixtures = _fit_from(x, x, levels)
    finest = mixtures[levels[-1]][0]
    again = _fit_from(x, x @ finest.whitener.T, levels)
    return {k: max(mixtures[k], again[k], key=lambda fit: fit[1])[0] for k in levels}


def _fit_from(x, metric, levels):
    from scipy.cluster.hierarchy import cut_tree, linkage

    labels = cut_tree(linkage(metric, "ward"), n_clusters=levels)
    return {k: _fit_mixture(x, np.eye(k)[labels[:, i]]) for i, k in enumerate(levels)}


def _fit_mixture(x, shares, n_iterations=25, tolerance=2e-4):
    """A mixture, and the mean log likelihood of the points, but for a constant."""
    n, d = x.shape
    # Centred once, so that the covariance within is that of all, less that of the means.
    total, last = x.T @ x / n, -np.inf
    for _ in range(n_iterations):
        counts = shares.sum(axis=0) + 1e-6
        means, weights = (shares.T @ x) / counts[:, np.newaxis], counts / n
        within = total - (means.T * weights) @ means + RIDGE * np.eye(d)
        mixture = Mixture(weights, means, np.linalg.inv(np.linalg.cholesky(within)))
        shares = mixture.log_odds(x)
        highest = shares.max(axis=1, keepdims=True)
        shares = np.exp(shares - highest)
        sums = shares.sum(axis=1, keepdims=True)
        shares /= sums
        likelihood = (np.log(sums) + highest).mean()
        likelihood += np.log(np.diag(mixture.whitener)).sum()
        if likelihood - last < tolerance:
            break
        last = likelihood
    return mixture, likelihood


def sparseness(x):
    """log distance of each point to its nearest neighbours, standardised."""
    from sklearn.neighbors import NearestNeighbors

    distances, _ = NearestNeighbors(n_neighbors=N_NEIGHBOURS).fit(x).kneighbors()
    log = np.log(distances[:, -1] + 1e-12)
    return (log - log.mean()) / (log.std() + 1e-12)


def find_groups(mixture, found_on, tested_on, sparse):
    """Which components are one group, as the tested half has it.

    Parameters
    ----------
    mixture : Mixture
        Of `found_on`.
    found_on, tested_on : float array [n, d]
    sparse : float array [n]
        `sparseness` of the tested half.

    Returns
    -------
    sure, likely : int array [n_components]
        With valleys that are no accident at a level of `SURE`, and of `LIKELY`.
    """
    from scipy.sparse.csgraph import connected_components

    a, b = mixture.assign(found_on), mixture.assign(tested_on)
    n = len(mixture.weights)
    m = mixture.means @ mixture.whitener.T
    apart = np.linalg.norm(m[:, np.newaxis] - m, axis=-1)
    bridges = np.zeros((n, n), bool)
    middle, side = np.zeros((n, n)), np.zeros((n, n))
    projected = found_on @ mixture.whitener.T, tested_on @ mixture.whitener.T
    near = apart <= np.sort(apart, axis=1)[:, min(N_NEAREST, n - 1), np.newaxis]
    for i, j in zip(*np.nonzero(np.triu(near | near.T, 1)), strict=True):
        axis = (m[j] - m[i]) / apart[i, j]
        counted = _count_pair(projected, (a, b), (i, j), axis, sparse)
        if counted is None:
            continue
        middle[i, j], side[i, j], excess = counted
        joined = (middle[i, j] + 1) / (side[i, j] + 1) > BRIDGE_RATIO and middle[i, j] >= 2
        dense = middle[i, j] >= LEAST_IN_MIDDLE and excess < BRIDGE_SPARSENESS
        bridges[i, j] = joined or dense
    middle, side = middle + middle.T, side + side.T
    groups = connected_components(bridges)[1]
    sizes = np.bincount(b, minlength=n)
    return [_merge_doubtful(groups, apart, middle, side, sizes, p) for p in (SURE, LIKELY)]


def _count_pair(projected, labels, pair, axis, sparse):
    """Points in the middle and at the lesser side, and how much sparser those in the middle lie."""
    i, j = pair
    found, tested = (x[(k == i) | (k == j)] @ axis for x, k in zip(projected, labels, strict=True))
    right = labels[0][(labels[0] == i) | (labels[0] == j)] == j
    if right.sum() < 3 or (~right).sum() < 3:
        return None
    ends = np.median(found[~right]), np.median(found[right])
    half = (ends[1] - ends[0]) * WINDOW
    if half <= 0:
        return None
    # The valley is where the half that the groups were found on has it.
    places = np.linspace(ends[0] + 2 * half, ends[1] - 2 * half, 7)
    depth = (np.abs(found[:, np.newaxis] - places) < half).sum(axis=0)
    depth = np.convolve(np.pad(depth, 1, mode="edge"), (0.25, 0.5, 0.25), "valid")
    inside = [np.abs(tested - c) < half for c in (places[depth.argmin()], *ends)]
    n_middle, *n_sides = (int(window.sum()) for window in inside)
    if not n_middle or not min(n_sides):
        return n_middle, min(n_sides), np.inf
    own = sparse[(labels[1] == i) | (labels[1] == j)]
    excess = own[inside[0]].mean() - own[inside[1] | inside[2]].mean()
    return n_middle, min(n_sides), excess


def jump_valley(steps, rng):
    """Whether sizes of steps are small or large, with an empty range between.

    Parameters
    ----------
    steps : float array [n_syllables]
        In kHz, none negative.

    Returns
    -------
    ratio : float
        Density in the emptiest range, of that of the larger steps beyond it.
    level : float
        Of a test that it is no valley. Both are medians over halves on which they were not found.
    edge_khz : float
        The middle of that range.
    """
    from scipy.stats import binom

    found = []
    for _ in range(N_JUMP_SPLITS):
        order = rng.permutation(len(steps))
        a, b = steps[order[::2]], steps[order[1::2]]
        best = (np.inf,)
        # Windows of equal width: the density on a linear axis falls where it is continuous from 0.
        for peak in np.arange(2 * LEAST_JUMP_KHZ, 45, 1.0):
            half = peak / 8
            for valley in np.arange(LEAST_JUMP_KHZ, peak - 2 * half, half / 2):
                counts = [(np.abs(a - x) < half).sum() for x in (valley, peak)]
                ratio = (counts[0] + 2) / (counts[1] + 2)
                best = min(best, (ratio, valley, peak, half))
        _, valley, peak, half = best
        middle, beyond = ((np.abs(b - x) < half).sum() for x in (valley, peak))
        p = binom.cdf(middle, middle + beyond, 0.5)
        found.append(((middle + 1) / (beyond + 1), p, valley))
    return tuple(float(x) for x in np.median(found, axis=0))


def _merge_doubtful(groups, apart, middle, side, sizes, level):
    """Groups that are too small, or whose valley could be an accident, go to their neighbours."""
    from scipy.stats import binom

    groups = groups.copy()
    while len(names := np.unique(groups)) > 1:
        worst, merge = level, None
        for name in names:
            own, others = np.flatnonzero(groups == name), np.flatnonzero(groups != name)
            nearest = others[apart[np.ix_(own, others)].argmin(axis=1)]
            n_middle, n_side = middle[own, nearest].sum(), side[own, nearest].sum()
            p = binom.cdf(n_middle, n_middle + n_side, 0.5)
            if sizes[own].sum() < LEAST_SHARE * sizes.sum():
                p = 2 - sizes[own].sum() / sizes.sum()
            if p > worst:
                closest = apart[np.ix_(own, others)].min(axis=0).argmin()
                worst, merge = p, (name, groups[others[closest]])
        if merge is None:
            break
        groups[groups == merge[0]] = merge[1]
    return np.unique(groups, return_inverse=True)[1]

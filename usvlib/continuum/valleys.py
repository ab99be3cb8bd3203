"""Valleys of density between groups: one half of the points proposes groups, the other tests them.

The groups are the components of a mixture of Gaussians with one common covariance, the model behind
linear discriminant analysis. Two components belong to one group unless the validation half shows a
valley of density between them; otherwise there is a density bridge. Components that are linked by
any chain of bridges are one group. A bent band, or a cloud of uneven density, therefore remains one
group.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

NUMBERS_OF_COMPONENTS = (2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16)
MIN_PER_COMPONENT = 10  # points of the discovery half

# There is a density bridge if the middle has more than this share of the density at the sparser of
# both sides...
BRIDGE_RATIO = 0.55
# ... or if points in the middle are as close to their neighbours as points at the sides are. A thin
# band that winds through many dimensions looks broken on the axis that best separates its pieces,
# but its points are close together; points between two types are sparse in every direction. The
# unit is the standard deviation of the log distance.
BRIDGE_SPARSENESS, MIN_IN_MIDDLE = 0.6, 3
# A group holds at least this share of the points...
MIN_SHARE = 0.035
# ... and the valley around it has at most this p-value. That there are groups at all is tested more
# strictly than how many there are.
STRICT_P, LENIENT_P = 0.02, 0.25
# Bridges are looked for between a component and its nearest components only.
N_NEAREST = 6

N_NEIGHBOURS = 5
WINDOW = 1 / 7  # half-width of the density windows, as a share of the distance between both sides
RIDGE = 1e-3
MIN_JUMP_KHZ, N_JUMP_SPLITS = 4.0, 20


class Mixture(NamedTuple):
    """Gaussians of one covariance: weights [K], means [K, d], and a whitening matrix [d, d]."""

    weights: np.ndarray
    means: np.ndarray
    whitener: np.ndarray

    def log_odds(self, x: np.ndarray) -> np.ndarray:
        """Return the log probability of each component, up to a constant per point [n, K]."""
        y, m = x @ self.whitener.T, self.means @ self.whitener.T
        distances = (y**2).sum(1)[:, np.newaxis] - 2 * y @ m.T + (m**2).sum(1)
        return np.log(self.weights) - distances / 2

    def assign(self, x: np.ndarray) -> np.ndarray:
        """Return the most probable component of each point, int [n]."""
        return self.log_odds(x).argmax(axis=1)


def fit_mixtures(x: np.ndarray) -> dict[int, Mixture]:
    """Fit one mixture for each number of components, starting from Ward's clusters.

    Ward's clusters are computed twice: with Euclidean distances, and in the metric of the
    covariance within the finest of the first mixtures. The first cut across groups that are all
    elongated along one axis, such as types that differ in frequency only; the second find them. The
    more likely fit is returned.
    """
    numbers = [k for k in NUMBERS_OF_COMPONENTS if k * MIN_PER_COMPONENT <= len(x)]
    mixtures = _fit_from(x, x, numbers)
    finest = mixtures[numbers[-1]][0]
    again = _fit_from(x, x @ finest.whitener.T, numbers)
    return {k: max(mixtures[k], again[k], key=lambda fit: fit[1])[0] for k in numbers}


def _fit_from(x, metric, numbers):
    """Fit mixtures to x, starting from Ward's clusters of the points in another metric."""
    from scipy.cluster.hierarchy import cut_tree, linkage

    labels = cut_tree(linkage(metric, "ward"), n_clusters=numbers)
    return {k: _fit_mixture(x, np.eye(k)[labels[:, i]]) for i, k in enumerate(numbers)}


def _fit_mixture(x, shares, n_iterations=25, tolerance=2e-4):
    """Fit a mixture by expectation-maximisation; return it and its mean log likelihood."""
    n, d = x.shape
    # The covariance within is that of all points minus that of the means.
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


def sparseness(x: np.ndarray) -> np.ndarray:
    """Return the log distance of each point to its nearest neighbours, standardised, float [n]."""
    from sklearn.neighbors import NearestNeighbors

    distances, _ = NearestNeighbors(n_neighbors=N_NEIGHBOURS).fit(x).kneighbors()
    log = np.log(distances[:, -1] + 1e-12)
    return (log - log.mean()) / (log.std() + 1e-12)


def find_groups(
    mixture: Mixture, discovery: np.ndarray, validation: np.ndarray, sparse: np.ndarray
) -> list[np.ndarray]:
    """Merge the components of a mixture that no valley of the validation half separates.

    Parameters
    ----------
    mixture : Mixture
        Fitted to the discovery half.
    discovery, validation : float array [n, d]
        The two halves of the points.
    sparse : float array [n]
        `sparseness` of the validation half.

    Returns
    -------
    strict, lenient : int array [n_components]
        The group of each component, if valleys need a p-value of at most `STRICT_P`, and of at most
        `LENIENT_P`.
    """
    from scipy.sparse.csgraph import connected_components

    a, b = mixture.assign(discovery), mixture.assign(validation)
    n = len(mixture.weights)
    m = mixture.means @ mixture.whitener.T
    apart = np.linalg.norm(m[:, np.newaxis] - m, axis=-1)
    bridges = np.zeros((n, n), bool)
    middle, side = np.zeros((n, n)), np.zeros((n, n))
    projected = discovery @ mixture.whitener.T, validation @ mixture.whitener.T
    near = apart <= np.sort(apart, axis=1)[:, min(N_NEAREST, n - 1), np.newaxis]
    for i, j in zip(*np.nonzero(np.triu(near | near.T, 1)), strict=True):
        axis = (m[j] - m[i]) / apart[i, j]
        counted = _count_pair(projected, (a, b), (i, j), axis, sparse)
        if counted is None:
            continue
        middle[i, j], side[i, j], excess = counted
        filled = (middle[i, j] + 1) / (side[i, j] + 1) > BRIDGE_RATIO and middle[i, j] >= 2
        dense = middle[i, j] >= MIN_IN_MIDDLE and excess < BRIDGE_SPARSENESS
        bridges[i, j] = filled or dense
    middle, side = middle + middle.T, side + side.T
    groups = connected_components(bridges)[1]
    sizes = np.bincount(b, minlength=n)
    return [_merge_doubtful(groups, apart, middle, side, sizes, p) for p in (STRICT_P, LENIENT_P)]


def _count_pair(projected, labels, pair, axis, sparse):
    """Count points in the middle and at the sparser side; return both and the excess sparseness."""
    i, j = pair
    found, tested = (x[(k == i) | (k == j)] @ axis for x, k in zip(projected, labels, strict=True))
    right = labels[0][(labels[0] == i) | (labels[0] == j)] == j
    if right.sum() < 3 or (~right).sum() < 3:
        return None
    ends = np.median(found[~right]), np.median(found[right])
    half = (ends[1] - ends[0]) * WINDOW
    if half <= 0:
        return None
    # The discovery half says where the valley is; the validation half says how deep it is.
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


def jump_valley(steps: np.ndarray, rng: np.random.Generator) -> tuple[float, float, float]:
    """Look for an empty range between small and large frequency steps.

    Parameters
    ----------
    steps : float array [n_syllables]
        Sizes of the largest step of each syllable, in kHz, at least 0.
    rng : numpy.random.Generator
        Draws the halves.

    Returns
    -------
    relative_density : float
        Density in the emptiest range, divided by that of the larger steps beyond it.
    p_value : float
        Binomial test that the range is no valley. This and the relative density are medians over
        random validation halves.
    edge_khz : float
        The middle of the range, in kHz.
    """
    from scipy.stats import binom

    found = []
    for _ in range(N_JUMP_SPLITS):
        order = rng.permutation(len(steps))
        a, b = steps[order[::2]], steps[order[1::2]]
        best = (np.inf,)
        # All windows are equally wide, because the density of a continuum falls on a linear axis.
        for peak in np.arange(2 * MIN_JUMP_KHZ, 45, 1.0):
            half = peak / 8
            for valley in np.arange(MIN_JUMP_KHZ, peak - 2 * half, half / 2):
                counts = [(np.abs(a - x) < half).sum() for x in (valley, peak)]
                density = (counts[0] + 2) / (counts[1] + 2)
                best = min(best, (density, valley, peak, half))
        _, valley, peak, half = best
        middle, beyond = ((np.abs(b - x) < half).sum() for x in (valley, peak))
        p = binom.cdf(middle, middle + beyond, 0.5)
        found.append(((middle + 1) / (beyond + 1), p, valley))
    return tuple(float(x) for x in np.median(found, axis=0))


def _merge_doubtful(groups, apart, middle, side, sizes, max_p):
    """Merge groups that are too small, or whose valley could be chance, with their neighbours."""
    from scipy.stats import binom

    groups = groups.copy()
    while len(names := np.unique(groups)) > 1:
        worst, merge = max_p, None
        for name in names:
            own, others = np.flatnonzero(groups == name), np.flatnonzero(groups != name)
            nearest = others[apart[np.ix_(own, others)].argmin(axis=1)]
            n_middle, n_side = middle[own, nearest].sum(), side[own, nearest].sum()
            p = binom.cdf(n_middle, n_middle + n_side, 0.5)
            if sizes[own].sum() < MIN_SHARE * sizes.sum():
                p = 2 - sizes[own].sum() / sizes.sum()  # the smallest group goes first
            if p > worst:
                closest = apart[np.ix_(own, others)].min(axis=0).argmin()
                worst, merge = p, (name, groups[others[closest]])
        if merge is None:
            break
        groups[groups == merge[0]] = merge[1]
    return np.unique(groups, return_inverse=True)[1]

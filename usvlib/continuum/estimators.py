"""Estimators of intrinsic dimension, each by how a point's neighbourhood looks at a scale.

None is right by itself; `dimension` calibrates them.
"""

import numpy as np

from .._shared import UsvError, whole_number
from ..normalisation import check_features

MOST_COMPONENTS = 20


def principal_components(features, n_components=None, seed=0):
    """Scores of the syllables on their principal components.

    Parameters
    ----------
    features : float array [n_syllables, ...]
    n_components : int, optional
        By default those whose variance is larger than that of any component of the same numbers
        shuffled, each pixel among the syllables by itself, and at most 20: the noise of the many
        components behind them would look like further dimensions.
    seed : int
        Of the shuffling.

    Returns
    -------
    float64 array [n_syllables, n_components]
        The first has the largest variance.
    """
    features = check_features(features)
    flat = _check_points(features.reshape(len(features), -1), 2)
    flat = flat - flat.mean(axis=0)
    variances, axes = np.linalg.eigh(flat @ flat.T)
    if n_components is None:
        shuffled = np.random.default_rng(whole_number("seed", seed, 0)).permuted(flat, axis=0)
        chance = np.linalg.eigvalsh(shuffled @ shuffled.T)[-1]
        n_components = min(max(int((variances > chance).sum()), 1), MOST_COMPONENTS)
    n_components = min(whole_number("n_components", n_components, 1), *flat.shape)
    last = slice(-1, -1 - n_components, -1)
    return axes[:, last] * np.sqrt(np.maximum(variances[last], 0))


def two_nn_dimension(points, n_neighbors=2, seed=0):
    """Dimension from how much farther the second neighbour is than the first (Facco et al. 2017).

    Parameters
    ----------
    points : float array [n_points, n_axes]
    n_neighbors : int
        The scale: points are dealt into `n_neighbors // 2` parts at random, and neighbours sought
        in each, so that the two of a part are about the so many nearest of all.
    seed : int

    Returns
    -------
    float
    """
    points = _check_points(points, 3)
    n_parts = max(whole_number("n_neighbors", n_neighbors, 2) // 2, 1)
    if len(points) < 3 * n_parts:
        raise UsvError(
            f"n_neighbors is {n_neighbors}; of {len(points)} points it must be at most "
            f"{2 * (len(points) // 3)}"
        )
    order = np.random.default_rng(whole_number("seed", seed, 0)).permutation(len(points))
    ratios = []
    for part in np.array_split(order, n_parts):
        first, second = _neighbor_distances(points[part], 2).T
        ratios.append(second[first > 0] / first[first > 0])
    ratios = np.concatenate(ratios)
    if len(ratios) < 2 or (ratios == 1).all():
        raise UsvError("points hold too few that differ; there is no dimension to estimate")
    # Unbiased for points of even density (Denti et al. 2022).
    return float((len(ratios) - 1) / np.log(ratios).sum())


def likelihood_dimension(points, n_neighbors=20):
    """Dimension from how the number of neighbours grows with distance (Levina & Bickel 2005).

    The inverse of each point's estimate is averaged, as MacKay and Ghahramani advise.

    Parameters
    ----------
    points : float array [n_points, n_axes]
    n_neighbors : int
        The scale, at least 3.

    Returns
    -------
    float
    """
    points = _check_points(points, 4)
    k = whole_number("n_neighbors", n_neighbors, 3)
    _check_neighbors(k, points)
    distances = _neighbor_distances(points, k)
    distances = distances[distances[:, 0] > 0]
    if not len(distances) or (distances[:, -1] == distances[:, 0]).all():
        raise UsvError("points hold too few that differ; there is no dimension to estimate")
    inverse = np.log(distances[:, -1:] / distances[:, :-1]).sum(axis=1) / (k - 2)
    return float(1 / inverse.mean())


def local_pca_dimension(points, n_neighbors=20):
    """Participation ratio of the covariance of each point's neighbourhood, averaged.

    The ratio, (sum of variances)^2 / sum of squared variances, is d where d directions share the
    variance alike, and less where they do not.

    Parameters
    ----------
    points : float array [n_points, n_axes]
    n_neighbors : int
        The scale, at least 2.

    Returns
    -------
    float
    """
    from sklearn.neighbors import NearestNeighbors

    points = _check_points(points, 3)
    k = whole_number("n_neighbors", n_neighbors, 2)
    _check_neighbors(k, points)
    indices = (
        NearestNeighbors(n_neighbors=k + 1, algorithm="brute").fit(points).kneighbors(points)[1]
    )
    ratios = []
    for around in indices:
        cloud = points[around] - points[around].mean(axis=0)
        # Of k + 1 points the Gram matrix has the variances of the covariance, and may be smaller.
        gram = cloud @ cloud.T if len(cloud) < cloud.shape[1] else cloud.T @ cloud
        if (total := np.trace(gram)) > 0:
            ratios.append(total**2 / (gram**2).sum())
    if not ratios:
        raise UsvError("points hold too few that differ; there is no dimension to estimate")
    return float(np.mean(ratios))


ESTIMATORS = {
    "two nearest": two_nn_dimension,
    "likelihood": likelihood_dimension,
    "local components": local_pca_dimension,
}


def _neighbor_distances(points, k):
    from sklearn.neighbors import NearestNeighbors

    return NearestNeighbors(n_neighbors=k, algorithm="brute").fit(points).kneighbors()[0]


def _check_neighbors(k, points):
    if k >= len(points):
        raise UsvError(
            f"n_neighbors is {k}; it must be less than the number of points, {len(points)}"
        )


def _check_points(points, fewest):
    points = np.asarray(points, np.float64)
    if points.ndim != 2 or not points.shape[1]:
        raise UsvError(f"points has shape {points.shape}; it must be [n_points, n_axes]")
    if len(points) < fewest:
        raise UsvError(f"there are {len(points)} points; at least {fewest} are needed")
    if not np.isfinite(points).all():
        raise UsvError("points are not all finite; they must be numbers")
    return points

"""Estimators of intrinsic dimension from the neighbourhood of each point at one scale.

Each has a bias of its own, which `dimension` corrects for by a calibration.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .._shared import UsvError, as_numbers, whole_number
from ..normalisation import check_features

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

MAX_COMPONENTS = 20
SCALES = (5, 10, 20, 40)  # neighbours


def principal_components(
    features: ArrayLike, n_components: int | None = None, seed: int = 0
) -> np.ndarray:
    """Compute the scores of the syllables on their principal components.

    Parameters
    ----------
    features : float array [n_syllables, ...]
    n_components : int, optional
        By default, the components whose variance exceeds the largest variance after each feature
        was shuffled among the syllables (parallel analysis, Horn 1965), at least 1 and at most 20.
        Components below that are noise, and noise would add dimensions.
    seed : int, default 0
        Seed of the shuffling.

    Returns
    -------
    float64 array [n_syllables, n_components]
        Scores in the unit of the features, in order of falling variance. The signs are arbitrary.

    Raises
    ------
    UsvError
        If there are fewer than 2 syllables, a feature is not finite, or an argument is not a
        whole number.

    Examples
    --------
    >>> import numpy as np
    >>> from usvlib.continuum import principal_components
    >>> rng = np.random.default_rng(0)
    >>> sheet = rng.standard_normal((200, 2)) @ rng.standard_normal((2, 30))
    >>> noisy = sheet + 0.1 * rng.standard_normal((200, 30))
    >>> principal_components(noisy).shape
    (200, 2)
    >>> principal_components(noisy, 5).shape
    (200, 5)
    """
    from sklearn.decomposition import PCA

    features = check_features(features)
    flat = _check_points(features.reshape(len(features), -1), 2)
    flat = flat - flat.mean(axis=0)
    # Both solvers are exact; which one is faster depends on the shape.
    solver = "covariance_eigh" if len(flat) >= flat.shape[1] else "full"
    most = MAX_COMPONENTS if n_components is None else whole_number("n_components", n_components, 1)
    with np.errstate(invalid="ignore"):  # equal syllables have no variance to divide by
        pca = PCA(min(most, *flat.shape), svd_solver=solver)
        scores = pca.fit_transform(flat)
        if n_components is None:
            rng = np.random.default_rng(whole_number("seed", seed, 0))
            shuffled = PCA(1, svd_solver=solver).fit(rng.permuted(flat, axis=0))
            above = pca.explained_variance_ > shuffled.explained_variance_[0]
            scores = scores[:, : max(int(above.sum()), 1)]
    return scores


def two_nn_dimension(points: ArrayLike, n_neighbors: int = 2, seed: int = 0) -> float:
    """Estimate the dimension from the ratio of the distances to the two nearest neighbours.

    The estimator is that of Facco et al. (2017), made unbiased for points of even density as by
    Denti et al. (2022).

    Parameters
    ----------
    points : float array [n_points, n_axes]
    n_neighbors : int, default 2
        The scale. The points are divided at random into `n_neighbors // 2` parts, and the two
        nearest neighbours are taken within each part. They are then about the `n_neighbors`
        nearest among all points.
    seed : int, default 0
        Seed of the division.

    Returns
    -------
    float

    Raises
    ------
    UsvError
        If a part has fewer than 3 points, or nearly all points are equal.

    Examples
    --------
    >>> import numpy as np
    >>> from usvlib.continuum.estimators import two_nn_dimension
    >>> sheet = np.random.default_rng(0).uniform(size=(500, 2))
    >>> round(two_nn_dimension(sheet, 20))
    2
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
        raise UsvError(NO_DIMENSION)
    return float((len(ratios) - 1) / np.log(ratios).sum())


def likelihood_dimension(points: ArrayLike, n_neighbors: int = 20) -> float:
    """Estimate the dimension from how the number of neighbours grows with distance.

    The estimator is the maximum likelihood of Levina & Bickel (2005). The inverse of each point's
    estimate is averaged, as MacKay and Ghahramani (2005) advise.

    Parameters
    ----------
    points : float array [n_points, n_axes]
    n_neighbors : int, default 20
        The scale, at least 3.

    Returns
    -------
    float

    Raises
    ------
    UsvError
        If `n_neighbors` is below 3 or not below the number of points, or all points are equal.

    Examples
    --------
    >>> import numpy as np
    >>> from usvlib.continuum import likelihood_dimension
    >>> sheet = np.random.default_rng(0).uniform(size=(500, 2))
    >>> round(likelihood_dimension(sheet, 20))
    2
    """
    points = _check_points(points, 4)
    k = whole_number("n_neighbors", n_neighbors, 3)
    _check_neighbors(k, points)
    distances = _neighbor_distances(points, k)
    distances = distances[distances[:, 0] > 0]
    if not len(distances) or (distances[:, -1] == distances[:, 0]).all():
        raise UsvError(NO_DIMENSION)
    inverse = np.log(distances[:, -1:] / distances[:, :-1]).sum(axis=1) / (k - 2)
    return float(1 / inverse.mean())


def local_pca_dimension(points: ArrayLike, n_neighbors: int = 20) -> float:
    """Average the participation ratio of the covariance of each point's neighbourhood.

    The ratio is (sum of variances)^2 / (sum of squared variances). It equals d if d directions
    share the variance equally, and is lower if they share it unequally.

    Parameters
    ----------
    points : float array [n_points, n_axes]
    n_neighbors : int, default 20
        The scale, at least 2.

    Returns
    -------
    float

    Raises
    ------
    UsvError
        If `n_neighbors` is below 2 or not below the number of points, or all points are equal.

    Examples
    --------
    >>> import numpy as np
    >>> from usvlib.continuum.estimators import local_pca_dimension
    >>> sheet = np.random.default_rng(0).uniform(size=(500, 2))
    >>> round(local_pca_dimension(sheet, 20))
    2
    """
    from sklearn.neighbors import NearestNeighbors

    points = _check_points(points, 3)
    k = whole_number("n_neighbors", n_neighbors, 2)
    _check_neighbors(k, points)
    search = NearestNeighbors(n_neighbors=k + 1, algorithm="brute").fit(points)
    ratios = []
    for around in search.kneighbors(points)[1]:
        cloud = points[around] - points[around].mean(axis=0)
        # The Gram matrix of k + 1 points has the variances of the covariance, and may be smaller.
        gram = cloud @ cloud.T if len(cloud) < cloud.shape[1] else cloud.T @ cloud
        if (total := np.trace(gram)) > 0:
            ratios.append(total**2 / (gram**2).sum())
    if not ratios:
        raise UsvError(NO_DIMENSION)
    return float(np.mean(ratios))


ESTIMATORS = {
    "two nearest": two_nn_dimension,
    "likelihood": likelihood_dimension,
    "local components": local_pca_dimension,
}
NO_DIMENSION = "nearly all points are equal; a dimension needs at least a few that differ"


def dimension_profile(features: ArrayLike) -> list[tuple[str, int, float]]:
    """List the estimate of each estimator at each scale, as (estimator, n_neighbors, estimate)."""
    points = principal_components(features)
    return [
        (name, scale, estimator(points, scale))
        for name, estimator in ESTIMATORS.items()
        for scale in SCALES
    ]


def _neighbor_distances(points, k):
    """Return the distances of each point to its k nearest neighbours, [n_points, k]."""
    from sklearn.neighbors import NearestNeighbors

    return NearestNeighbors(n_neighbors=k, algorithm="brute").fit(points).kneighbors()[0]


def _check_neighbors(k, points):
    """Raise a `UsvError` unless k is below the number of points."""
    if k >= len(points):
        raise UsvError(
            f"n_neighbors is {k}; it must be less than the number of points, {len(points)}"
        )


def _check_points(points, fewest):
    """Return points as a finite float64 array [n_points, n_axes], or raise a `UsvError`."""
    points = as_numbers("points", points, "[n_points, n_axes]").astype(np.float64)
    if points.ndim != 2 or not points.shape[1]:
        raise UsvError(f"points has shape {points.shape}; it must be [n_points, n_axes]")
    if len(points) < fewest:
        raise UsvError(f"there are {len(points)} points; at least {fewest} are needed")
    if not (finite := np.isfinite(points).all(axis=1)).all():
        bad = int(finite.argmin())
        raise UsvError(f"points[{bad}] is {points[bad]}; all points must be finite")
    return points

"""Groups of similar syllables: a summary of the map, not a proof of types."""

from __future__ import annotations

import dataclasses
import warnings

import numpy as np

from ._shared import UsvError, UsvWarning, as_numbers, check_type, in_words, whole_number
from .embedding import check_coordinates
from .normalisation import check_features
from .recipe import ORIGINAL, Recipe

SYLLABLES_PER_CLUSTER = 10
MAX_TIMES = 1000


@dataclasses.dataclass(frozen=True, eq=False)
class Clusters:
    """Which cluster each syllable belongs to, and where the clusters are.

    Attributes
    ----------
    labels : int64 array [n_syllables]
        From 0 to n_clusters - 1, each used at least once; -1 for a syllable that is off the map.
    centroids : float64 array [n_clusters, 2]
        Mean coordinates of the syllables with each label, in the map's own units.

    Examples
    --------
    >>> clusters = Clusters(labels=[0, 1, 1, -1], centroids=[[0, 0], [5, 5]])
    >>> clusters.n_clusters, clusters.sizes
    (2, array([1, 2]))
    """

    labels: np.ndarray
    centroids: np.ndarray

    def __post_init__(self) -> None:
        labels = as_numbers("labels", self.labels, "[n_syllables]")
        centroids = as_numbers("centroids", self.centroids, "[n_clusters, 2]")
        if labels.ndim != 1 or labels.dtype.kind not in "iu":
            raise UsvError(
                f"labels of clusters have the shape {labels.shape} and the type {labels.dtype}; "
                "they must be whole numbers [n_syllables]"
            )
        if centroids.ndim != 2 or centroids.shape[1] != 2:
            raise UsvError(
                f"centroids of clusters have the shape {centroids.shape}; it must be "
                "[n_clusters, 2]"
            )
        object.__setattr__(self, "labels", labels)
        object.__setattr__(self, "centroids", centroids)

    @property
    def n_clusters(self) -> int:
        """Number of clusters."""
        return len(self.centroids)

    @property
    def sizes(self) -> np.ndarray:
        """Number of syllables in each cluster: int64 array [n_clusters]."""
        return np.bincount(self.labels[self.labels >= 0], minlength=self.n_clusters)

    def means(self, features: np.ndarray) -> np.ndarray:
        """Return the mean of the features of each cluster, in the order of the centroids.

        Parameters
        ----------
        features : float array [n_syllables, n_bands, n_frames]
            From `normalise`, in log2 units over the noise floor.

        Returns
        -------
        float array [n_clusters, n_bands, n_frames]
            In the units and of the dtype of the features.

        Raises
        ------
        UsvError
            If there are not as many features as labels, or a feature is not finite.

        Examples
        --------
        >>> import numpy as np
        >>> clusters = Clusters(labels=[0, 1, 1, -1], centroids=[[0, 0], [5, 5]])
        >>> features = np.arange(4.0)[:, np.newaxis, np.newaxis] * np.ones((4, 40, 41))
        >>> means = clusters.means(features)
        >>> means.shape
        (2, 40, 41)
        >>> means[:, 0, 0]
        array([0. , 1.5])
        """
        features = check_features(features)
        if len(features) != len(self.labels):
            raise UsvError(
                f"features has {len(features)} syllables, labels has {len(self.labels)}; they must "
                "match"
            )
        means = [features[self.labels == label].mean(axis=0) for label in range(self.n_clusters)]
        return np.array(means).reshape(self.n_clusters, *features.shape[1:])


def cluster(
    coordinates: np.ndarray, recipe: Recipe = ORIGINAL, n_clusters: int | None = None
) -> Clusters:
    """Divide the map into clusters by k-means (k-means++, the best of ten starts).

    Parameters
    ----------
    coordinates : float array [n_syllables, 2]
        Syllables with NaN belong to no cluster.
    recipe : Recipe, default ORIGINAL
        Uses `n_clusters` and `clustering_seed`. With n syllables on the map there are at most
        `n // 10` clusters, and at least 1.
    n_clusters : int, optional
        The exact number of clusters, instead of the recipe's.

    Returns
    -------
    Clusters
        None of them is empty, and each centroid is the mean of the points with its label.

    Raises
    ------
    UsvError
        If `n_clusters` exceeds the number of different points on the map, or coordinates are
        infinite or of another type or shape.

    Warns
    -----
    UsvWarning
        If there are too few syllables for the recipe's number of clusters.

    Examples
    --------
    >>> import numpy as np
    >>> coordinates = np.random.default_rng(0).normal(size=(500, 2))
    >>> cluster(coordinates).n_clusters
    40
    >>> cluster(coordinates, n_clusters=3).centroids.shape
    (3, 2)
    """
    check_type("recipe", recipe, Recipe)
    coordinates = check_coordinates(coordinates)
    shown = np.isfinite(coordinates).all(axis=1)
    points = coordinates[shown]
    n_different = len(np.unique(points, axis=0))
    labels = np.full(len(coordinates), -1)
    if not n_different:
        return Clusters(labels, np.zeros((0, 2)))
    exactly = n_clusters is not None
    if exactly:
        n_clusters = _check_number(n_clusters, n_different)
    else:
        n_clusters = max(min(recipe.n_clusters, len(points) // SYLLABLES_PER_CLUSTER), 1)
        n_clusters = min(n_clusters, n_different)
        if n_clusters < recipe.n_clusters:
            warnings.warn(
                f"There are only {len(points)} syllables on the map: k-means makes {n_clusters} "
                f"cluster{'s' * (n_clusters != 1)} instead of {recipe.n_clusters}.",
                UsvWarning,
                stacklevel=2,
            )
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    # A cluster that loses its last point is moved, and so never left empty.
    means = KMeans(n_clusters, n_init=10, random_state=recipe.clustering_seed)
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", ConvergenceWarning
        )  # about clusters that coincide, which are merged here
        found, labels[shown] = np.unique(means.fit_predict(points), return_inverse=True)
    # Points may differ by less than rounding leaves once their mean is subtracted.
    if exactly and len(found) < n_clusters:
        raise _impossible(n_clusters, len(found))
    centroids = [points[labels[shown] == label].mean(axis=0) for label in range(len(found))]
    return Clusters(labels, np.array(centroids))


def repeatability(points: np.ndarray, n_clusters: int, n_times: int = 4) -> tuple[float, float]:
    """Measure how well clusters found in one half of the syllables fit the other half.

    Parameters
    ----------
    points : float array [n_syllables, n_axes]
        Features or coordinates, all finite.
    n_clusters : int
        Number of clusters of k-means.
    n_times : int, default 4
        Number of random halvings; the results are their means.

    Returns
    -------
    agreement : float
        Adjusted Rand index between two k-means, each fitted to one half, on all syllables: 1 for
        the same clusters, 0 for chance.
    explained : float
        Share of the variance of the half that a k-means was not fitted to.

    Raises
    ------
    UsvError
        If a half has fewer points than clusters, or an argument is of another type or shape.

    Examples
    --------
    >>> import numpy as np
    >>> groups = np.repeat([[0.0, 0.0], [9.0, 9.0]], 50, axis=0)
    >>> points = groups + np.random.default_rng(0).normal(0, 0.1, (100, 2))
    >>> agreement, explained = repeatability(points, 2)
    >>> agreement, round(explained, 2)
    (1.0, 1.0)
    """
    from sklearn.cluster import KMeans
    from sklearn.metrics import adjusted_rand_score

    points = check_features(points, "points").astype(np.float64)
    n_clusters = _check_number(n_clusters, len(points) // 2)
    n_times = whole_number("n_times", n_times, 1, MAX_TIMES)
    agreement, explained = [], []
    for seed in range(n_times):
        first = np.random.default_rng(seed).permutation(len(points)) % 2 == 0
        halves = (points[first], points[~first])
        fits = [KMeans(n_clusters, random_state=seed).fit(half) for half in halves]
        agreement.append(adjusted_rand_score(*[fit.predict(points) for fit in fits]))
        for fit, other in zip(fits, halves[::-1], strict=True):
            explained.append(1 + fit.score(other) / (len(other) * other.var(axis=0).sum()))
    return float(np.mean(agreement)), float(np.mean(explained))


def _check_number(n_clusters, most):
    """Return the number of clusters as an int, or raise a `UsvError` that says what is possible."""
    try:
        return whole_number("n_clusters", n_clusters, 1, most)
    except UsvError:
        raise _impossible(n_clusters, most) from None


def _impossible(n_clusters, most):
    """Return the error for a number of clusters that the points do not allow."""
    return UsvError(
        f"n_clusters is {in_words(n_clusters)}; it must be a whole number from 1 to {most}, "
        "because there are no more different points"
    )

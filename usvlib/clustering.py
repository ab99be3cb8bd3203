"""Groups of similar syllables: a summary of the map, not a proof of types."""

import dataclasses
import warnings

import numpy as np

from ._shared import UsvError
from .embedding import check_coordinates
from .normalisation import check_features
from .recipe import ORIGINAL

SYLLABLES_PER_CLUSTER = 10


@dataclasses.dataclass(frozen=True, eq=False)
class Clusters:
    """Which cluster each syllable belongs to, and where the clusters are.

    Attributes
    ----------
    labels : int array [n_syllables]
        From 0 to n_clusters - 1, none of them unused; -1 for a syllable that is not on the map.
    centroids : float array [n_clusters, 2]
        The mean coordinates of the syllables with each label.
    """

    labels: np.ndarray
    centroids: np.ndarray

    def __post_init__(self):
        for name in ("labels", "centroids"):
            object.__setattr__(self, name, np.asarray(getattr(self, name)))

    @property
    def n_clusters(self):
        return len(self.centroids)

    @property
    def sizes(self):
        """Number of syllables in each cluster: int array [n_clusters]."""
        return np.bincount(self.labels[self.labels >= 0], minlength=self.n_clusters)

    def means(self, features):
        """Return the mean of the features of each cluster, in the order of the centroids.

        Parameters
        ----------
        features : float array [n_syllables, n_bands, n_frames]
            In log2 units over the noise floor, as `normalise` gives them.

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
                f"there are features of {len(features)} syllables and labels of "
                f"{len(self.labels)}; they must be of the same syllables"
            )
        means = [features[self.labels == label].mean(axis=0) for label in range(self.n_clusters)]
        return np.array(means).reshape(self.n_clusters, *features.shape[1:])


def cluster(coordinates, recipe=ORIGINAL, n_clusters=None):
    """Clusters of the syllables on the map, by k-means.

    Parameters
    ----------
    coordinates : float array [n_syllables, 2]
        Syllables with NaN belong to no cluster.
    recipe : Recipe
        Uses `n_clusters`, of n syllables `n // 10` if that is less and at least 1, and
        `clustering_seed`.
    n_clusters : int, optional
        Exactly so many instead.

    Returns
    -------
    Clusters

    Raises
    ------
    UsvError
        If more clusters are asked for than there are different points on the map.
    """
    coordinates = check_coordinates(coordinates)
    shown = np.isfinite(coordinates).all(axis=1)
    labels = np.full(len(coordinates), -1)
    if not shown.any():
        return Clusters(labels, np.zeros((0, 2)))
    points = coordinates[shown]
    n_different = len(np.unique(points, axis=0))
    if n_clusters is None:
        n_clusters = max(min(recipe.n_clusters, len(points) // SYLLABLES_PER_CLUSTER), 1)
        n_clusters = min(n_clusters, n_different)
        if n_clusters < recipe.n_clusters:
            print(
                f"{n_clusters} cluster{'s' * (n_clusters != 1)} instead of "
                f"{recipe.n_clusters}: there are {len(points)} "
                "syllables"
            )
        exactly = False
    elif n_clusters in range(1, n_different + 1):
        exactly = True
    else:
        raise _impossible(n_clusters, n_different)
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    # k-means++ and ten starts; a cluster that loses its last point is moved, never left empty.
    means = KMeans(int(n_clusters), n_init=10, random_state=recipe.clustering_seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # of what is seen to below
        found, labels[shown] = np.unique(means.fit_predict(points), return_inverse=True)
    # Points may differ by less than what is left of a number once their mean is taken off.
    if exactly and len(found) < n_clusters:
        raise _impossible(n_clusters, len(found))
    centroids = [points[labels[shown] == label].mean(axis=0) for label in range(len(found))]
    return Clusters(labels, np.array(centroids))


def repeatability(points, n_clusters, n_times=4):
    """How much two halves of the syllables agree on clusters, and what one says of the other.

    Parameters
    ----------
    points : float array [n_syllables, n_axes]
    n_clusters : int
    n_times : int
        Random halvings, over which both are averaged.

    Returns
    -------
    agreement : float
        Adjusted Rand index of two k-means, each fit to a half, on all syllables: 1 for the same
        clusters, 0 for no more agreement than by chance.
    explained : float
        Share of the variance of the half that a fit has not seen.
    """
    from sklearn.cluster import KMeans
    from sklearn.metrics import adjusted_rand_score

    points = np.asarray(points, np.float64)
    if not 1 <= n_clusters <= len(points) // 2:
        raise _impossible(n_clusters, len(points) // 2)
    agreement, explained = [], []
    for seed in range(n_times):
        first = np.random.default_rng(seed).permutation(len(points)) % 2 == 0
        halves = (points[first], points[~first])
        fits = [KMeans(n_clusters, random_state=seed).fit(half) for half in halves]
        agreement.append(adjusted_rand_score(*[fit.predict(points) for fit in fits]))
        for fit, other in zip(fits, halves[::-1], strict=True):
            explained.append(1 + fit.score(other) / (len(other) * other.var(axis=0).sum()))
    return float(np.mean(agreement)), float(np.mean(explained))


def _impossible(n_clusters, most):
    return UsvError(
        f"n_clusters is {n_clusters!r}; it must be a whole number from 1 to {most}, the number of "
        "different points on the map"
    )

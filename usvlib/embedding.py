"""A map of the syllables in two dimensions, and how faithful it is."""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np

from ._shared import DISCREET, UsvError, UsvWarning, as_numbers, check_type, whole_number
from .normalisation import check_features
from .recipe import ORIGINAL, Recipe

MIN_SYLLABLES = 4


class Fidelity(NamedTuple):
    """How well a map keeps neighbourhoods: 1 for a perfect map.

    Attributes
    ----------
    trustworthiness : float
        From 0 to 1. Lowered by false neighbours: syllables that are close on the map and not alike
        (Venna & Kaski 2006). About one half for a random map.
    continuity : float
        From 0 to 1. Lowered by lost neighbours: syllables that are alike and not close on the map
        (Venna & Kaski 2006). About one half for a random map.
    neighbor_overlap : float
        Share of a syllable's nearest neighbours in the features that are also its nearest
        neighbours on the map. It is the strictest, because the other two forgive near misses. For n
        syllables placed at random it is about `n_neighbors / (n - 1)`.

    Examples
    --------
    >>> fidelity = Fidelity(trustworthiness=0.95, continuity=0.96, neighbor_overlap=0.4)
    >>> fidelity.continuity
    0.96
    """

    trustworthiness: float
    continuity: float
    neighbor_overlap: float


def embed(features: np.ndarray, recipe: Recipe = ORIGINAL) -> np.ndarray:
    """Compute a map of the syllables with UMAP, as in the tutorial.

    On one machine, every run gives the same map. Other machines and versions may give another map,
    of the same quality.

    Parameters
    ----------
    features : float array [n_syllables, n_bands, n_frames] or [n_syllables, n_features]
        From `normalise`, or one row of numbers per syllable.
    recipe : Recipe, default ORIGINAL
        Uses `n_neighbors`, `min_dist` and `embedding_seed`. With n syllables, UMAP takes at most
        `(n - 1) // 2` neighbours, and at least 2.

    Returns
    -------
    float64 array [n_syllables, 2]
        Coordinates without a unit. NaN for blank syllables, whose features are all 0.

    Raises
    ------
    UsvError
        If fewer than 4 syllables are not blank, or a feature is not finite.

    Warns
    -----
    UsvWarning
        If there are too few syllables for the recipe's number of neighbours.

    Examples
    --------
    >>> import numpy as np
    >>> features = np.random.default_rng(0).normal(size=(40, 10, 12))
    >>> features[7] = 0
    >>> coordinates = embed(features)
    >>> coordinates.shape, np.flatnonzero(np.isnan(coordinates).any(axis=1)).tolist()
    ((40, 2), [7])
    """
    check_type("recipe", recipe, Recipe)
    features = _flat(features)
    shown = np.flatnonzero(features.any(axis=1))
    n = len(shown)
    if n < MIN_SYLLABLES:
        raise UsvError(
            f"there are {n} syllables that are not blank; a map needs at least {MIN_SYLLABLES}"
        )
    # UMAP itself takes no fewer than 2.
    n_neighbors = max(min(recipe.n_neighbors, (n - 1) // 2), 2)
    if n_neighbors < recipe.n_neighbors:
        warnings.warn(
            f"There are only {n} syllables on the map: UMAP takes {n_neighbors} neighbours instead "
            f"of {recipe.n_neighbors}.",
            UsvWarning,
            stacklevel=2,
        )
    # The spectral start needs more points, and principal components need points that differ.
    alike = (features[shown] == features[shown[0]]).all()
    init = "spectral" if n > 2 * recipe.n_neighbors else "random" if alike else "pca"
    umap = _import_umap()

    coordinates = np.full((len(features), 2), np.nan)
    with warnings.catch_warnings():
        # UMAP warns that it cannot place further points, and about the spectral start where
        # syllables fall apart into groups. Neither is a fault of the data.
        warnings.filterwarnings("ignore", message=r"precomputed_knn\[2\]")
        warnings.filterwarnings("ignore", module=r"sklearn\.manifold|umap\.spectral")
        coordinates[shown] = umap.UMAP(
            n_neighbors=n_neighbors,
            min_dist=recipe.min_dist,
            random_state=recipe.embedding_seed,
            n_jobs=1,
            init=init,
            precomputed_knn=_nearest_neighbors(features[shown], n_neighbors),
            tqdm_kwds={"desc": "map", **DISCREET},
        ).fit_transform(features[shown])
    return coordinates


def map_fidelity(features: np.ndarray, coordinates: np.ndarray, n_neighbors: int = 15) -> Fidelity:
    """Measure how well a map keeps the neighbourhoods of the features.

    Parameters
    ----------
    features : float array [n_syllables, ...]
        From `normalise`, or one row of numbers per syllable.
    coordinates : float array [n_syllables, 2]
        The map. Syllables with NaN are left out.
    n_neighbors : int, default 15
        Size of the neighbourhoods. With n syllables on the map it is at most `(n - 1) // 2`.

    Returns
    -------
    Fidelity

    Raises
    ------
    UsvError
        If features and coordinates differ in their number of syllables, fewer than 3 syllables are
        on the map, or a number is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> features = np.random.default_rng(0).normal(size=(50, 2))
    >>> map_fidelity(features, 3 * features)
    Fidelity(trustworthiness=1.0, continuity=1.0, neighbor_overlap=1.0)
    """
    from sklearn.manifold import trustworthiness

    features, coordinates = _flat(features), check_coordinates(coordinates)
    if len(features) != len(coordinates):
        raise UsvError(
            f"features has {len(features)} syllables, coordinates has {len(coordinates)}; they "
            "must match"
        )
    n_neighbors = whole_number("n_neighbors", n_neighbors, 1)
    shown = np.isfinite(coordinates).all(axis=1)
    n = int(shown.sum())
    n_neighbors = min(n_neighbors, (n - 1) // 2)
    if n_neighbors < 1:
        raise UsvError(f"there are {n} syllables on the map; its fidelity needs at least 3")
    x, y = features[shown], coordinates[shown]
    near, near_on_map = (_nearest_neighbors(a, n_neighbors + 1)[0][:, 1:] for a in (x, y))
    shared = [len(np.intersect1d(a, b)) for a, b in zip(near, near_on_map, strict=True)]
    return Fidelity(
        float(trustworthiness(x, y, n_neighbors=n_neighbors)),
        float(trustworthiness(y, x, n_neighbors=n_neighbors)),
        float(np.mean(shared) / n_neighbors),
    )


def _nearest_neighbors(features, n_neighbors):
    """Return the numbers and distances of each point's nearest neighbours; the first is itself.

    UMAP's own search is approximate for many points, and takes longer to compile than a whole map
    of some hundred points takes.
    """
    from sklearn.neighbors import NearestNeighbors

    search = NearestNeighbors(n_neighbors=n_neighbors - 1, algorithm="brute").fit(features)
    distances, indices = search.kneighbors()
    itself = np.arange(len(features))[:, np.newaxis]
    return (
        np.hstack([itself, indices]),
        np.hstack([np.zeros_like(distances[:, :1]), distances]),
    )


def _import_umap():
    """Import UMAP without its warnings about optional packages."""
    import tqdm

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", tqdm.TqdmWarning)  # about widgets for progress bars
        warnings.simplefilter("ignore", ImportWarning)  # about tensorflow
        import umap
    return umap


def _flat(features):
    """Return features as an array of finite numbers [n_syllables, n_features]."""
    features = check_features(features)
    return features.reshape(len(features), -1)


def check_coordinates(coordinates) -> np.ndarray:
    """Return coordinates as float64 array [n_syllables, 2], NaN off the map, or raise an error."""
    coordinates = as_numbers("coordinates", coordinates, "[n_syllables, 2]").astype(np.float64)
    if coordinates.ndim != 2 or coordinates.shape[1] != 2:
        raise UsvError(f"coordinates has shape {coordinates.shape}; it must be [n_syllables, 2]")
    if np.isinf(coordinates).any():
        bad = int(np.flatnonzero(np.isinf(coordinates).any(axis=1))[0])
        raise UsvError(
            f"the coordinates of syllable {bad} are infinite; they must be numbers or NaN"
        )
    return coordinates

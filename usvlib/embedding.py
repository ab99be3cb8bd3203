"""A map of the syllables in two dimensions, and how faithful it is."""

import warnings
from typing import NamedTuple

import numpy as np

from ._shared import DISCREET, UsvError, whole_number
from .normalisation import check_features
from .recipe import ORIGINAL

FEWEST_SYLLABLES = 4


class Fidelity(NamedTuple):
    """How well a map keeps neighbourhoods, from 0 to 1; a random map has about one half.

    Attributes
    ----------
    trustworthiness : float
        Near 1 if neighbours on the map are neighbours in truth (Venna & Kaski 2006).
    continuity : float
        Near 1 if neighbours in truth are neighbours on the map.
    neighbor_overlap : float
        The share of a syllable's nearest neighbours that are its nearest on the map, too. Harsher:
        the others forgive a neighbour that only just is not one. `n_neighbors / (n - 1)` for n
        syllables placed at random.
    """

    trustworthiness: float
    continuity: float
    neighbor_overlap: float


def embed(features, recipe=ORIGINAL):
    """Coordinates of each syllable on a UMAP of the features, as on the page.

    The same on one machine at every run. Across machines and versions the picture may differ;
    what it says should not.

    Parameters
    ----------
    features : float array [n_syllables, n_bands, n_frames] or [n_syllables, n_features]
    recipe : Recipe
        Uses `n_neighbors`, `min_dist` and `embedding_seed`. Of few syllables n, `(n - 1) // 2`
        neighbours are taken if that is less.

    Returns
    -------
    float64 array [n_syllables, 2]
        NaN for a blank syllable, one whose features are all 0.

    Raises
    ------
    UsvError
        If fewer than 4 syllables are not blank, or a feature is not finite.
    """
    features = _flat(features)
    shown = np.flatnonzero(features.any(axis=1))
    n = len(shown)
    if n < FEWEST_SYLLABLES:
        raise UsvError(
            f"there are {n} syllables that are not blank; a map needs at least {FEWEST_SYLLABLES}"
        )
    # UMAP itself takes no fewer than 2.
    n_neighbors = max(min(recipe.n_neighbors, (n - 1) // 2), 2)
    if n_neighbors < recipe.n_neighbors:
        print(f"{n_neighbors} neighbours instead of {recipe.n_neighbors}: there are {n} syllables")
    # Of a few points there is no spectrum to start from, and of points all alike no axis.
    alike = (features[shown] == features[shown[0]]).all()
    init = "spectral" if n > 2 * recipe.n_neighbors else "random" if alike else "pca"
    umap = _import_umap()

    coordinates = np.full((len(features), 2), np.nan)
    with warnings.catch_warnings():
        # That it could not place further points; and how it fared in finding a lay-out to start
        # from, of syllables that fall apart into groups in particular, which is no fault of theirs.
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


def map_fidelity(features, coordinates, n_neighbors=15):
    """How well the coordinates keep the neighbourhoods that the features have.

    Parameters
    ----------
    features : float array [n_syllables, ...]
    coordinates : float array [n_syllables, 2]
        Syllables with NaN are left out.
    n_neighbors : int
        Size of the neighbourhoods; of n syllables `(n - 1) // 2` if that is less.

    Returns
    -------
    Fidelity
    """
    from sklearn.manifold import trustworthiness

    features, coordinates = _flat(features), check_coordinates(coordinates)
    if len(features) != len(coordinates):
        raise UsvError(
            f"there are features of {len(features)} syllables and coordinates of "
            f"{len(coordinates)}; they must go together"
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
    """Numbers and distances of each point's nearest neighbours, itself the first.

    What UMAP would find by itself, but exact for any number of points, and without its search
    index, which takes longer to compile than all of a map of some hundred points.
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
    """UMAP, without what it says of packages that it would like to have besides."""
    import tqdm

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", tqdm.TqdmWarning)  # of widgets for its progress bar
        warnings.simplefilter("ignore", ImportWarning)  # of tensorflow
        import umap
    return umap


def _flat(features):
    features = check_features(features)
    return features.reshape(len(features), -1)


def check_coordinates(coordinates):
    """Coordinates as float64 [n_syllables, 2]; both finite, or both NaN for a blank syllable."""
    coordinates = np.asarray(coordinates, np.float64)
    if coordinates.ndim != 2 or coordinates.shape[1] != 2:
        raise UsvError(f"coordinates has shape {coordinates.shape}; it must be [n_syllables, 2]")
    if np.isinf(coordinates).any():
        bad = int(np.flatnonzero(np.isinf(coordinates).any(axis=1))[0])
        raise UsvError(
            f"the coordinates of syllable {bad} are infinite; they must be numbers or NaN"
        )
    return coordinates

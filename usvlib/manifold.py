"""The figure: what syllables look like, at the place where the map has them."""

import numpy as np

from ._shared import UsvError, whole_number
from .clustering import cluster
from .embedding import check_coordinates
from .figures import COLOUR_MAP, LEVEL_LABEL
from .normalisation import check_features

# Means may overlap by so much of their width: a little where clusters crowd, for their corners are
# empty, and more between the two that happen to be closest.
CROWDED_OVERLAP = 0.2
MOST_OVERLAP = 0.45

# With a frame of examples around it, the map takes the middle two thirds of the axes.
HALF_SPANS = 0.76


def plot_manifold(features, coordinates, clusters, ax=None):
    """Each cluster's mean spectrogram, at its centroid and in the map's own coordinates.

    All means share one size and one colour scale. What lies near the noise floor is transparent,
    so that the syllables, faint dots, show through.

    Parameters
    ----------
    features : float array [n_syllables, n_bands, n_frames]
        Lowest band first.
    coordinates : float array [n_syllables, 2]
    clusters : Clusters
    ax : matplotlib Axes, optional
        By default a new figure's.

    Returns
    -------
    Axes
        One `AxesImage` a cluster, in the order of the clusters, as `ax.images`.
    """
    features, coordinates = check_pictures(features, coordinates)
    if len(clusters.labels) != len(features):
        raise UsvError(
            f"there are features of {len(features)} syllables and labels of "
            f"{len(clusters.labels)}; they must go together"
        )
    ax = _map_axes(ax, (8, 8))
    if not clusters.n_clusters:
        return _say_no_map(ax)
    means = cluster_means(features, clusters)
    width, height = picture_size(coordinates, clusters.centroids, means.shape[1:])
    ax.scatter(*coordinates.T, c="0.55", s=4, alpha=0.4, linewidths=0)
    highest = means.max() or 1.0
    for mean, (x, y) in zip(means, clusters.centroids, strict=True):
        ax.imshow(
            mean,
            extent=(x - width / 2, x + width / 2, y - height / 2, y + height / 2),
            origin="lower",
            aspect="equal",
            cmap=COLOUR_MAP,
            vmin=0,
            vmax=highest,
            alpha=visible_share(mean, highest),
            zorder=2,
        )
    _fit_limits(ax, np.vstack([coordinates, clusters.centroids]), (width, height))
    ax.figure.colorbar(
        ax.images[0], ax=ax, label=f"mean {LEVEL_LABEL}", shrink=0.5, aspect=30, alpha=1
    )
    return ax


def cluster_means(features, clusters):
    """Mean spectrogram of each cluster: float array [n_clusters, n_bands, n_frames]."""
    return np.array(
        [features[clusters.labels == label].mean(axis=0) for label in range(clusters.n_clusters)]
    )


def visible_share(mean, highest):
    """How opaque a mean is: what lies near the noise floor lets the map show through."""
    return np.clip(mean / (0.25 * highest), 0, 1)


def plot_examples(features, coordinates, n_examples=24, ax=None):
    """The map with a frame of example spectrograms around it, each linked to its point.

    The frame is that of Sainburg et al. (2020). The examples are the syllables nearest to the
    centres of as many groups as there is room for, so that all parts of the map are shown.

    Parameters
    ----------
    features : float array [n_syllables, n_bands, n_frames]
    coordinates : float array [n_syllables, 2]
    n_examples : int
        A multiple of 4 fills the frame; fewer are drawn where there are fewer syllables.
    ax : matplotlib Axes, optional

    Returns
    -------
    Axes
        The examples' axes are its `child_axes`.
    """
    from scipy.optimize import linear_sum_assignment

    features, coordinates = check_pictures(features, coordinates)
    ax = _map_axes(ax, (8, 8))
    shown = np.flatnonzero(np.isfinite(coordinates).all(axis=1))
    if not len(shown):
        return _say_no_map(ax)
    points = coordinates[shown]
    n_examples = whole_number("n_examples", n_examples, 1)
    n_examples = min(n_examples, len(np.unique(points, axis=0)))
    groups = cluster(points, n_clusters=n_examples).centroids
    nearest = [np.linalg.norm(points - group, axis=1).argmin() for group in groups]
    low, high = points.min(axis=0), points.max(axis=0)
    middle, span = (low + high) / 2, np.where(high > low, high - low, 1)
    ax.scatter(*points.T, c="0.55", s=6, alpha=0.5, linewidths=0)
    places, size = _frame_places(n_examples)
    # The pairing of least total length: no two of its links cross.
    distances = np.linalg.norm(
        (0.5 + (points[nearest] - middle) / (2 * HALF_SPANS * span))[:, np.newaxis] - places,
        axis=-1,
    )
    _, order = linear_sum_assignment(distances.T)
    highest = features[shown][nearest].max() or 1.0
    for place, example in zip(places, np.array(nearest)[order], strict=True):
        inset = ax.inset_axes((*(place - size / 2), size, size))
        inset.imshow(
            features[shown[example]],
            origin="lower",
            aspect="auto",
            cmap=COLOUR_MAP,
            vmin=0,
            vmax=highest,
        )
        inset.set(xticks=[], yticks=[])
        inset.spines[:].set(visible=True, color="0.6")
        ax.annotate(
            "",
            xy=points[example],
            xytext=place,
            textcoords="axes fraction",
            arrowprops={"arrowstyle": "-", "color": "0.4", "linewidth": 0.7},
        )
        ax.plot(*points[example], "o", color="0.15", markersize=3)
    # The map fits inside of the frame. Its units mean nothing, and ticks would run under it.
    (left, bottom), (right, top) = middle - HALF_SPANS * span, middle + HALF_SPANS * span
    ax.set(xlim=(left, right), ylim=(bottom, top))
    ax.set(xticks=[], yticks=[], aspect="auto")
    ax.spines[:].set_visible(False)
    return ax


def _frame_places(n):
    """Centres [n, 2] of pictures evenly around a square of side 1, and their size."""
    size = min(0.85 / (n / 4 + 0.85), 0.15)
    corners = np.array([(0, 0.5), (0, 0), (1, 0), (1, 1), (0, 1), (0, 0.5)])
    lengths = [0, 0.5, 1.5, 2.5, 3.5, 4]
    steps = 4 * np.arange(n) / n
    places = np.stack([np.interp(steps, lengths, axis) for axis in corners.T], axis=1)
    return size / 2 + places * (1 - size), size


def picture_size(coordinates, centroids, shape):
    """Width and height of means in data units: as large as the clusters' distances let them be."""
    n_bands, n_frames = shape
    ratio = n_bands / n_frames
    if len(centroids) > 1:
        apart = np.abs(centroids[:, np.newaxis] - centroids) / (1, ratio)
        apart = apart.max(axis=-1)
        np.fill_diagonal(apart, np.inf)
        nearest = apart.min(axis=1)
        width = min(np.median(nearest) / (1 - CROWDED_OVERLAP), nearest.min() / (1 - MOST_OVERLAP))
    else:
        width = 0.5 * np.nanmax(np.nanmax(coordinates, axis=0) - np.nanmin(coordinates, axis=0))
    return (width, width * ratio) if width > 0 else (1.0, ratio)


def _fit_limits(ax, points, size):
    low, high = np.nanmin(points, axis=0), np.nanmax(points, axis=0)
    margin = 0.55 * np.array(size)
    ax.set_xlim(low[0] - margin[0], high[0] + margin[0])
    ax.set_ylim(low[1] - margin[1], high[1] + margin[1])


def _map_axes(ax, size):
    import colorcet  # noqa: F401  (registers its colour maps)

    if ax is None:
        import matplotlib.pyplot as plt

        _, ax = plt.subplots(figsize=size, layout="constrained")
    ax.set_aspect("equal")
    ax.set(xlabel="UMAP 1", ylabel="UMAP 2")
    return ax


def _say_no_map(ax):
    ax.text(0.5, 0.5, "no map: fewer than 4 syllables", ha="center", transform=ax.transAxes)
    return ax


def check_pictures(features, coordinates):
    """Both as arrays of the same syllables, or a `UsvError`."""
    features, coordinates = check_features(features), check_coordinates(coordinates)
    if features.ndim != 3:
        raise UsvError(
            f"features has shape {features.shape}; it must be [n_syllables, n_bands, n_frames]"
        )
    if len(features) != len(coordinates):
        raise UsvError(
            f"there are features of {len(features)} syllables and coordinates of "
            f"{len(coordinates)}; they must go together"
        )
    return features, coordinates

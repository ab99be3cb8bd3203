"""Figures of the manifold: spectrograms drawn at their places on the map."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ._shared import UsvError, check_type, whole_number
from .clustering import Clusters, cluster
from .embedding import check_coordinates
from .figures import AMPLITUDE_LABEL, COLOUR_MAP, axes_of_figure
from .normalisation import check_features

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# By which share of their width two means may overlap: a little where clusters crowd, since the
# corners of a mean are mostly empty, and more between the two clusters that are closest.
CROWDED_OVERLAP = 0.2
MAX_OVERLAP = 0.45

# Half the width of the axes in widths of the map, which then takes the middle two thirds and
# leaves room for a frame of examples.
HALF_SPANS = 0.76


def plot_manifold(
    features: np.ndarray, coordinates: np.ndarray, clusters: Clusters, ax: Axes | None = None
) -> Axes:
    """Plot the mean spectrogram of each cluster at its centroid, in the coordinates of the map.

    All means share one size and one colour scale. Values near the noise floor are transparent, so
    that the syllables, which are faint dots, show through. The idea of the figure is the
    tutorial's; placing the means in data coordinates is ours.

    Parameters
    ----------
    features : float array [n_syllables, n_bands, n_frames]
        From `normalise`, in log2 units over the noise floor, lowest band first.
    coordinates : float array [n_syllables, 2]
        From `embed`; a syllable with NaN is left off the map.
    clusters : Clusters
        From `cluster` for these coordinates.
    ax : matplotlib Axes, optional
        Axes to draw on. By default, a new figure is made.

    Returns
    -------
    matplotlib Axes
        `ax.images` holds one image for each cluster, in the order of the clusters.

    Raises
    ------
    UsvError
        If the arguments are of the wrong kind, or describe different syllables.

    Examples
    --------
    >>> import numpy as np, usvlib
    >>> spectrograms = usvlib.syllable_spectrograms(usvlib.simulate_recording(n_syllables=12))
    >>> coordinates = np.random.default_rng(0).normal(size=(12, 2))  # instead of embed(features)
    >>> clusters = usvlib.cluster(coordinates, n_clusters=3)
    >>> ax = usvlib.plot_manifold(usvlib.normalise(spectrograms), coordinates, clusters)
    >>> len(ax.images)
    3
    """
    check_type("clusters", clusters, Clusters)
    features, coordinates = check_map(features, coordinates)
    means = clusters.means(features)
    ax = _map_axes(ax)
    if not len(means):
        return _say_no_map(ax)
    width, height = mean_size(coordinates, clusters.centroids, means.shape[1:])
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
            alpha=opacity(mean, highest),
            zorder=2,
        )
    _fit_limits(ax, np.vstack([coordinates, clusters.centroids]), (width, height))
    ax.figure.colorbar(
        ax.images[0], ax=ax, label=f"mean {AMPLITUDE_LABEL}", shrink=0.5, aspect=30, alpha=1
    )
    return ax


def opacity(mean: np.ndarray, highest: float) -> np.ndarray:
    """Return the opacity of a mean, 0 to 1: the map shows through near the noise floor."""
    return np.clip(mean / (0.25 * highest), 0, 1)


def plot_examples(
    features: np.ndarray, coordinates: np.ndarray, n_examples: int = 24, ax: Axes | None = None
) -> Axes:
    """Plot the map with a frame of example spectrograms around it, each linked to its point.

    The layout follows Sainburg et al. (2020). To show all parts of the map, we divide it into
    `n_examples` groups by k-means and take the syllable nearest to the centroid of each.

    Parameters
    ----------
    features : float array [n_syllables, n_bands, n_frames]
        From `normalise`, in log2 units over the noise floor, lowest band first.
    coordinates : float array [n_syllables, 2]
        From `embed`; a syllable with NaN is left off the map.
    n_examples : int, default 24
        With a multiple of 4, all four sides have the same number of examples. If there are fewer
        syllables, all of them are examples.
    ax : matplotlib Axes, optional
        Axes to draw on. By default, a new figure is made.

    Returns
    -------
    matplotlib Axes
        `ax.child_axes` holds the axes of the examples.

    Raises
    ------
    UsvError
        If the arguments are of the wrong kind, or describe different syllables.

    Examples
    --------
    >>> import numpy as np, usvlib
    >>> spectrograms = usvlib.syllable_spectrograms(usvlib.simulate_recording(n_syllables=12))
    >>> coordinates = np.random.default_rng(0).normal(size=(12, 2))  # instead of embed(features)
    >>> ax = usvlib.manifold.plot_examples(usvlib.normalise(spectrograms), coordinates, 8)
    >>> len(ax.child_axes)
    8
    """
    from scipy.optimize import linear_sum_assignment

    features, coordinates = check_map(features, coordinates)
    n_examples = whole_number("n_examples", n_examples, 1)
    ax = _map_axes(ax)
    shown = np.flatnonzero(np.isfinite(coordinates).all(axis=1))
    if not len(shown):
        return _say_no_map(ax)
    points = coordinates[shown]
    n_examples = min(n_examples, len(np.unique(points, axis=0)))
    groups = cluster(points, n_clusters=n_examples).centroids
    nearest = [np.linalg.norm(points - group, axis=1).argmin() for group in groups]
    low, high = points.min(axis=0), points.max(axis=0)
    middle, span = (low + high) / 2, np.where(high > low, high - low, 1)
    ax.scatter(*points.T, c="0.55", s=6, alpha=0.5, linewidths=0)
    places, size = _frame_places(n_examples)
    # If all links together are as short as possible, no two of them cross.
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
    # The map lies inside the frame. UMAP's units mean nothing, and ticks would collide with it.
    (left, bottom), (right, top) = middle - HALF_SPANS * span, middle + HALF_SPANS * span
    ax.set(xlim=(left, right), ylim=(bottom, top))
    ax.set(xticks=[], yticks=[], aspect="auto")
    ax.spines[:].set_visible(False)
    return ax


def _frame_places(n):
    """Return n centres [n, 2] evenly spaced around a square of side 1, and the size of examples."""
    size = min(0.85 / (n / 4 + 0.85), 0.15)
    corners = np.array([(0, 0.5), (0, 0), (1, 0), (1, 1), (0, 1), (0, 0.5)])
    lengths = [0, 0.5, 1.5, 2.5, 3.5, 4]
    steps = 4 * np.arange(n) / n
    places = np.stack([np.interp(steps, lengths, axis) for axis in corners.T], axis=1)
    return size / 2 + places * (1 - size), size


def mean_size(
    coordinates: np.ndarray, centroids: np.ndarray, shape: tuple[int, int]
) -> tuple[float, float]:
    """Return the width and height of the means on the map: as large as the overlaps allow."""
    n_bands, n_frames = shape
    ratio = n_bands / n_frames
    if len(centroids) > 1:
        apart = np.abs(centroids[:, np.newaxis] - centroids) / (1, ratio)
        apart = apart.max(axis=-1)
        np.fill_diagonal(apart, np.inf)
        nearest = apart.min(axis=1)
        width = min(np.median(nearest) / (1 - CROWDED_OVERLAP), nearest.min() / (1 - MAX_OVERLAP))
    else:
        width = 0.5 * np.nanmax(np.nanmax(coordinates, axis=0) - np.nanmin(coordinates, axis=0))
    return (width, width * ratio) if width > 0 else (1.0, ratio)


def _fit_limits(ax, points, size):
    """Set the limits of the axes so that all points and means are inside."""
    low, high = np.nanmin(points, axis=0), np.nanmax(points, axis=0)
    margin = 0.55 * np.array(size)
    ax.set_xlim(low[0] - margin[0], high[0] + margin[0])
    ax.set_ylim(low[1] - margin[1], high[1] + margin[1])


def _map_axes(ax):
    """Return the axes of a map: equal units in both directions, and labels."""
    ax = axes_of_figure(ax, (8, 8))
    ax.set_aspect("equal")
    ax.set(xlabel="UMAP 1", ylabel="UMAP 2")
    return ax


def _say_no_map(ax):
    """Write into the axes that there is no map."""
    ax.text(0.5, 0.5, "no map: fewer than 4 syllables", ha="center", transform=ax.transAxes)
    return ax


def check_map(features: np.ndarray, coordinates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return both as arrays, or raise a `UsvError` if they describe different syllables."""
    features, coordinates = check_features(features), check_coordinates(coordinates)
    if features.ndim != 3:
        raise UsvError(
            f"features has shape {features.shape}; it must be [n_syllables, n_bands, n_frames]"
        )
    if len(features) != len(coordinates):
        raise UsvError(
            f"features has {len(features)} syllables, coordinates has {len(coordinates)}; they "
            "must match"
        )
    return features, coordinates

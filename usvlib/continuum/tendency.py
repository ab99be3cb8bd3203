"""The Hopkins statistic, and null clouds without groups to compare it with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .._shared import UsvError, as_numbers, check_type, whole_number

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

PROBED_SHARE = 0.1
CLIPPED_PERCENT = 0.5
MAX_REPEATS = 10_000
MAX_AXES = 5  # with more, the convex hull takes minutes


def hopkins(
    points: ArrayLike, as_published: bool = False, n_repeats: int = 20, seed: int = 0
) -> float:
    """Measure how unevenly points are spread: 1 - H, with H the Hopkins statistic.

    Two distances to the nearest point are compared: w from a tenth of the points, and u from
    equally many places drawn uniformly from the convex hull. The value is sum(w) / (sum(u) +
    sum(w)): about 0.5 for uniform points, near 0 for points in tight clumps.

    Parameters
    ----------
    points : float array [n_points, n_axes]
        2 to 5 axes, such as the two of a map. Each axis is scaled to unit variance.
    as_published : bool, default False
        Compute the value as the code of Sainburg et al. (2020) does: outliers are clipped at 0.5 %
        on either side of each axis, and u is the distance to the *second* nearest point. Uniform
        points then have a value of 0.40 instead of 0.50.
    n_repeats : int, default 20
        Random draws of points and places. The value is their average.
    seed : int, default 0
        Seed of the draws.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    UsvError
        If a point is not finite, the points have fewer than 2 or more than 5 axes, or they lie on
        a line.

    Examples
    --------
    >>> import numpy as np
    >>> from usvlib.continuum import hopkins
    >>> rng = np.random.default_rng(0)
    >>> square = rng.uniform(size=(1000, 2))
    >>> round(hopkins(square), 1)
    0.5
    >>> clumps = rng.integers(0, 3, (1000, 2)) + 0.01 * rng.standard_normal((1000, 2))
    >>> hopkins(clumps) < 0.1
    True
    """
    from scipy.spatial import Delaunay, QhullError
    from sklearn.neighbors import NearestNeighbors

    check_type("as_published", as_published, bool)
    points = _check(points)
    if points.shape[1] > MAX_AXES:
        raise UsvError(
            f"points has {points.shape[1]} axes; the Hopkins statistic takes at most {MAX_AXES}, "
            "such as the two of a map"
        )
    if as_published:
        points = np.clip(
            points, *np.percentile(points, [CLIPPED_PERCENT, 100 - CLIPPED_PERCENT], 0)
        )
    scale = points.std(axis=0)
    points = (points - points.mean(axis=0)) / np.where(scale > 0, scale, 1)
    try:
        hull = Delaunay(points)
    except (QhullError, ValueError) as error:
        raise UsvError(
            f"the {len(points)} points span no area; the Hopkins statistic needs points that do "
            "not all lie on one line"
        ) from error
    search = NearestNeighbors(n_neighbors=1).fit(points)
    rng = np.random.default_rng(whole_number("seed", seed, 0))
    n_probed = int(np.ceil(PROBED_SHARE * len(points)))
    apart = search.kneighbors()[0][:, 0]
    values = []
    for _ in range(whole_number("n_repeats", n_repeats, 1, MAX_REPEATS)):
        w = apart[rng.choice(len(points), n_probed, replace=False)].sum()
        places = _draw_inside(hull, n_probed, rng)
        u = search.kneighbors(places, n_neighbors=2)[0][:, int(as_published)].sum()
        values.append(w / (u + w))
    return float(np.mean(values))


def gaussian_null(points: ArrayLike, seed: int = 0) -> np.ndarray:
    """Draw a Gaussian cloud with the mean and the covariance of the points.

    Parameters
    ----------
    points : float array [n_points, n_axes]
        At least 3 points with at least 2 axes.
    seed : int, default 0
        Seed of the draw.

    Returns
    -------
    float64 array [n_points, n_axes]
        In the units of the points.

    Raises
    ------
    UsvError
        If there are too few points or axes, or a point is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from usvlib.continuum import gaussian_null
    >>> points = np.random.default_rng(0).uniform(size=(300, 2))
    >>> gaussian_null(points).shape
    (300, 2)
    """
    points = _check(points)
    rng = np.random.default_rng(whole_number("seed", seed, 0))
    return rng.multivariate_normal(points.mean(axis=0), np.cov(points.T), len(points))


def copula_null(points: ArrayLike, seed: int = 0) -> np.ndarray:
    """Draw random points that keep the distribution of each axis, with Gaussian dependence.

    This is a Gaussian copula: skewed, heavy-tailed and even bimodal axes keep their distributions,
    while the dependence between axes becomes smooth.

    Parameters
    ----------
    points : float array [n_points, n_axes]
        At least 3 points with at least 2 axes.
    seed : int, default 0
        Seed of the draw.

    Returns
    -------
    float64 array [n_points, n_axes]
        In the units of the points.

    Raises
    ------
    UsvError
        If there are too few points or axes, or a point is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from usvlib.continuum import copula_null
    >>> points = np.random.default_rng(0).exponential(size=(300, 2))
    >>> medians = np.median(copula_null(points), axis=0) / np.median(points, axis=0)
    >>> bool(np.all(np.abs(medians - 1) < 0.2))  # each axis keeps its distribution
    True
    """
    from scipy.stats import norm, rankdata

    points = _check(points)
    n, n_axes = points.shape
    scores = norm.ppf(rankdata(points, axis=0) / (n + 1))
    drawn = gaussian_null(scores, seed)
    scale = scores.std(axis=0)
    # An axis on which all points are equal has no scale and stays as it is.
    shares = norm.cdf(drawn / np.where(scale > 0, scale, 1))
    return np.stack([np.quantile(points[:, i], shares[:, i]) for i in range(n_axes)], axis=1)


def _draw_inside(hull, n, rng):
    """Draw n places uniformly from a convex hull, simplex by simplex in proportion to volume."""
    corners = hull.points[hull.simplices]
    volumes = np.abs(np.linalg.det(corners[:, 1:] - corners[:, :1]))
    chosen = corners[rng.choice(len(corners), n, p=volumes / volumes.sum())]
    shares = rng.dirichlet(np.ones(corners.shape[1]), n)
    return np.einsum("ij,ijk->ik", shares, chosen)


def _check(points):
    """Return points as a finite float64 array [n_points, n_axes], or raise a `UsvError`."""
    points = as_numbers("points", points, "[n_points, n_axes]").astype(np.float64)
    if points.ndim != 2 or points.shape[1] < 2 or len(points) < 3:
        raise UsvError(
            f"points has shape {points.shape}; it must be [n_points, n_axes], at least 3 points "
            "with at least 2 axes"
        )
    if not (finite := np.isfinite(points).all(axis=1)).all():
        bad = int(finite.argmin())
        raise UsvError(f"points[{bad}] is {points[bad]}; all points must be finite")
    return points

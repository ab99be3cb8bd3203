"""The Hopkins statistic, and clouds without groups to hold it and other evidence against."""

import numpy as np

from .._shared import UsvError, whole_number

SHARE_PROBED = 0.1
CLIPPED_PERCENT = 0.5
MOST_AXES = 5  # of more, the convex hull takes minutes


def hopkins(points, as_published=False, n_repeats=20, seed=0):
    """How unevenly points are spread: 1 - H of the Hopkins statistic, small where they crowd.

    Distances to the nearest point are compared: w of a tenth of the points themselves, u of as many
    places drawn evenly from the convex hull. The value is sum(w) / (sum(u) + sum(w)).

    Parameters
    ----------
    points : float array [n_points, n_axes]
        At most 5 axes, such as the two of a map; each is scaled to unit variance.
    as_published : bool
        As in the code of Sainburg et al. (2020): outliers are clipped at half a per cent on either
        side of an axis, and u is taken to the *second* nearest point. Evenly spread points then
        have 0.40 instead of 0.50.
    n_repeats : int
        Random choices of points and places, over which the value is averaged.
    seed : int

    Returns
    -------
    float
    """
    from scipy.spatial import Delaunay, QhullError
    from sklearn.neighbors import NearestNeighbors

    points = np.asarray(points, np.float64)
    if points.ndim != 2 or points.shape[1] < 2 or not np.isfinite(points).all():
        raise UsvError(
            f"points has shape {points.shape}; it must be [n_points, n_axes], with two or more "
            "axes and finite"
        )
    if points.shape[1] > MOST_AXES:
        raise UsvError(
            f"points has {points.shape[1]} axes; the Hopkins statistic takes at most {MOST_AXES}, "
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
            f"points are {len(points)} and span no area; the Hopkins statistic needs one"
        ) from error
    search = NearestNeighbors(n_neighbors=1).fit(points)
    rng = np.random.default_rng(whole_number("seed", seed, 0))
    n_probed = int(np.ceil(SHARE_PROBED * len(points)))
    apart = search.kneighbors()[0][:, 0]
    values = []
    for _ in range(whole_number("n_repeats", n_repeats, 1)):
        w = apart[rng.choice(len(points), n_probed, replace=False)].sum()
        places = _inside(hull, n_probed, rng)
        u = search.kneighbors(places, n_neighbors=2)[0][:, int(as_published)].sum()
        values.append(w / (u + w))
    return float(np.mean(values))


def gaussian_null(points, seed=0):
    """As many points of one Gaussian cloud with the mean and the covariance of `points`."""
    points = _check(points)
    rng = np.random.default_rng(whole_number("seed", seed, 0))
    return rng.multivariate_normal(points.mean(axis=0), np.cov(points.T), len(points))


def copula_null(points, seed=0):
    """As many points whose axes are distributed each as in `points`, tied like a Gaussian's.

    A Gaussian copula: skewed and heavy-tailed axes stay so, even one with two modes; how they
    depend on one another is smooth.
    """
    from scipy.stats import norm, rankdata

    points = _check(points)
    n, n_axes = points.shape
    scores = norm.ppf(rankdata(points, axis=0) / (n + 1))
    drawn = gaussian_null(scores, seed)
    scale = scores.std(axis=0)
    # An axis on which all points are alike has none, and stays as it is.
    shares = norm.cdf(drawn / np.where(scale > 0, scale, 1))
    return np.stack([np.quantile(points[:, i], shares[:, i]) for i in range(n_axes)], axis=1)


def _inside(hull, n, rng):
    """Places drawn evenly from a convex hull: from its simplices, by their volumes."""
    corners = hull.points[hull.simplices]
    volumes = np.abs(np.linalg.det(corners[:, 1:] - corners[:, :1]))
    chosen = corners[rng.choice(len(corners), n, p=volumes / volumes.sum())]
    shares = rng.dirichlet(np.ones(corners.shape[1]), n)
    return np.einsum("ij,ijk->ik", shares, chosen)


def _check(points):
    points = np.asarray(points, np.float64)
    if points.ndim != 2 or points.shape[1] < 2 or len(points) < 3 or not np.isfinite(points).all():
        raise UsvError(
            f"points has shape {points.shape}; it must be [n_points, n_axes], three or more points "
            "with two or more axes, all finite"
        )
    return points

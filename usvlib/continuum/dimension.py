"""How many dimensions the syllables really fill: estimators, and what noise does to them.

No estimator is right by itself: noise adds dimensions at small scales, curvature and few points
take some away at large ones. So each is calibrated on simulated manifolds of known dimension that
went through the same spectrogram steps; see `tools/calibrate_dimension.py`.
"""

import dataclasses
import functools
from pathlib import Path
from typing import Any

import numpy as np

from .._shared import UsvError, whole_number
from ..normalisation import check_features
from .estimators import ESTIMATORS, principal_components

SCALES = (5, 10, 20, 40)  # neighbours
CALIBRATION = Path(__file__).with_name("dimension_calibration.csv")

# The scale at which each is closest to the truth on the calibration's manifolds.
BEST_SCALES = {"two nearest": 20, "likelihood": 20, "local components": 10}
N_SUBSETS = 6


@dataclasses.dataclass(frozen=True, eq=False)
class Dimension:
    """The intrinsic dimension of a repertoire.

    Attributes
    ----------
    estimate : float
        Mean of the three estimators, each at its best scale.
    low, high : float
        Two standard errors around it: what subsets of the syllables differ by, and what the same
        estimate misses the truth by on the calibration's manifolds.
    n_points : int
        Syllables to a subset: as many as the calibration had, since estimates depend on it.
    profile : pandas.DataFrame
        `estimate` and `deviation`, over the subsets, of each `estimator` at each `n_neighbors`.
    """

    estimate: float
    low: float
    high: float
    n_points: int
    profile: Any

    def __str__(self):
        return f"{self.estimate:.1f} dimensions ({self.low:.1f} to {self.high:.1f})"


def intrinsic_dimension(features, seed=0):
    """How many dimensions the syllables fill, with its uncertainty.

    Parameters
    ----------
    features : float array [n_syllables, n_bands, n_frames]
        Blank syllables, all 0, are left out. At least 100 others are needed.
    seed : int
        Of the subsets.

    Returns
    -------
    Dimension
    """
    import pandas

    features = check_features(features)
    flat = features.reshape(len(features), -1)
    flat = flat[flat.any(axis=1)]
    sizes = sorted(dimension_calibration().n_points.unique())
    if len(flat) < sizes[0]:
        raise UsvError(
            f"there are {len(flat)} syllables that are not blank; their dimension needs at least "
            f"{sizes[0]}"
        )
    n_points = int(max(size for size in sizes if size <= len(flat)))
    rng = np.random.default_rng(whole_number("seed", seed, 0))
    rows = []
    for _ in range(N_SUBSETS if len(flat) > n_points else 1):
        chosen = np.sort(rng.choice(len(flat), n_points, replace=False))
        rows += dimension_profile(flat[chosen])
    table = pandas.DataFrame(rows, columns=["estimator", "n_neighbors", "estimate"])
    profile = table.groupby(["estimator", "n_neighbors"]).estimate.agg(["mean", "std"])
    profile.columns = ["estimate", "deviation"]
    best = [profile.loc[pair] for pair in BEST_SCALES.items()]
    estimate = float(np.mean([row.estimate for row in best]))
    sampling = float(np.nan_to_num(np.mean([row.deviation for row in best])))
    error = 2 * np.hypot(sampling, calibration_error(n_points))
    return Dimension(
        estimate, max(estimate - error, 0.0), estimate + error, n_points, profile.reset_index()
    )


def plot_dimension(found=None):
    """Estimates by scale beside those of the calibration, and their mean against the truth.

    Parameters
    ----------
    found : Dimension, optional
        Without it the calibration of the smallest number of points is drawn alone.

    Returns
    -------
    Figure
    """
    import matplotlib.pyplot as plt

    table = dimension_calibration()
    n_points = found.n_points if found else table.n_points.min()
    figure, axes = plt.subplots(1, 4, figsize=(10, 3.1), layout="constrained", sharey=True)
    for ax, name in zip(axes, ESTIMATORS, strict=False):
        group = table[(table.n_points == n_points) & (table.estimator == name)]
        curves = group.pivot_table(index="n_neighbors", columns="dimension", values="estimate")
        ax.plot(curves, "-", color="0.6", lw=1)
        below = 0.0
        for truth, curve in curves.items():
            below = max(curve.iloc[-1], below + 0.4)  # labels must not overlap
            ax.annotate(truth, (44, below), color="0.4", va="center", size=8)
        if found:
            own = found.profile[found.profile.estimator == name]
            ax.errorbar(own.n_neighbors, own.estimate, 2 * own.deviation.fillna(0), color="C0")
            best = own[own.n_neighbors == BEST_SCALES[name]]
            ax.plot(best.n_neighbors, best.estimate, "o", color="C0")
        ax.set(title=name, xscale="log", xlabel="neighbours", xlim=(4, 60))
        ax.set_xticks(SCALES, SCALES)
        ax.minorticks_off()
    known = calibrated_estimates(n_points)
    jitter = (known.repetition - known.repetition.mean()) * 0.04
    axes[3].plot([0.5, 6.5], [0.5, 6.5], ":", color="0.6")
    axes[3].plot(known.dimension + jitter, known.estimate, ".", color="0.4", ms=4)
    if found:
        axes[3].axhspan(found.low, found.high, color="C0", alpha=0.15, lw=0)
        axes[3].axhline(found.estimate, color="C0")
    axes[3].set(title="mean of the three", xlabel="true dimension")
    axes[0].set_ylabel("dimension")
    axes[0].set_ylim(bottom=0)
    return figure


def dimension_profile(features):
    """What each estimator says at each scale: a list of (estimator, n_neighbors, estimate)."""
    points = principal_components(features)
    return [
        (name, scale, estimator(points, scale))
        for name, estimator in ESTIMATORS.items()
        for scale in SCALES
    ]


@functools.cache
def dimension_calibration():
    """What the estimators say of simulated manifolds of known dimension: a table, do not change it.

    Returns
    -------
    pandas.DataFrame
        `n_points`, `estimator`, `n_neighbors`, `dimension` (the truth), `repetition`, `estimate`.
    """
    import pandas

    return pandas.read_csv(CALIBRATION, comment="#")


def calibrated_estimates(n_points):
    """The calibration's manifolds of so many syllables: truth, and the mean of the estimators.

    Returns
    -------
    pandas.DataFrame
        `dimension`, `repetition` and `estimate`, as of `intrinsic_dimension`.
    """
    table = dimension_calibration()
    table = table[table.n_points == n_points]
    best = table[table.n_neighbors == table.estimator.map(BEST_SCALES)]
    return best.groupby(["dimension", "repetition"]).estimate.mean().reset_index()


def calibration_error(n_points):
    """Root mean square of what the estimate misses the truth by on the calibration's manifolds."""
    table = calibrated_estimates(n_points)
    return float(np.sqrt(((table.estimate - table.dimension) ** 2).mean()))

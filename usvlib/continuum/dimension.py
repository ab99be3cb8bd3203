"""The intrinsic dimension of a repertoire, with an interval that a calibration gives.

No estimator is right by itself: noise adds dimensions at small scales, and curvature and small
samples remove some at large scales. We therefore calibrate them on simulated manifolds of known
dimension that went through the same spectrogram steps; see `tools/calibrate_dimension.py`.
"""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .._shared import UsvError, check_table, real_number, whole_number
from ..normalisation import check_features
from .estimators import ESTIMATORS, SCALES, dimension_profile

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike

CALIBRATION = Path(__file__).with_name("dimension_calibration.csv")

# The scale at which each estimator is closest to the truth on the calibration's manifolds.
BEST_SCALES = {"two nearest": 20, "likelihood": 20, "local components": 10}
N_SUBSETS = 6


@dataclasses.dataclass(frozen=True, eq=False)
class Dimension:
    """The intrinsic dimension of a repertoire, as `intrinsic_dimension` returns it.

    Attributes
    ----------
    estimate : float
        Mean of the three estimators, each at its best scale.
    low, high : float
        Two standard errors below and above the estimate. They combine the spread over subsets of
        syllables with the error on the calibration's manifolds.
    n_points : int
        Syllables in each subset. It is a number that the calibration used, because estimates
        depend on it.
    profile : pandas.DataFrame
        One row per estimator and scale: `estimator`, `n_neighbors`, `estimate` (mean over the
        subsets) and `deviation` (standard deviation over the subsets, NaN for a single one).

    Examples
    --------
    >>> import numpy as np
    >>> from usvlib.continuum import intrinsic_dimension
    >>> features = np.random.default_rng(0).standard_normal((120, 4, 5))
    >>> dimension = intrinsic_dimension(features)
    >>> dimension.low < dimension.estimate < dimension.high
    True
    >>> dimension.n_points
    100
    """

    estimate: float
    low: float
    high: float
    n_points: int
    profile: pandas.DataFrame

    def __post_init__(self) -> None:
        for name in ("estimate", "low", "high"):
            real_number(name, getattr(self, name))
        calibrated_estimates(self.n_points)
        check_table("profile", self.profile, "estimator", "n_neighbors", "estimate", "deviation")

    def __str__(self) -> str:
        return f"{self.estimate:.1f} dimensions ({self.low:.1f} to {self.high:.1f})"

    def plot(self) -> Figure:
        """Draw the estimates over those of the calibration's manifolds.

        Returns
        -------
        matplotlib.figure.Figure
            One panel per estimator, over the number of neighbours, and one panel of the mean
            estimate against the true dimension.

        Examples
        --------
        >>> import numpy as np
        >>> from usvlib.continuum import intrinsic_dimension
        >>> features = np.random.default_rng(0).standard_normal((120, 4, 5))
        >>> figure = intrinsic_dimension(features).plot()
        >>> len(figure.axes)
        4
        """
        figure = plot_calibration(self.n_points)
        for ax, name in zip(figure.axes, ESTIMATORS, strict=False):
            own = self.profile[self.profile.estimator == name]
            ax.errorbar(own.n_neighbors, own.estimate, 2 * own.deviation.fillna(0), color="C0")
            best = own[own.n_neighbors == BEST_SCALES[name]]
            ax.plot(best.n_neighbors, best.estimate, "o", color="C0")
        figure.axes[-1].axhspan(self.low, self.high, color="C0", alpha=0.15, lw=0)
        figure.axes[-1].axhline(self.estimate, color="C0")
        return figure


def intrinsic_dimension(features: ArrayLike, seed: int = 0) -> Dimension:
    """Estimate the intrinsic dimension of a repertoire, with an interval of two standard errors.

    The estimate is the mean of three estimators: ratios of neighbour distances (Facco et al. 2017),
    maximum likelihood (Levina & Bickel 2005) and local principal components. The interval includes
    the error measured on simulated manifolds of known dimension.

    Parameters
    ----------
    features : float array [n_syllables, n_bands, n_frames]
        Features as `normalise` returns them. Blank syllables (all 0) are left out. At least 100
        others are needed.
    seed : int, default 0
        Seed of the random subsets.

    Returns
    -------
    Dimension

    Raises
    ------
    UsvError
        If fewer than 100 syllables are not blank, or a feature is not finite.

    Examples
    --------
    Points on a curve have one dimension:

    >>> import numpy as np
    >>> from usvlib.continuum import intrinsic_dimension
    >>> rng = np.random.default_rng(0)
    >>> curve = np.sin(rng.uniform(0, 2, (120, 1)) + np.arange(20) / 10)
    >>> dimension = intrinsic_dimension(curve.reshape(120, 4, 5))
    >>> round(dimension.estimate)
    1
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
    error = float(2 * np.hypot(sampling, calibration_error(n_points)))
    return Dimension(
        estimate, max(estimate - error, 0.0), estimate + error, n_points, profile.reset_index()
    )


def plot_calibration(n_points: int = 100) -> Figure:
    """Draw the estimates on simulated manifolds of known dimension.

    Parameters
    ----------
    n_points : int, default 100
        Syllables on each manifold, a number that the calibration used: 100 or 400.

    Returns
    -------
    matplotlib.figure.Figure
        One panel per estimator, over the number of neighbours, and one panel of the mean estimate
        against the true dimension.

    Raises
    ------
    UsvError
        If `n_points` is not 100 or 400.

    Examples
    --------
    >>> from usvlib.continuum import plot_calibration
    >>> [ax.get_title() for ax in plot_calibration().axes]
    ['two nearest', 'likelihood', 'local components', 'mean of the three']
    """
    import matplotlib.pyplot as plt

    known = calibrated_estimates(n_points)
    table = dimension_calibration()
    figure, axes = plt.subplots(1, 4, figsize=(10, 3.1), layout="constrained", sharey=True)
    for ax, name in zip(axes, ESTIMATORS, strict=False):
        group = table[(table.n_points == n_points) & (table.estimator == name)]
        curves = group.pivot_table(index="n_neighbors", columns="dimension", values="estimate")
        ax.plot(curves, "-", color="0.6", lw=1)
        below = 0.0
        for truth, curve in curves.items():
            below = max(curve.iloc[-1], below + 0.4)  # labels must not overlap
            ax.annotate(truth, (44, below), color="0.4", va="center", size=8)
        ax.set(title=name, xscale="log", xlabel="neighbours", xlim=(4, 60))
        ax.set_xticks(SCALES, SCALES)
        ax.minorticks_off()
    jitter = (known.repetition - known.repetition.mean()) * 0.04
    axes[3].plot([0.5, 6.5], [0.5, 6.5], ":", color="0.6")
    axes[3].plot(known.dimension + jitter, known.estimate, ".", color="0.4", ms=4)
    axes[3].set(title="mean of the three", xlabel="true dimension")
    axes[0].set_ylabel("dimension")
    axes[0].set_ylim(bottom=0)
    return figure


@functools.cache
def dimension_calibration() -> pandas.DataFrame:
    """Return the stored estimates on simulated manifolds of known dimension.

    Returns
    -------
    pandas.DataFrame
        One row per estimate: `n_points`, `estimator`, `n_neighbors`, `dimension` (the truth),
        `repetition`, `estimate`. The table is cached; do not change it.

    Examples
    --------
    >>> from usvlib.continuum import dimension_calibration
    >>> sorted(dimension_calibration().n_points.unique().tolist())
    [100, 400]
    """
    import pandas

    return pandas.read_csv(CALIBRATION, comment="#")


def calibrated_estimates(n_points: int) -> pandas.DataFrame:
    """Return the true and the estimated dimension of simulated manifolds of known dimension.

    Parameters
    ----------
    n_points : int
        Syllables on each manifold: 100 or 400.

    Returns
    -------
    pandas.DataFrame
        One row per manifold: `dimension` (the truth), `repetition`, and `estimate`, computed as in
        `intrinsic_dimension`.

    Raises
    ------
    UsvError
        If `n_points` is not 100 or 400.

    Examples
    --------
    >>> from usvlib.continuum import calibrated_estimates
    >>> table = calibrated_estimates(400)
    >>> len(table), bool((table.estimate - table.dimension).abs().median() < 1)
    (48, True)
    """
    n_points = whole_number("n_points", n_points, 1)
    table = dimension_calibration()
    sizes = sorted(table.n_points.unique().tolist())
    if n_points not in sizes:
        raise UsvError(
            f"n_points is {n_points!r}; it must be one of the calibration's: "
            f"{', '.join(map(str, sizes))}"
        )
    table = table[table.n_points == n_points]
    best = table[table.n_neighbors == table.estimator.map(BEST_SCALES)]
    return best.groupby(["dimension", "repetition"]).estimate.mean().reset_index()


def calibration_error(n_points: int) -> float:
    """Return the root mean square error of the estimate on the calibration's manifolds."""
    table = calibrated_estimates(n_points)
    return float(np.sqrt(((table.estimate - table.dimension) ** 2).mean()))

"""Controls: simulated repertoires of known kind, rendered as sound and processed like recordings.

Each control is a cloud of latent coordinates. The simulator turns them into sound, and the recipe
turns the sound into features and measures, so that a test of a control sees all the effects of the
spectrogram and the normalisation.
"""

from __future__ import annotations

import inspect
import numbers
from typing import TYPE_CHECKING

import numpy as np

from .._shared import UsvError, whole_number
from ..data import LATENTS, recording_of_latents
from ..measures import syllable_measures
from ..normalisation import normalise
from ..recipe import ORIGINAL
from ..spectrograms import syllable_spectrograms

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas
    from numpy.random import Generator
    from numpy.typing import ArrayLike

    from ..recipe import Recipe

# With gaps about as long as syllables, each band is silent most of the time, and the median over
# the recording gives the noise floor.
GAP_S = 0.045

# Standard deviations within a type, and the range of a type's centre, by axis. Outside this range
# neither the simulator nor a mouse makes a sound.
TYPE_AXES = ("log_duration", "mean_frequency_khz", "slope_khz", "curvature_khz")
WITHIN = np.array([0.10, 2.0, 2.0, 1.8])
RANGES = np.array([[np.log(0.018), np.log(0.160)], [60, 88], [-24, 24], [-14, 14]])

# Shares of the syllables that jump, and that belong to the satellite.
JUMP_SHARE, SATELLITE_SHARE = 0.25, 0.12

# Rules for options that are not simply numbers above 0.
OPTION_RULES = {
    "share": ("above 0 and below 1", lambda value: 0 < value < 1),
    "noise": ("of at least 0", lambda value: 0 <= value < np.inf),
    "spread_khz": ("of at least 0", lambda value: 0 <= value < np.inf),
}


def simulate_control(
    kind: str, n_syllables: int = 600, seed: int = 0, recipe: Recipe = ORIGINAL, **options
) -> tuple[np.ndarray, pandas.DataFrame, np.ndarray]:
    """Simulate a repertoire of known kind and return its features and measures.

    Parameters
    ----------
    kind : str
        Six kinds are continua: "gaussian" (one Gaussian cloud), "skewed" (with long tails),
        "bent" (a wide band, bent into a horseshoe), "uneven" (much denser at one end), "band" (a
        thin bent line) and "halo" (a dense core with a wide halo). The others are "types",
        "mean_frequency_types" (types that differ in their mean frequency alone), "satellite" (a
        continuum and one small separate group) and "jumps" (a continuum of which some syllables
        jump in frequency).
    n_syllables : int, default 600
    seed : int, default 0
        Seed of the repertoire and of the noise.
    recipe : Recipe, default ORIGINAL
        Recipe of the spectrograms and the normalisation.
    **options
        Options of that control. Types take `n_types` and `separation` (of the nearest two, in
        standard deviations within a type). "satellite" takes `share` (the fraction of syllables in
        the group) and `separation`. "jumps" takes `share` (the fraction of syllables that jump),
        and `size_khz` and `spread_khz` (mean and standard deviation of the jumps).

    Returns
    -------
    features : float32 array [n_syllables, n_bands, n_frames]
        In log2 units over the noise floor.
    measures : pandas.DataFrame
        One row per syllable, as `syllable_measures` returns it.
    types : int array [n_syllables]
        The true type of each syllable, 0 for all in a continuum. Syllables of a satellite and those
        with a jump have 1.

    Raises
    ------
    UsvError
        If there is no such control, or an option does not exist or has an impossible value.

    Examples
    --------
    >>> from usvlib.continuum import simulate_control
    >>> features, measures, types = simulate_control("types", 12, n_types=3, separation=8)
    >>> len(features), len(measures), sorted(set(types.tolist()))
    (12, 12, [0, 1, 2])
    """
    if kind not in list(CONTROLS):
        raise UsvError(f"kind is {kind!r}; it must be one of {', '.join(CONTROLS)}")
    options = _check_options(kind, options)
    n_syllables = whole_number("n_syllables", n_syllables, 1)
    rng = np.random.default_rng([whole_number("seed", seed, 0), 4])
    latents, types = CONTROLS[kind](rng, n_syllables, **options)
    return render(latents, types, rng, seed, recipe)


def render(
    latents: np.ndarray,
    types: np.ndarray,
    rng: Generator,
    seed: int = 0,
    recipe: Recipe = ORIGINAL,
) -> tuple[np.ndarray, pandas.DataFrame, np.ndarray]:
    """Render syllables at latent coordinates, and return what `simulate_control` returns."""
    recording = recording_of_latents(latents, types, rng, seed, name="control", gap_s=GAP_S)
    spectrograms = syllable_spectrograms(recording, recipe)
    return normalise(spectrograms, recipe), syllable_measures(spectrograms), np.asarray(types)


def oracle_separation(space: ArrayLike, types: ArrayLike) -> float:
    """Return d' between the two nearest of the given types.

    For each pair of types, each fifth of the syllables is projected on a linear discriminant that
    was fitted to the other four fifths. d' is the distance between the two means in standard
    deviations within a type.

    Parameters
    ----------
    space : float array [n_syllables, n_axes]
    types : int array [n_syllables]
        The true types. Each needs at least 5 syllables.

    Returns
    -------
    float
        The lowest d' among all pairs, or NaN if there is only one type.

    Examples
    --------
    >>> import numpy as np
    >>> from usvlib.continuum import oracle_separation
    >>> types = np.repeat([0, 1], 200)
    >>> space = np.random.default_rng(0).standard_normal((400, 3))
    >>> space[:, 0] += 4 * types
    >>> round(oracle_separation(space, types))
    4
    """
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.model_selection import StratifiedKFold

    lowest = np.inf
    names = np.unique(types)
    for i, j in zip(*np.triu_indices(len(names), 1), strict=True):
        pair = np.isin(types, names[[i, j]])
        x, is_second = space[pair], types[pair] == names[j]
        scores = np.empty(len(x))
        for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(x, is_second):
            model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
            axis = model.fit(x[train], is_second[train]).coef_[0]
            # All folds are brought to one scale, standard deviations within a type.
            own = [x[train][is_second[train] == side] @ axis for side in (False, True)]
            within = np.sqrt(np.mean([values.var() for values in own]))
            middle = np.mean([values.mean() for values in own])
            scores[test] = (x[test] @ axis - middle) / within
        first, second = scores[~is_second], scores[is_second]
        pooled = np.sqrt((first.var(ddof=1) + second.var(ddof=1)) / 2)
        lowest = min(lowest, (second.mean() - first.mean()) / pooled)
    return float(lowest) if len(names) > 1 else np.nan


def _continuum(rng, columns):
    """Return latents with the given columns, Gaussian in the others, and one type for all."""
    n = len(next(iter(columns.values())))
    latents = rng.standard_normal((n, len(LATENTS)))
    for name, column in columns.items():
        latents[:, LATENTS.index(name)] = column
    # The last axis decides whether a syllable jumps, and is not clipped.
    latents[:, :-1] = np.clip(latents[:, :-1], -2.5, 2.5)
    return latents, np.zeros(n, int)


def gaussian(rng: Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw every latent axis from a Gaussian, so that jumps have all sizes from 0 on."""
    return _continuum(rng, {"slope": rng.standard_normal(n)})


def skewed(rng: Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw two axes with a steep side and a long tail, and two with heavy tails."""
    tail = rng.gamma(1.5, size=(n, 2))
    return _continuum(
        rng,
        {
            "log_duration": (tail[:, 0] - 1.5) / 1.2,
            "mean_frequency": (1.5 - tail[:, 1]) / 1.2,
            "slope": 0.6 * rng.standard_t(2.5, n),
            "curvature": 0.6 * rng.standard_t(2.5, n),
        },
    )


def bent(
    rng: Generator, n: int, reach: float = 1.2, noise: float = 0.15
) -> tuple[np.ndarray, np.ndarray]:
    """Draw a band bent like a horseshoe: falling, then arched and long, then rising syllables.

    The band covers an angle of `reach` half turns.
    """
    angle = np.pi * reach * rng.uniform(-0.5, 0.5, n)
    blur = noise * rng.standard_normal((n, 3))
    return _continuum(
        rng,
        {
            "slope": 1.5 * np.sin(angle) + blur[:, 0],
            "curvature": 2.2 * np.cos(angle) - 0.8 + blur[:, 1],
            "log_duration": 0.8 * np.cos(angle) + blur[:, 2],
        },
    )


def uneven(rng: Generator, n: int, power: float = 2.5) -> tuple[np.ndarray, np.ndarray]:
    """Draw a cube that is dense at one corner and a hundred times sparser at the other."""
    edges = -1.7 + 3.4 * rng.uniform(size=(n, 3)) ** power
    names = ("log_duration", "mean_frequency", "slope")
    return _continuum(rng, dict(zip(names, edges.T, strict=True)))


def band(rng: Generator, n: int, noise: float = 0.12) -> tuple[np.ndarray, np.ndarray]:
    """Draw a curved line with little variation around it."""
    along = rng.uniform(-1.8, 1.8, n)
    latents = noise * rng.standard_normal((n, len(LATENTS)))
    latents[:, 0] += 0.6 * along
    latents[:, 1] += 0.8 * np.sin(along)
    latents[:, 2] += along
    return latents, np.zeros(n, int)


def halo(rng: Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw a dense core with a wide sparse halo, a continuous mixture of scales."""
    scale = np.exp(rng.uniform(np.log(0.15), np.log(1.6), n))
    latents = scale[:, np.newaxis] * rng.standard_normal((n, len(LATENTS)))
    return np.clip(latents, -2.5, 2.5), np.zeros(n, int)


def types(
    rng: Generator,
    n: int,
    n_types: int = 6,
    separation: float = 8.0,
    axes: Sequence[str] = TYPE_AXES,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw equally common types whose nearest two are `separation` apart.

    The separation is in standard deviations within a type. Centres differ only on `axes`, some of
    `TYPE_AXES`.
    """
    used = np.isin(TYPE_AXES, axes)
    low, high = (RANGES / WITHIN[:, np.newaxis]).T
    middle, half = (low + high) / 2, (high - low) / 2 * used
    for _ in range(2000):
        centres = middle + half * rng.uniform(-1, 1, (max(200, 20 * n_types), len(WITHIN)))
        chosen = _spread_out(centres, n_types)
        apart = np.linalg.norm(chosen[:, np.newaxis] - chosen, axis=-1)
        nearest = apart[np.triu_indices(n_types, 1)].min()
        if nearest >= separation:
            break
    else:
        raise UsvError(
            f"separation is {separation!r}; {n_types} types on {', '.join(axes)} cannot be farther "
            f"apart than about {nearest:.1f} standard deviations"
        )
    centres = middle + (chosen - chosen.mean(axis=0)) * separation / nearest
    centres = np.clip(centres, low, high)
    labels = rng.permutation(np.arange(n) % n_types)
    values = (centres[labels] + rng.standard_normal((n, len(WITHIN)))) * WITHIN
    return _latents_of(rng, *values.T), labels


def mean_frequency_types(
    rng: Generator, n: int, n_types: int = 3, separation: float = 5.0
) -> tuple[np.ndarray, np.ndarray]:
    """Draw types that differ only in mean frequency, which centring removes."""
    return types(rng, n, n_types, separation, ("mean_frequency_khz",))


def satellite(
    rng: Generator, n: int, share: float = SATELLITE_SHARE, separation: float = 8.0
) -> tuple[np.ndarray, np.ndarray]:
    """Draw a Gaussian continuum and a separate small group of high, short, falling syllables.

    `separation` is the distance of the group from the edge of the continuum, in standard deviations
    within the group.
    """
    latents, labels = _continuum(rng, {"jump": 0.9 * rng.uniform(-1, 1, n)})
    latents[:, :4] *= 0.6
    labels[: round(share * n)] = 1
    inside = labels == 1
    latents[inside, :4] = 0.15 * rng.standard_normal((inside.sum(), 4))
    towards = np.array([-0.5, 0.6, -0.6, -0.2])
    latents[inside, :4] += towards * (1.2 + 0.15 * separation)
    return latents, labels


def jumps(
    rng: Generator,
    n: int,
    share: float = JUMP_SHARE,
    size_khz: float = 20.0,
    spread_khz: float = 2.5,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw a Gaussian continuum in which a share of the syllables jumps by about `size_khz`."""
    broken = rng.permutation(np.arange(n) < round(share * n))
    size_khz = np.where(broken, size_khz + spread_khz * rng.standard_normal(n), 0)
    latents, _ = _continuum(rng, {"jump": np.zeros(n)})
    latents[:, -1] = rng.choice([-1, 1], n) * (1 + size_khz / 20) * broken
    # In a shorter syllable the spectrogram blurs a jump into a sweep, whose step has any size.
    long = -0.5 + np.abs(rng.standard_normal(n))
    latents[:, 0] = np.where(broken, np.maximum(long, -0.5), latents[:, 0])
    return latents, broken.astype(int)


CONTINUA = {f.__name__: f for f in (gaussian, skewed, bent, uneven, band, halo)}
CONTROLS = CONTINUA | {f.__name__: f for f in (types, mean_frequency_types, satellite, jumps)}


def _check_options(kind, options):
    """Return the options of a control, or raise a `UsvError` about an unknown or impossible one."""
    known = list(inspect.signature(CONTROLS[kind]).parameters)[2:]  # after rng and n
    for name, value in options.items():
        if name not in known:
            raise UsvError(f"{kind} has no option {name}; it has {', '.join(known) or 'none'}")
        if name == "axes":
            if isinstance(value, str) or not value or not set(value) <= set(TYPE_AXES):
                raise UsvError(f"axes is {value!r}; it must be some of {', '.join(TYPE_AXES)}")
        elif name == "n_types":
            options[name] = whole_number(name, value, 2)
        else:
            rule, holds = OPTION_RULES.get(name, ("above 0", lambda value: 0 < value < np.inf))
            real = isinstance(value, numbers.Real) and not isinstance(value, bool)
            if not real or not holds(value):
                raise UsvError(f"{name} is {value!r}; it must be a number {rule}")
    return options


def _spread_out(centres, n):
    """Choose n centres, each as far as possible from those before."""
    chosen = [0]
    nearest = np.linalg.norm(centres - centres[0], axis=1)
    while len(chosen) < n:
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, np.linalg.norm(centres - centres[chosen[-1]], axis=1))
    return centres[chosen]


def _latents_of(rng, log_duration, mean_khz, slope_khz, curvature_khz):
    """Return the latent coordinates that the simulator turns into these values, without jumps."""
    latents = 0.3 * rng.standard_normal((len(mean_khz), len(LATENTS)))
    room = np.minimum(np.exp(log_duration) / 0.040, 1.5) ** 0.5
    latents[:, 0] = (log_duration - np.log(0.046)) / 0.73
    latents[:, 1] = (mean_khz - 72) / 8
    latents[:, 2] = np.arcsinh(slope_khz / 5.5 / room) / 1.2
    latents[:, 3] = np.arcsinh(curvature_khz / 3 / room) / 1.2
    latents[:, -1] = 0
    return latents

"""Repertoires of which it is known whether they have types, from their sound to their pictures.

Each is a cloud of latent coordinates that the simulator turns into sound, and the recipe into
pictures and measures: what a test of the repertoire sees has gone the whole way.
"""

import inspect
import numbers

import numpy as np

from .._shared import UsvError, whole_number
from ..data import LATENTS, recording_of_latents
from ..measures import syllable_measures
from ..normalisation import normalise
from ..recipe import ORIGINAL
from ..spectrograms import syllable_spectrograms

# Enough noise for the floor: with gaps as long as syllables, a band is free most of the time.
GAP_S = 0.045

# Standard deviations within a type, and the range of its centre. Beyond these there is no sound
# that the simulator's bands or a mouse could hold.
TYPE_AXES = ("log_duration", "mean_frequency_khz", "slope_khz", "curvature_khz")
WITHIN = np.array([0.10, 2.0, 2.0, 1.8])
RANGES = np.array([[np.log(0.018), np.log(0.160)], [60, 88], [-24, 24], [-14, 14]])

# Share of the calls that break, or are of the satellite, where there are such.
JUMP_SHARE, SATELLITE_SHARE = 0.25, 0.12

# What options must be, where that is not a number above 0.
OPTION_RULES = {
    "share": ("above 0 and below 1", lambda value: 0 < value < 1),
    "noise": ("of at least 0", lambda value: 0 <= value < np.inf),
    "spread_khz": ("of at least 0", lambda value: 0 <= value < np.inf),
}


def simulate_control(kind, n_syllables=600, seed=0, recipe=ORIGINAL, **options):
    """The pictures and the measures of a repertoire of known kind, by way of its sound.

    Parameters
    ----------
    kind : str
        One of `CONTROLS`.
    n_syllables : int
    seed : int
    recipe : Recipe
    **options
        Of that control, such as `n_types` and `separation`.

    Returns
    -------
    features : float32 array [n_syllables, n_bands, n_frames]
    measures : pandas.DataFrame
    types : int array [n_syllables]
        All 0 in a continuum.
    """
    if kind not in list(CONTROLS):
        raise UsvError(f"kind is {kind!r}; it must be one of {', '.join(CONTROLS)}")
    options = _check_options(kind, options)
    n_syllables = whole_number("n_syllables", n_syllables, 1)
    rng = np.random.default_rng([whole_number("seed", seed, 0), 4])
    latents, types = CONTROLS[kind](rng, n_syllables, **options)
    return render(latents, types, rng, seed, recipe)


def render(latents, types, rng, seed=0, recipe=ORIGINAL):
    """Syllables at latent coordinates, as `simulate_control` returns them."""
    recording = recording_of_latents(latents, types, rng, seed, name="control", gap_s=GAP_S)
    spectrograms = syllable_spectrograms(recording, recipe)
    return normalise(spectrograms, recipe), syllable_measures(spectrograms), np.asarray(types)


def oracle_separation(space, types):
    """How far apart the two nearest types are for one who knows them: d'.

    Pair by pair, syllables are projected on the linear discriminant of the four fifths that they
    are not of, found with the true types.

    Parameters
    ----------
    space : float array [n_syllables, d]
    types : int array [n_syllables]

    Returns
    -------
    float
        NaN if there is but one type.
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
            # On one scale in each fold: standard deviations within a type.
            own = [x[train][is_second[train] == side] @ axis for side in (False, True)]
            within = np.sqrt(np.mean([values.var() for values in own]))
            middle = np.mean([values.mean() for values in own])
            scores[test] = (x[test] @ axis - middle) / within
        first, second = scores[~is_second], scores[is_second]
        pooled = np.sqrt((first.var(ddof=1) + second.var(ddof=1)) / 2)
        lowest = min(lowest, (second.mean() - first.mean()) / pooled)
    return float(lowest) if len(names) > 1 else np.nan


def _continuum(rng, columns):
    """Latents of the given columns, the others Gaussian; none so far out that it is clipped."""
    n = len(next(iter(columns.values())))
    latents = rng.standard_normal((n, len(LATENTS)))
    for name, column in columns.items():
        latents[:, LATENTS.index(name)] = column
    # Where a break is asked for or not, it stays so.
    latents[:, :-1] = np.clip(latents[:, :-1], -2.5, 2.5)
    return latents, np.zeros(n, int)


def gaussian(rng, n):
    """Every latent axis Gaussian; breaks of all sizes from 0 on."""
    return _continuum(rng, {"slope": rng.standard_normal(n)})


def skewed(rng, n):
    """Axes with a steep side and a long tail, and heavy tails."""
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


def bent(rng, n, reach=1.2, noise=0.15):
    """A band bent into a horseshoe: from falling over arched to rising calls, long in the middle.

    `reach` is half its angle, of half a turn.
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


def uneven(rng, n, power=2.5):
    """Dense at one corner and a hundred times thinner at the other, without a gap."""
    edges = -1.7 + 3.4 * rng.uniform(size=(n, 3)) ** power
    names = ("log_duration", "mean_frequency", "slope")
    return _continuum(rng, dict(zip(names, edges.T, strict=True)))


def band(rng, n, noise=0.12):
    """A line, as one mouse's calls might follow, with little else that varies."""
    along = rng.uniform(-1.8, 1.8, n)
    latents = noise * rng.standard_normal((n, len(LATENTS)))
    latents[:, 0] += 0.6 * along
    latents[:, 1] += 0.8 * np.sin(along)
    latents[:, 2] += along
    return latents, np.zeros(n, int)


def halo(rng, n):
    """A dense core that thins out to a wide halo: a continuous mixture of scales."""
    scale = np.exp(rng.uniform(np.log(0.15), np.log(1.6), n))
    latents = scale[:, np.newaxis] * rng.standard_normal((n, len(LATENTS)))
    return np.clip(latents, -2.5, 2.5), np.zeros(n, int)


def types(rng, n, n_types=6, separation=8.0, axes=TYPE_AXES):
    """Types, equally common, whose nearest two are `separation` apart.

    That is in standard deviations within a type, over those of `TYPE_AXES` that are in `axes`.
    """
    # Others could not be told from their neighbours by the axes that are left.
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


def mean_frequency_types(rng, n, n_types=3, separation=5.0):
    """Types that differ in their mean frequency alone, which centring takes away."""
    return types(rng, n, n_types, separation, ("mean_frequency_khz",))


def satellite(rng, n, share=SATELLITE_SHARE, separation=8.0):
    """A Gaussian continuum, and apart from it one small group of high, short, falling calls.

    `separation` is that of the group from the edge of the continuum, in its own deviations.
    """
    latents, labels = _continuum(rng, {"jump": 0.9 * rng.uniform(-1, 1, n)})
    latents[:, :4] *= 0.6
    labels[: round(share * n)] = 1
    inside = labels == 1
    latents[inside, :4] = 0.15 * rng.standard_normal((inside.sum(), 4))
    towards = np.array([-0.5, 0.6, -0.6, -0.2])
    latents[inside, :4] += towards * (1.2 + 0.15 * separation)
    return latents, labels


def jumps(rng, n, share=JUMP_SHARE, size_khz=20.0, spread_khz=2.5):
    """A Gaussian continuum, some calls of which break by about so many kHz, up or down."""
    broken = rng.permutation(np.arange(n) < round(share * n))
    size_khz = np.where(broken, size_khz + spread_khz * rng.standard_normal(n), 0)
    latents, _ = _continuum(rng, {"jump": np.zeros(n)})
    latents[:, -1] = rng.choice([-1, 1], n) * (1 + size_khz / 20) * broken
    # A break in a shorter call fades into a sweep, and would be of any size.
    long = -0.5 + np.abs(rng.standard_normal(n))
    latents[:, 0] = np.where(broken, np.maximum(long, -0.5), latents[:, 0])
    return latents, broken.astype(int)


CONTINUA = {f.__name__: f for f in (gaussian, skewed, bent, uneven, band, halo)}
CONTROLS = CONTINUA | {f.__name__: f for f in (types, mean_frequency_types, satellite, jumps)}


def _check_options(kind, options):
    """The options of a control, or a `UsvError` about one that it has not, or that cannot be."""
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
    """`n` of the centres, each as far as can be from those before."""
    chosen = [0]
    nearest = np.linalg.norm(centres - centres[0], axis=1)
    while len(chosen) < n:
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, np.linalg.norm(centres - centres[chosen[-1]], axis=1))
    return centres[chosen]


def _latents_of(rng, log_duration, mean_khz, slope_khz, curvature_khz):
    """Latent coordinates of the values that the simulator would draw from them; no breaks."""
    latents = 0.3 * rng.standard_normal((len(mean_khz), len(LATENTS)))
    room = np.minimum(np.exp(log_duration) / 0.040, 1.5) ** 0.5
    latents[:, 0] = (log_duration - np.log(0.046)) / 0.73
    latents[:, 1] = (mean_khz - 72) / 8
    latents[:, 2] = np.arcsinh(slope_khz / 5.5 / room) / 1.2
    latents[:, 3] = np.arcsinh(curvature_khz / 3 / room) / 1.2
    latents[:, -1] = 0
    return latents

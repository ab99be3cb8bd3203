"""Simulated recordings: bouts of syllables over noise, whose contours and types are known.

Parameters without another source are those of 245 hand-labelled calls of house mice, among them
those of the AMVOC recordings (Stoumpou et al. 2022, doi:10.1080/09524622.2022.2099973).
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from .._shared import UsvError, as_numbers, check_table, check_type, real_number, whole_number
from .audio import fingerprint_of
from .recordings import Recording
from .synthesis import CLICKS_PER_S, Sound, Syllable

BAND_HZ = (50_000, 112_000)  # inside the bands that the tutorial's recipe keeps
MAX_SEED = 2**32 - 1
# These only keep absurd values out, which would fill the memory.
MAX_SYLLABLES, MAX_TYPES = 1_000_000, 1000
MAX_SAMPLERATE_HZ, MAX_GAP_S, MAX_DRAWN = 10_000_000, 3600, 1000

# The latent axes of a syllable. In this space a repertoire is one cloud (a continuum) or several.
LATENTS = ("log_duration", "mean_frequency", "slope", "curvature", "wiggle", "jump")

# What is drawn for each syllable in addition.
DRAWN = ("phase", "jump_at", "level_db", "harmonic")


@dataclasses.dataclass(frozen=True, eq=False)
class Truth:
    """What the simulator knows of each syllable.

    Attributes
    ----------
    syllables : pandas.DataFrame, one row per syllable
        The measures of the contour (`duration_ms`, `mean_frequency_khz`, `slope_khz_per_ms`,
        `bandwidth_khz`, `jump_khz`), `bin_level_db` over the median of the noise in one bin of the
        Fourier transform (a mel band sums several bins and shows some 9 dB less), `harmonic`,
        `type` (0 where there is only one), and the latent coordinates, in standard deviations of
        a continuous repertoire.
    contours_khz : list of float array [n_ms]
        Frequency at 0, 1, 2, ... ms after the onset.

    Examples
    --------
    >>> import usvlib
    >>> truth = usvlib.simulate_recording(n_syllables=3, n_types=3).truth
    >>> sorted(truth.syllables.type)
    [0, 1, 2]
    >>> len(truth.contours_khz)
    3
    """

    syllables: Any
    contours_khz: list

    def __post_init__(self) -> None:
        check_table("syllables", self.syllables)
        check_type("contours_khz", self.contours_khz, list)
        for i, contour in enumerate(self.contours_khz):
            as_numbers(f"contours_khz[{i}]", contour, "[n_ms]")


class Simulation:
    """The sound and the truth of a simulated recording, pickled as the call that makes them.

    `make(*arguments)` is called once in each process that needs them.
    """

    def __init__(self, make, *arguments):
        # Drawing from a random generator changes it, so a copy is kept for pickling.
        self.recipe = make, copy.deepcopy(arguments)
        self.sound, self.truth = make(*arguments)
        self.samples = self.sound.samples

    def __reduce__(self):
        make, arguments = self.recipe
        return Simulation, (make, *arguments)


def simulate_recording(
    n_syllables: int = 1600,
    seed: int = 0,
    samplerate_hz: int = 300_000,
    n_types: int | None = None,
    separation: float = 6.0,
    spread: float = 0.15,
    band_hz: tuple[float, float] = BAND_HZ,
    name: str = "simulated",
) -> Recording:
    """Simulate a recording of mouse-like syllables, whose samples are made as they are read.

    The same arguments give the same samples, in blocks of any size.

    Parameters
    ----------
    n_syllables : int, default 1600
    seed : int, default 0
    samplerate_hz : int, default 300000
    n_types : int, optional
        Number of types, equally common, from which syllables are drawn. By default they are drawn
        from one continuous repertoire.
    separation : float, default 6
        Distance between the centres of the nearest two types, in standard deviations within a type,
        over the latent axes except `jump`.
    spread : float, default 0.15
        Standard deviation within a type, divided by that of the continuous repertoire.
    band_hz : (float, float), default (50000, 112000)
        All contours stay within this band.
    name : str, default "simulated"

    Returns
    -------
    Recording
        Its `truth` is a `Truth`.

    Raises
    ------
    UsvError
        If an argument has an impossible value.

    Examples
    --------
    >>> import usvlib
    >>> recording = usvlib.simulate_recording(n_syllables=5, seed=1)
    >>> recording.n_syllables, len(recording.truth.syllables)
    (5, 5)
    """
    n_syllables = whole_number("n_syllables", n_syllables, 1, MAX_SYLLABLES)
    n_types = None if n_types is None else whole_number("n_types", n_types, 1, MAX_TYPES)
    separation = real_number("separation", separation, above=0)
    spread = real_number("spread", spread, above=0)
    seed, samplerate_hz, (low_hz, high_hz) = _check(seed, samplerate_hz, band_hz, name)
    repertoire = n_syllables, seed, n_types, separation, spread
    source = Simulation(_make_repertoire, *repertoire, samplerate_hz, (low_hz, high_hz))
    digest = fingerprint_of("repertoire", *repertoire, samplerate_hz, low_hz, high_hz)
    return _recording(source, name, f"simulated {digest}")


def simulate_from_latents(
    latents: np.ndarray,
    seed: int = 0,
    samplerate_hz: int = 300_000,
    given: dict | None = None,
    band_hz: tuple[float, float] = BAND_HZ,
    name: str = "simulated",
) -> Recording:
    """Simulate a recording of syllables at given latent coordinates.

    This makes manifolds of known dimension: let the latents vary along some axes and keep the
    others constant, and give the values that would otherwise be drawn for each syllable.

    Parameters
    ----------
    latents : float array [n_syllables, 6]
        In the order of `LATENTS`, in standard deviations of the continuous repertoire.
    seed, samplerate_hz, band_hz, name
        See `simulate_recording`.
    given : dict, optional
        Any of `level_db`, `phase`, `jump_at` and `harmonic`: one number, or one for each syllable.

    Returns
    -------
    Recording
        Its `truth` is a `Truth` in which all syllables have type 0. The latents are pickled with
        it.

    Raises
    ------
    UsvError
        If an argument has an impossible value.

    Examples
    --------
    >>> import numpy as np
    >>> latents = np.zeros((4, 6))
    >>> latents[:, 2] = [-1, -0.5, 0.5, 1]  # the axis of slope
    >>> slopes = simulate_from_latents(latents).truth.syllables.slope_khz_per_ms
    >>> bool(slopes.is_monotonic_increasing)
    True
    """
    latents = _check_latents(latents)
    seed = whole_number("seed", seed, 0, MAX_SEED)
    types, rng = np.zeros(len(latents), int), np.random.default_rng([seed, 1])
    return recording_of_latents(
        latents, types, rng, seed, samplerate_hz, band_hz, name, given=given
    )


def recording_of_latents(
    latents: np.ndarray,
    types: np.ndarray,
    rng: np.random.Generator,
    seed: int,
    samplerate_hz: int = 300_000,
    band_hz: tuple[float, float] = BAND_HZ,
    name: str = "simulated",
    gap_s: float | None = None,
    given: dict | None = None,
) -> Recording:
    """Simulate syllables at given latent coordinates, with a given random generator.

    Parameters
    ----------
    latents : float array [n_syllables, 6]
        In the order of `LATENTS`.
    types : int array [n_syllables]
        Goes into the truth unchanged.
    rng : numpy.random.Generator
        Draws what the latent coordinates leave open: level, phase, places of jumps, times.
    seed : int
        Seed of the noise.
    samplerate_hz, band_hz, name
        See `simulate_recording`.
    gap_s : float, optional
        Silence after each syllable. By default syllables come in bouts with long pauses between.
    given : dict, optional
        Values of `DRAWN` that are not drawn: one number, or one for each syllable.

    Returns
    -------
    Recording
        Its `truth` is a `Truth`. Equal fingerprints mean equal sound: they are taken over all
        arguments and the state of the generator.

    Raises
    ------
    UsvError
        If an argument has an impossible value.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> recording_of_latents(np.zeros((3, 6)), np.zeros(3, int), rng, seed=0).n_syllables
    3
    """
    latents = _check_latents(latents)
    types = as_numbers("types", types, "[n_syllables]")
    if types.shape != (len(latents),):
        raise UsvError(f"types has shape {types.shape}; it must be [{len(latents)}]")
    check_type("rng", rng, np.random.Generator)
    seed, samplerate_hz, (low_hz, high_hz) = _check(seed, samplerate_hz, band_hz, name)
    if gap_s is not None:
        gap_s = real_number("gap_s", gap_s, least=0, most=MAX_GAP_S)
    given = _check_given(given, len(latents))
    state = repr(rng.bit_generator.state)
    drawn = [part for key in sorted(given) for part in (key, np.asarray(given[key]))]
    digest = fingerprint_of(
        latents, types, *drawn, state, seed, samplerate_hz, low_hz, high_hz, gap_s
    )
    how = latents, types, rng, seed, samplerate_hz, (low_hz, high_hz), gap_s, given
    return _recording(Simulation(_make_sound, *how), name, f"simulated {digest}")


def _recording(source, name, fingerprint):
    sound = source.sound
    return Recording(
        name=name,
        samplerate_hz=sound.samplerate_hz,
        n_samples=sound.n_samples,
        source=source,
        fingerprint=fingerprint,
        onsets=sound.onsets,
        offsets=sound.offsets,
    )


def _make_repertoire(n_syllables, seed, n_types, separation, spread, samplerate_hz, band_hz):
    """Return the sound and the truth of `simulate_recording`."""
    rng = np.random.default_rng([seed, 1])
    if n_types is None:
        types = np.zeros(n_syllables, int)
        latents = rng.standard_normal((n_syllables, len(LATENTS)))
    else:
        centres = _type_centres(rng, n_types, separation * spread)
        types = rng.permutation(np.arange(n_syllables) % n_types)
        within = spread * rng.standard_normal((n_syllables, len(LATENTS)))
        latents = centres[types] + within
    return _make_sound(latents, types, rng, seed, samplerate_hz, band_hz, None, None)


def _make_sound(latents, types, rng, seed, samplerate_hz, band_hz, gap_s, given):
    """Return the sound and the truth of syllables at latent coordinates."""
    syllables = _draw_syllables(rng, latents, band_hz, given)
    durations_s = np.array([s.duration_s for s in syllables])
    if gap_s is None:
        gaps_s = _draw_gaps(rng, len(durations_s))
    else:
        gaps_s = np.full(len(durations_s), gap_s)
    starts_s = np.cumsum(gaps_s) + np.concatenate([[0], np.cumsum(durations_s)[:-1]])
    onsets = np.round(starts_s * samplerate_hz).astype(np.int64)
    offsets = onsets + np.round(durations_s * samplerate_hz).astype(np.int64)
    n_samples = int(offsets[-1] + (0.5 if gap_s is None else gap_s) * samplerate_hz)
    clicks = np.sort(rng.integers(0, n_samples, round(CLICKS_PER_S * n_samples / samplerate_hz)))
    sound = Sound(seed, samplerate_hz, n_samples, syllables, onsets, offsets, clicks)
    return sound, _truth(syllables, latents, types, samplerate_hz)


def _draw_syllables(rng, latents, band_hz, given=None):
    """Return syllables at their latent coordinates; the rest (level, phase) is drawn for each."""
    n = len(latents)
    z = dict(zip(LATENTS, latents.T, strict=True))
    # Median 46 ms, and a twentieth of the calls below 14 or above 159 ms.
    duration_s = np.clip(0.046 * np.exp(0.73 * z["log_duration"]), 0.006, 0.4)
    # Long calls have room to sweep further; sinh gives the measured heavy tails of bandwidth.
    room = np.minimum(duration_s / 0.040, 1.5) ** 0.5
    low, high = band_hz
    values = {
        "duration_s": duration_s,
        "mean_hz": np.clip(72_000 + 8_000 * z["mean_frequency"], low + 2_000, high - 2_000),
        "slope_hz": 5_500 * room * np.sinh(1.2 * z["slope"]),
        "curvature_hz": 3_000 * room * np.sinh(1.2 * z["curvature"]),
        "wiggle_hz": 350 * room * np.exp(0.8 * z["wiggle"]),
        "n_wiggles": 0.5 + duration_s / 0.045,
        "phase": rng.uniform(0, 1, n),
        "jump_at": rng.uniform(0.25, 0.75, n),
        "level_db": np.clip(rng.normal(37.5, 6.5, n), 24, 55),
        # A third of these are too high for a harmonic, which leaves the measured 5.6 %.
        "harmonic": np.where(rng.uniform(size=n) < 0.083, rng.uniform(0.1, 0.4, n), 0.0),
    }
    # Beyond one standard deviation a call jumps, up or down, by more the farther out it is: one in
    # ten by 10 to 40 kHz. In short calls a jump fades into a sweep.
    size_hz = np.clip(20_000 * (np.abs(z["jump"]) - 1.0), 0, 40_000)
    size_hz *= np.clip((duration_s - 0.015) / 0.015, 0, 1)
    values["jump_hz"] = np.sign(z["jump"]) * size_hz
    values |= given or {}
    for key in ("slope_hz", "curvature_hz"):
        values[key] = np.clip(values[key], -40_000, 40_000)
    return [
        Syllable(**{key: float(column[i]) for key, column in values.items()}, band_hz=(low, high))
        for i in range(n)
    ]


def _draw_gaps(rng, n):
    """Return the silence before each syllable, in seconds: bouts with pauses between them."""
    # Gaps in a bout: median 63 ms, with a long tail (5, 25, 75, 95 %: 31, 48, 93, 577 ms).
    gaps_s = np.where(
        rng.uniform(size=n) < 0.9,
        0.060 * np.exp(0.40 * rng.standard_normal(n)),
        0.450 * np.exp(0.70 * rng.standard_normal(n)),
    )
    starts_bout = rng.uniform(size=n) < 1 / 20
    gaps_s = np.where(starts_bout, 0.8 + rng.exponential(1.5, n), gaps_s)
    gaps_s[0] = 0.5
    return gaps_s


def _type_centres(rng, n_types, distance):
    """Return centres of types, spread evenly; the nearest two are `distance` apart."""
    centres = rng.standard_normal((max(200, 20 * n_types), len(LATENTS)))
    # Near the middle of this axis nothing changes in the sound, so types would not differ.
    centres[:, LATENTS.index("jump")] = 0
    chosen = [0]
    nearest = np.linalg.norm(centres - centres[0], axis=1)
    while len(chosen) < n_types:
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, np.linalg.norm(centres - centres[chosen[-1]], axis=1))
    centres = centres[chosen] - centres[chosen].mean(axis=0)
    if n_types == 1:
        return centres
    apart = np.linalg.norm(centres[:, np.newaxis] - centres, axis=-1)
    return centres * distance / apart[np.triu_indices(n_types, 1)].min()


def _truth(syllables, latents, types, rate):
    import pandas

    contours_khz, rows = [], []
    for syllable in syllables:
        duration_ms = 1000 * syllable.duration_s
        contour = syllable.contour_hz(np.arange(0, duration_ms) / duration_ms) / 1000
        contours_khz.append(contour)
        rows.append(
            {
                "duration_ms": duration_ms,
                "mean_frequency_khz": contour.mean(),
                "bandwidth_khz": np.ptp(contour),
                "slope_khz_per_ms": np.polyfit(np.arange(len(contour)), contour, 1)[0],
                "jump_khz": syllable.jump_hz / 1000,
                "bin_level_db": syllable.level_db,
                "harmonic": bool(
                    syllable.harmonic and (syllable.harmonic_share(1000 * contour, rate)).any()
                ),
            }
        )
    table = pandas.DataFrame(rows)
    table["type"] = types
    return Truth(table.join(pandas.DataFrame(latents, columns=LATENTS)), contours_khz)


def _check(seed, samplerate_hz, band_hz, name):
    """Return seed, sampling rate and band as plain numbers."""
    check_type("name", name, str)
    seed = whole_number("seed", seed, 0, MAX_SEED)
    rate = whole_number("samplerate_hz", samplerate_hz, 1, MAX_SAMPLERATE_HZ)
    band = as_numbers("band_hz", band_hz, "[2]")
    low, high = band.tolist() if band.shape == (2,) else (0, 0)
    if not 0 < low < high - 5_000 or high > 0.48 * rate:
        raise UsvError(
            f"band_hz is {band_hz!r}; it must span 5 kHz or more below 0.48 times the sampling "
            f"rate, {0.48 * rate:g} Hz"
        )
    return seed, rate, (float(low), float(high))


def _check_latents(latents):
    """Return latents as finite float64 array [n_syllables, 6]."""
    latents = as_numbers("latents", latents, f"[n_syllables, {len(LATENTS)}]").astype(np.float64)
    if latents.ndim != 2 or latents.shape[1] != len(LATENTS) or not len(latents):
        raise UsvError(
            f"latents has shape {latents.shape}; it must be [n_syllables, {len(LATENTS)}]"
        )
    if not np.isfinite(latents).all():
        raise UsvError("latents are not all finite; they must be numbers")
    return latents


def _check_given(given, n_syllables):
    """Return the values that are not drawn as arrays [n_syllables]."""
    if given is None:
        return {}
    check_type("given", given, Mapping)
    if unknown := [key for key in given if key not in DRAWN]:
        raise UsvError(f"given has {unknown[0]!r}; it may have {', '.join(DRAWN)}")
    arrays = {}
    for key, value in given.items():
        values = as_numbers(f"{key} of given", value, "[n_syllables]")
        one_each = values.shape in ((), (1,), (n_syllables,))
        if not one_each or not (np.abs(values) <= MAX_DRAWN).all():
            raise UsvError(
                f"{key} of given has shape {values.shape}; it must be one number for all or for "
                f"each of the {n_syllables} syllables, from -{MAX_DRAWN} to {MAX_DRAWN}"
            )
        arrays[key] = np.broadcast_to(values, n_syllables)
    return arrays

"""Simulated recordings: bouts of syllables over noise, of which everything is known.

Parameters without another source are those of 245 hand-labelled calls of house mice, those of the
AMVOC recordings (Stoumpou et al. 2022, doi:10.1080/09524622.2022.2099973) among them.
"""

import dataclasses
import math
from typing import Any

import numpy as np

from .._shared import UsvError, whole_number
from .recordings import Recording, fingerprint_of
from .synthesis import CLICKS_PER_S, Sound, Syllable

BAND_HZ = (50_000, 112_000)  # inside the bands that the original recipe keeps

# The latent axes of a syllable, in which a repertoire is a cloud (a continuum) or several (types).
LATENTS = ("log_duration", "mean_frequency", "slope", "curvature", "wiggle", "jump")

# What is drawn for each syllable besides.
DRAWN = ("phase", "jump_at", "level_db", "harmonic")


@dataclasses.dataclass(frozen=True, eq=False)
class Truth:
    """What the simulator knows of each syllable.

    Attributes
    ----------
    syllables : pandas.DataFrame, one row a syllable
        The measures of the contour (`duration_ms`, `mean_frequency_khz`, `slope_khz_per_ms`,
        `bandwidth_khz`, `jump_khz`), `bin_level_db` over the median of the noise in one bin of the
        Fourier transform (a mel band, which sums several, shows some 9 dB less), `harmonic`, `type`
        (0 where there is but one), and the latent coordinates, in standard deviations of a
        continuous repertoire.
    contours_khz : list of float array [n_ms]
        Frequency at 0, 1, 2, ... ms after the onset.
    """

    syllables: Any
    contours_khz: list


def simulate_recording(
    n_syllables=1600,
    seed=0,
    samplerate_hz=300_000,
    n_types=None,
    separation=6.0,
    spread=0.15,
    band_hz=BAND_HZ,
    name="simulated",
):
    """A seeded recording of mouse-like syllables, generated as it is read.

    The same arguments give the same samples, in blocks of any size.

    Parameters
    ----------
    n_syllables : int
    seed : int
    samplerate_hz : int
    n_types : int, optional
        By default syllables are drawn from one continuous repertoire. Otherwise from so many types,
        equally common.
    separation : float
        Distance between the centres of the nearest two types, in standard deviations within a type,
        over the latent axes but `jump`.
    spread : float
        Standard deviation within a type, in those of the continuous repertoire.
    band_hz : (float, float)
        All contours stay within.
    name : str

    Returns
    -------
    Recording
        With a `Truth` as its `truth`.
    """
    n_syllables = whole_number("n_syllables", n_syllables, 1)
    seed = whole_number("seed", seed, 0)
    samplerate_hz = whole_number("samplerate_hz", samplerate_hz, 1)
    n_types = None if n_types is None else whole_number("n_types", n_types, 1)
    _check(samplerate_hz, separation, spread, band_hz)
    rng = np.random.default_rng([seed, 1])
    if n_types is None:
        types = np.zeros(n_syllables, int)
        latents = rng.standard_normal((n_syllables, len(LATENTS)))
    else:
        centres = _type_centres(rng, n_types, separation * spread)
        types = rng.permutation(np.arange(n_syllables) % n_types)
        within = spread * rng.standard_normal((n_syllables, len(LATENTS)))
        latents = centres[types] + within
    arguments = (n_syllables, seed, samplerate_hz, n_types, separation, spread, tuple(band_hz))
    return recording_of_latents(
        latents, types, rng, seed, samplerate_hz, band_hz, name, f"simulated{arguments!r}"
    )


def simulate_from_latents(
    latents, seed=0, samplerate_hz=300_000, given=None, band_hz=BAND_HZ, name="simulated"
):
    """A simulated recording of syllables whose latent coordinates are given.

    For manifolds of known dimension: let latents vary along some axes and stay put along the
    others, and give what would else be drawn for each syllable.

    Parameters
    ----------
    latents : float array [n_syllables, 6]
        In the order of `LATENTS`, in standard deviations of the continuous repertoire.
    seed, samplerate_hz, band_hz, name
        As of `simulate_recording`.
    given : dict, optional
        Any of `level_db`, `phase`, `jump_at` and `harmonic`, one number or one a syllable.

    Returns
    -------
    Recording
        With a `Truth` as its `truth`, all of type 0.
    """
    latents = np.array(latents, np.float64)
    if latents.ndim != 2 or latents.shape[1] != len(LATENTS) or not len(latents):
        raise UsvError(
            f"latents has shape {latents.shape}; it must be [n_syllables, {len(LATENTS)}]"
        )
    if not np.isfinite(latents).all():
        raise UsvError("latents are not all finite; they must be numbers")
    seed = whole_number("seed", seed, 0)
    samplerate_hz = whole_number("samplerate_hz", samplerate_hz, 1)
    _check(samplerate_hz, 1, 1, band_hz)
    given = {key: np.broadcast_to(value, len(latents)) for key, value in (given or {}).items()}
    if unknown := set(given) - set(DRAWN):
        raise UsvError(f"given has {sorted(unknown)}; it may have {', '.join(DRAWN)}")
    values = [np.array(given[key], np.float64) for key in sorted(given)]
    digest = fingerprint_of(latents, *sorted(given), *values, seed, samplerate_hz, tuple(band_hz))
    return recording_of_latents(
        latents,
        np.zeros(len(latents), int),
        np.random.default_rng([seed, 1]),
        seed,
        samplerate_hz,
        band_hz,
        name,
        f"simulated {digest}",
        given=given,
    )


def recording_of_latents(
    latents,
    types,
    rng,
    seed,
    samplerate_hz=300_000,
    band_hz=BAND_HZ,
    name="simulated",
    fingerprint="",
    gap_s=None,
    given=None,
):
    """The sound of syllables at given latent coordinates.

    Parameters
    ----------
    latents : float array [n_syllables, len(LATENTS)]
    types : int array [n_syllables]
        Goes into the truth as it is.
    rng : numpy Generator
        For what the latent coordinates leave open: level, phase, where a jump lies, times.
    seed : int
        Of the noise.
    samplerate_hz, band_hz, name, fingerprint
    gap_s : float, optional
        Silence after each syllable. By default they come in bouts with long pauses between.
    given : dict, optional
        Of `DRAWN`, what is not to be drawn: one value a syllable.

    Returns
    -------
    Recording
        With a `Truth` as its `truth`.
    """
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
    clicks = rng.integers(0, n_samples, round(CLICKS_PER_S * n_samples / samplerate_hz))
    sound = Sound(seed, samplerate_hz, syllables, onsets, offsets, np.sort(clicks))
    return Recording(
        name=name,
        samplerate_hz=samplerate_hz,
        n_samples=n_samples,
        onsets=onsets,
        offsets=offsets,
        samples=sound.samples,
        fingerprint=fingerprint,
        truth=_truth(syllables, latents, types, samplerate_hz),
    )


def _draw_syllables(rng, latents, band_hz, given=None):
    """Syllables at their latent coordinates; the rest (level, phase) is drawn for each."""
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
        # Of these a third are too high for a harmonic, which leaves the 5.6 % that are measured.
        "harmonic": np.where(rng.uniform(size=n) < 0.083, rng.uniform(0.1, 0.4, n), 0.0),
    }
    # Beyond one standard deviation a call breaks, up or down, and the farther out the wider: one in
    # ten by 10 to 40 kHz. In short calls a break fades into a sweep.
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
    """Silence before each syllable, in seconds: bouts with pauses between, as mice sing."""
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
    """Centres whose nearest two are `distance` apart, spread as evenly as so many draws allow."""
    centres = rng.standard_normal((max(200, 20 * n_types), len(LATENTS)))
    # Near the middle of this axis nothing is heard: types would be apart in name only.
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


def _check(samplerate_hz, separation, spread, band_hz):
    for argument, value in (("separation", separation), ("spread", spread)):
        if not (math.isfinite(value) and value > 0):
            raise UsvError(f"{argument} is {value!r}; it must be above 0")
    low, high = band_hz if np.shape(band_hz) == (2,) else (0, 0)
    if not 0 < low < high - 5_000 or high > 0.48 * samplerate_hz:
        raise UsvError(
            f"band_hz is {band_hz!r}; it must span 5 kHz or more below 0.48 times the sampling "
            f"rate, {0.48 * samplerate_hz:g} Hz"
        )

"""Simulated recordings: bouts of syllables over noise, of which everything is known.

Parameters without another source are those of 245 hand-labelled calls of house mice, those of the
AMVOC recordings (Stoumpou et al. 2022, doi:10.1080/09524622.2022.2099973) among them.
"""

import dataclasses
import functools
import math
from typing import Any

import numpy as np

from .errors import UsvError
from .recordings import Recording

NOISE = 0.002  # standard deviation of the noise, of full scale 1
CHUNK = 2**18  # samples of noise that share a random stream
TILT = 0.5  # weight of the sample before: the noise falls by about 9 dB from 40 to 150 kHz
LINE_HZ, LINE_DB = 55_000, 6.0  # a steady hum of electronics; users report 50 to 58 kHz
CLICKS_PER_S = 0.5
RAMP_S = 0.003
REFERENCE_N_FFT = 2048  # levels are those that a spectrogram of this window length shows
BAND_HZ = (50_000, 112_000)  # inside the bands that the original recipe keeps

# The latent axes of a syllable, in which a repertoire is a cloud (a continuum) or several (types).
LATENTS = ("log_duration", "mean_frequency", "slope", "curvature", "wiggle", "jump")


@dataclasses.dataclass(frozen=True, eq=False)
class Truth:
    """What the simulator knows of each syllable.

    Attributes
    ----------
    syllables : pandas.DataFrame, one row a syllable
        The measures of the contour (`duration_ms`, `mean_frequency_khz`, `slope_khz_per_ms`,
        `bandwidth_khz`, `jump_khz`), `level_db` over the noise, `harmonic`, `type` (0 where there
        is but one), and the latent coordinates, in standard deviations of a continuous repertoire.
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
        Distance between the centres of the nearest two types, in standard deviations within a type.
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
    _check(n_syllables, seed, samplerate_hz, n_types, separation, spread, band_hz)
    rng = np.random.default_rng([seed, 1])
    if n_types is None:
        types = np.zeros(n_syllables, int)
        latents = rng.standard_normal((n_syllables, len(LATENTS)))
    else:
        centres = _type_centres(rng, n_types, separation * spread)
        types = rng.permutation(np.arange(n_syllables) % n_types)
        within = spread * rng.standard_normal((n_syllables, len(LATENTS)))
        latents = centres[types] + within
    syllables = _draw_syllables(rng, latents, types, band_hz)
    onsets, offsets, n_samples = _draw_times(rng, [s.duration_s for s in syllables], samplerate_hz)
    clicks = rng.integers(0, n_samples, round(CLICKS_PER_S * n_samples / samplerate_hz))
    sound = _Sound(seed, samplerate_hz, syllables, onsets, offsets, np.sort(clicks))
    arguments = (n_syllables, seed, samplerate_hz, n_types, separation, spread, tuple(band_hz))
    return Recording(
        name=name,
        samplerate_hz=samplerate_hz,
        n_samples=n_samples,
        onsets=onsets,
        offsets=offsets,
        samples=sound.samples,
        fingerprint=f"simulated{arguments!r}",
        truth=_truth(syllables, latents, types),
    )


@dataclasses.dataclass(frozen=True)
class _Syllable:
    """A contour over the relative time u from 0 to 1, a level and a harmonic."""

    duration_s: float
    mean_hz: float
    slope_hz: float  # from beginning to end
    curvature_hz: float  # of the middle over the ends
    wiggle_hz: float
    n_wiggles: float
    phase: float
    jump_hz: float  # 0: none
    jump_at: float
    level_db: float
    harmonic: float  # amplitude relative to the fundamental
    band_hz: tuple

    def contour_hz(self, u):
        return self._inside(self._smooth(u) + self._mean_shift + self.jump_hz * (u >= self.jump_at))

    @functools.cached_property
    def _mean_shift(self):
        """So that the mean of the contour is `mean_hz`, wherever the jump and the turns lie."""
        u = (np.arange(256) + 0.5) / 256
        contour = self._smooth(u) + self.jump_hz * (u >= self.jump_at)
        low, high = self.band_hz
        room = min(contour.max() - contour.min(), high - low) / 2
        middle = np.clip(self.mean_hz, low + room, high - room)
        return middle - contour.mean()

    def _smooth(self, u):
        v = 2 * u - 1
        return (
            self.slope_hz * v / 2
            + self.curvature_hz * (1 / 3 - v**2)
            + self.wiggle_hz * np.sin(2 * np.pi * (self.n_wiggles * u + self.phase))
        )

    def _inside(self, hz):
        """Bent back softly in the outer twentieths of the band; elsewhere as it is."""
        low, high = self.band_hz
        half, middle = (high - low) / 2, (high + low) / 2
        excess = np.maximum(np.abs(hz - middle) - 0.9 * half, 0)
        if not excess.any():
            return hz
        return hz + np.sign(hz - middle) * (0.1 * half * np.tanh(excess / (0.1 * half)) - excess)

    def samples(self, n_samples, samplerate_hz):
        u = np.arange(n_samples) / n_samples
        contour_hz = self.contour_hz(u)
        phase = 2 * np.pi / samplerate_hz * np.cumsum(contour_hz)
        tone = np.sin(phase)
        if self.harmonic:
            tone += self.harmonic * np.sin(2 * phase) * (2 * contour_hz < 0.48 * samplerate_hz)
        ramp = min(RAMP_S, self.duration_s / 4)
        s = np.minimum(u, 1 - u) * self.duration_s / ramp
        envelope = np.sin(np.pi / 2 * np.minimum(s, 1)) ** 2
        # The middle is louder than the ends, as in most calls.
        envelope *= 0.6 + 0.4 * np.sin(np.pi * u)
        return (_amplitude(self.level_db) * envelope * tone).astype(np.float32)


def _amplitude(level_db):
    """Amplitude of a tone that stands so many dB over the median of the noise in a spectrogram.

    A tone of amplitude a has magnitude a * n_fft / 4 under a Hann window; white noise has a median
    magnitude of its standard deviation times sqrt(ln 2 * 3/8 n_fft).
    """
    n = REFERENCE_N_FFT
    return NOISE * 10 ** (level_db / 20) * math.sqrt(math.log(2) * 3 / 8 * n) / (n / 4)


def _draw_syllables(rng, latents, types, band_hz):
    """Syllables at their latent coordinates; what is not latent (level, phase) is drawn for each."""
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
        "slope_hz": 4_500 * room * np.sinh(1.2 * z["slope"]),
        "curvature_hz": 2_500 * room * np.sinh(1.2 * z["curvature"]),
        "wiggle_hz": 350 * room * np.exp(0.8 * z["wiggle"]),
        "n_wiggles": 0.5 + duration_s / 0.045,
        "phase": rng.uniform(0, 1, n),
        "jump_at": rng.uniform(0.25, 0.75, n),
        "level_db": np.clip(rng.normal(37.5, 6.5, n), 24, 55),
        "harmonic": np.where(rng.uniform(size=n) < 0.056, rng.uniform(0.1, 0.4, n), 0.0),
    }
    # Beyond 1.2 standard deviations a call breaks, up or down, and the farther out the wider: one
    # in ten by 10 to 40 kHz. In short calls a break fades into a sweep.
    size_hz = np.clip(20_000 * (np.abs(z["jump"]) - 1.2), 0, 40_000)
    size_hz *= np.clip((duration_s - 0.015) / 0.015, 0, 1)
    values["jump_hz"] = np.sign(z["jump"]) * size_hz
    for key in ("slope_hz", "curvature_hz"):
        values[key] = np.clip(values[key], -25_000, 25_000)
    return [
        _Syllable(**{key: float(column[i]) for key, column in values.items()}, band_hz=(low, high))
        for i in range(n)
    ]


def _draw_times(rng, durations_s, samplerate_hz):
    """Onsets and offsets in samples: bouts of calls with pauses between, as mice sing."""
    n = len(durations_s)
    # Gaps in a bout: median 63 ms, with a long tail (5, 25, 75, 95 %: 31, 48, 93, 577 ms).
    gaps_s = np.where(
        rng.uniform(size=n) < 0.9,
        0.060 * np.exp(0.40 * rng.standard_normal(n)),
        0.350 * np.exp(0.60 * rng.standard_normal(n)),
    )
    starts_bout = rng.uniform(size=n) < 1 / 20
    gaps_s = np.where(starts_bout, 0.8 + rng.exponential(1.5, n), gaps_s)
    gaps_s[0] = 0.5
    starts_s = np.cumsum(gaps_s) + np.concatenate([[0], np.cumsum(durations_s)[:-1]])
    onsets = np.round(starts_s * samplerate_hz).astype(np.int64)
    offsets = onsets + np.round(np.array(durations_s) * samplerate_hz).astype(np.int64)
    return onsets, offsets, int(offsets[-1] + 0.5 * samplerate_hz)


def _type_centres(rng, n_types, distance):
    """Centres whose nearest two are `distance` apart, spread as evenly as so many draws allow."""
    centres = rng.standard_normal((max(200, 20 * n_types), len(LATENTS)))
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


class _Sound:
    """The samples of a simulated recording, any span of them."""

    def __init__(self, seed, samplerate_hz, syllables, onsets, offsets, clicks):
        self.seed, self.samplerate_hz = seed, samplerate_hz
        self.syllables, self.onsets, self.offsets = syllables, onsets, offsets
        self.clicks = clicks
        period = samplerate_hz // math.gcd(samplerate_hz, LINE_HZ)
        line = np.sin(2 * np.pi * LINE_HZ * np.arange(period) / samplerate_hz)
        self.line = np.tile((_amplitude(LINE_DB) * line).astype(np.float32), CHUNK // period + 2)
        self.period = period
        n_click = round(0.0003 * samplerate_hz)
        self.click_shape = 40 * NOISE * np.exp(-np.arange(n_click) / (n_click / 5))
        # Successive blocks touch the same chunk and the same syllable.
        self._background = functools.lru_cache(maxsize=4)(self._background_chunk)
        self._syllable = functools.lru_cache(maxsize=16)(self._render)

    def samples(self, start, stop):
        pieces = []
        for chunk in range(start // CHUNK, (stop - 1) // CHUNK + 1):
            first = chunk * CHUNK
            pieces.append(self._background(chunk)[max(start - first, 0) : stop - first])
        out = np.concatenate(pieces) if pieces else np.zeros(0, np.float32)
        for i in np.flatnonzero((self.onsets < stop) & (self.offsets > start)):
            self._add(out, start, self.onsets[i], self._syllable(i))
        near = slice(*np.searchsorted(self.clicks, [start - len(self.click_shape), stop]))
        for number, position in enumerate(self.clicks[near], near.start):
            rng = np.random.default_rng([self.seed, 2, number])
            click = self.click_shape * rng.standard_normal(len(self.click_shape))
            self._add(out, start, position, click.astype(np.float32))
        return out

    @staticmethod
    def _add(out, start, position, sound):
        a, b = max(position - start, 0), min(position - start + len(sound), len(out))
        if a < b:
            out[a:b] += sound[a + start - position : b + start - position]

    def _background_chunk(self, chunk):
        rng = np.random.default_rng([self.seed, 3, chunk])
        white = rng.standard_normal(CHUNK + 1, np.float32) * np.float32(NOISE)
        tilted = white[1:] + np.float32(TILT) * white[:-1]
        return tilted + self.line[chunk * CHUNK % self.period :][:CHUNK]

    def _render(self, i):
        return self.syllables[i].samples(int(self.offsets[i] - self.onsets[i]), self.samplerate_hz)


def _truth(syllables, latents, types):
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
                "level_db": syllable.level_db,
                "harmonic": syllable.harmonic > 0,
            }
        )
    table = pandas.DataFrame(rows)
    table["type"] = types
    return Truth(table.join(pandas.DataFrame(latents, columns=LATENTS)), contours_khz)


def _check(n_syllables, seed, samplerate_hz, n_types, separation, spread, band_hz):
    for argument, value, least in (
        ("n_syllables", n_syllables, 1),
        ("seed", seed, 0),
        ("samplerate_hz", samplerate_hz, 1),
        ("n_types", 1 if n_types is None else n_types, 1),
    ):
        if value != int(value) or value < least:
            raise UsvError(
                f"{argument} is {value!r}; it must be a whole number of at least {least}"
            )
    for argument, value in (("separation", separation), ("spread", spread)):
        if not (math.isfinite(value) and value > 0):
            raise UsvError(f"{argument} is {value!r}; it must be above 0")
    low, high = band_hz
    if not 0 < low < high - 5_000 or high > 0.48 * samplerate_hz:
        raise UsvError(
            f"band_hz is {band_hz!r}; it must span 5 kHz or more below 0.48 times the sampling "
            f"rate, {0.48 * samplerate_hz:g} Hz"
        )

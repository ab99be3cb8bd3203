"""The sound of simulated recordings: syllables, noise, a hum and clicks."""

import dataclasses
import functools
import math

import numpy as np

NOISE = 0.002  # standard deviation of the noise, of full scale 1
CHUNK = 2**18  # samples of noise that share a random stream
TILT = 0.5  # weight of the sample before: the noise falls by about 9 dB from 40 to 150 kHz
LINE_HZ, LINE_DB = 55_000, 6.0  # a steady hum of electronics; users report 50 to 58 kHz
CLICKS_PER_S = 0.5
RAMP_S = 0.003
REFERENCE_N_FFT = 2048  # levels are those that a spectrogram of this window length shows


@dataclasses.dataclass(frozen=True)
class Syllable:
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
        """The shift that makes the mean of the contour `mean_hz`, wherever jump and turns lie."""
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
        """Return frequencies, bent back softly in the outer twentieths of the band."""
        low, high = self.band_hz
        half, middle = (high - low) / 2, (high + low) / 2
        excess = np.maximum(np.abs(hz - middle) - 0.9 * half, 0)
        if not excess.any():
            return hz
        return hz + np.sign(hz - middle) * (0.1 * half * np.tanh(excess / (0.1 * half)) - excess)

    @staticmethod
    def harmonic_share(contour_hz, samplerate_hz):
        """Return 1 where a harmonic fits, falling to 0 near half the sampling rate."""
        return np.clip((0.48 * samplerate_hz - 2 * contour_hz) / 2_000, 0, 1)

    def samples(self, n_samples, samplerate_hz):
        u = np.arange(n_samples) / n_samples
        contour_hz = self.contour_hz(u)
        phase = 2 * np.pi / samplerate_hz * np.cumsum(contour_hz)
        tone = np.sin(phase)
        if self.harmonic:
            share = self.harmonic * self.harmonic_share(contour_hz, samplerate_hz)
            tone += share * np.sin(2 * phase)
        ramp = min(RAMP_S, self.duration_s / 4)
        s = np.minimum(u, 1 - u) * self.duration_s / ramp
        envelope = np.sin(np.pi / 2 * np.minimum(s, 1)) ** 2
        # The middle is louder than the ends, as in most calls.
        envelope *= 0.6 + 0.4 * np.sin(np.pi * u)
        return (tone_amplitude(self.level_db) * envelope * tone).astype(np.float32)


def tone_amplitude(level_db):
    """Return the amplitude of a tone that is `level_db` over the median of the noise.

    The level is that in a spectrogram.

    A tone of amplitude a has magnitude a * n_fft / 4 under a Hann window; white noise has a median
    magnitude of its standard deviation times sqrt(ln 2 * 3/8 n_fft).
    """
    n = REFERENCE_N_FFT
    return NOISE * 10 ** (level_db / 20) * math.sqrt(math.log(2) * 3 / 8 * n) / (n / 4)


class Sound:
    """The samples of a simulated recording, which are made as they are read."""

    def __init__(self, seed, samplerate_hz, n_samples, syllables, onsets, offsets, clicks):
        self.seed, self.samplerate_hz, self.n_samples = seed, samplerate_hz, n_samples
        self.syllables, self.onsets, self.offsets = syllables, onsets, offsets
        self.clicks = clicks
        period = samplerate_hz // math.gcd(samplerate_hz, LINE_HZ)
        line = np.sin(2 * np.pi * LINE_HZ * np.arange(period) / samplerate_hz)
        self.line = np.tile(
            (tone_amplitude(LINE_DB) * line).astype(np.float32), CHUNK // period + 2
        )
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

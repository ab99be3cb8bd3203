"""Short made-up sounds and stages for the tests, and errors by their words."""

import contextlib

import numpy as np
import pytest

import usvlib

RATE = 250_000
NOISE = 0.002


def noise(n_samples, seed=0):
    """White noise, float64: no band is silent in it."""
    return NOISE * np.random.default_rng(seed).standard_normal(n_samples)


def tone(start_hz, stop_hz, n_samples, samplerate_hz=RATE, amplitude=0.05):
    """A tone that sweeps linearly from one frequency to another."""
    frequency_hz = np.linspace(start_hz, stop_hz, n_samples)
    return amplitude * np.sin(2 * np.pi * np.cumsum(frequency_hz) / samplerate_hz)


def tones_in_noise(sweeps_hz, duration_s=0.05, gap_s=0.05, samplerate_hz=RATE, seed=0):
    """Samples, onsets and offsets of one tone after the other.

    Parameters
    ----------
    sweeps_hz : list of (float, float)
        First and last frequency of each tone.
    """
    n_tone, n_gap = round(duration_s * samplerate_hz), round(gap_s * samplerate_hz)
    onsets = n_gap + (n_tone + n_gap) * np.arange(len(sweeps_hz))
    samples = noise(int(onsets[-1]) + n_tone + n_gap, seed)
    for onset, (start_hz, stop_hz) in zip(onsets, sweeps_hz, strict=True):
        samples[onset : onset + n_tone] += tone(start_hz, stop_hz, n_tone, samplerate_hz)
    return samples, onsets, onsets + n_tone


def short_recording(**changes):
    """Four tones in half a second of noise, as `recording_from_array`, with other arguments."""
    samples, onsets, offsets = tones_in_noise(
        [(60e3, 80e3), (90e3, 70e3), (65e3, 65e3), (100e3, 8e4)]
    )
    arguments = {
        "samples": samples.astype(np.float32),
        "samplerate_hz": RATE,
        "onsets": onsets,
        "offsets": offsets,
    }
    return usvlib.recording_from_array(**arguments | changes)


def mapped(spectrograms, n_clusters=2):
    """What `explore` takes of these syllables, at places drawn at random."""
    coordinates = np.random.default_rng(0).normal(size=(len(spectrograms), 2))
    return {
        "spectrograms": spectrograms,
        "measures": usvlib.syllable_measures(spectrograms),
        "coordinates": coordinates,
        "clusters": usvlib.cluster(coordinates, n_clusters=n_clusters),
    }


@contextlib.contextmanager
def refused(*words, kind=usvlib.UsvError):
    """The block must raise a `kind` whose message has all the words."""
    with pytest.raises(kind) as caught:
        yield
    message = str(caught.value)
    missing = [str(word) for word in words if str(word) not in message]
    assert not missing, f"{missing} not in {message!r}"


class Samples:
    """A source of samples, for recordings whose samples a test makes up."""

    def __init__(self, samples):
        self.samples = samples

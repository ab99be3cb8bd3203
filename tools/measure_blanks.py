"""Measure how often calls and spans of noise are called blank, and print it as tables.

python tools/measure_blanks.py FOLDER...    # a few minutes; folders of recordings with tables

Calls are simulated at several levels, and taken from the recordings after white noise was added.
Spans of noise are simulated, and taken from the recordings where nothing is marked.
"""

import sys

import numpy as np
import pandas
import scipy.signal

import usvlib

RATE = 250_000
LEVELS_DB = (13, 15, 17, 19, 21, 23, 25)
PEAKS_LOG2 = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, np.inf)
DURATIONS_S = (0.01, 0.03, 0.1)
GAINS = (0, 1, 2, 4)  # of the added noise, relative to the standard deviation of the recording's
N_SPANS = 300


def simulated_calls():
    """Yield the truth about simulated calls at several levels, one row per call."""
    latents = np.random.default_rng(11).standard_normal((400, 6))
    for level_db in LEVELS_DB:
        recording = usvlib.data.simulate_from_latents(
            latents, 11, RATE, given={"level_db": level_db, "harmonic": 0}
        )
        yield from rows("simulated", usvlib.syllable_spectrograms(recording))


def real_calls(recording):
    """Yield the same for the calls of a recording, with increasing noise."""
    samples = np.concatenate(list(recording.blocks()))
    rng = np.random.default_rng(0)
    quiet = np.median(np.abs(samples)) / 0.6745
    for gain in GAINS:
        noisy = samples + gain * quiet * rng.standard_normal(len(samples))
        louder = with_samples(recording, noisy, recording.onsets, recording.offsets)
        yield from rows(recording.name, usvlib.syllable_spectrograms(louder))


def rows(name, spectrograms):
    """Yield name, highest value in log2 units, duration and blankness of each syllable."""
    for spectrogram, duration_s, blank in zip(
        spectrograms.spectrograms, spectrograms.duration_s, spectrograms.blank, strict=True
    ):
        yield name, float(spectrogram.max()), 1000 * duration_s, bool(blank)


def noise_spans(recording):
    """Yield duration and blankness of spans of a recording in which nothing is marked."""
    marked = np.zeros(recording.n_samples + 1, bool)
    margin = int(0.01 * recording.samplerate_hz)
    for onset, offset in zip(recording.onsets, recording.offsets, strict=True):
        marked[max(onset - margin, 0) : offset + margin] = True
    samples = np.concatenate(list(recording.blocks()))
    rng = np.random.default_rng(1)
    for duration_s in DURATIONS_S:
        n = int(duration_s * recording.samplerate_hz)
        onsets = rng.integers(0, max(recording.n_samples - n, 1), N_SPANS)
        free = [a for a in onsets if not marked[a : a + n].any() and a + n <= recording.n_samples]
        if free:
            # Beside the calls, so that the rest of the recording's noise sets the limit.
            onsets = np.append(recording.onsets, free[: len(free) // 2])
            offsets = np.append(recording.offsets, np.add(free[: len(free) // 2], n))
            spans = with_samples(recording, samples, onsets, offsets)
            for blank in usvlib.syllable_spectrograms(spans).blank[recording.n_syllables :]:
                yield recording.name, 1000 * duration_s, bool(blank)


def with_samples(recording, samples, onsets, offsets):
    """Return the recording with other samples and other syllables."""
    return usvlib.recording_from_array(
        samples, recording.samplerate_hz, onsets, offsets, name=recording.name
    )


def simulated_noise():
    """Yield recordings of white and of coloured noise, and of noise that becomes louder."""
    white = 0.002 * np.random.default_rng(2).standard_normal(20 * RATE)
    coloured = scipy.signal.lfilter([1], [1, -0.8], white)
    louder = white * np.repeat([1, 4], len(white) // 2)  # 12 dB
    for name, samples in (("white", white), ("coloured", coloured), ("12 dB louder", louder)):
        yield usvlib.recording_from_array(samples, RATE, [], [], name=name)


def main(folders):
    recordings = [usvlib.load_recordings(folder) for folder in folders]
    calls = list(simulated_calls())
    noise = [row for recording in simulated_noise() for row in noise_spans(recording)]
    for several in recordings:
        for recording in several:
            calls += real_calls(recording)
            noise += noise_spans(recording)
    calls = pandas.DataFrame(calls, columns=["recording", "peak", "ms", "blank"])
    calls["peak, log2 units"] = pandas.cut(calls.peak, PEAKS_LOG2, right=False)
    by_peak = calls.groupby(["recording", "peak, log2 units"], observed=True).blank
    table = by_peak.agg(calls="size", blank="mean")
    print(table.round(3).unstack(1).to_string(), end="\n\n")
    noise = pandas.DataFrame(noise, columns=["recording", "ms", "blank"])
    by_length = noise.groupby(["recording", "ms"]).blank
    print(by_length.agg(spans="size", blank="mean").round(3).unstack(1).to_string())


if __name__ == "__main__":
    main(sys.argv[1:])

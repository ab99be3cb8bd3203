"""One measurement, in a process of its own: python benchmarks/measure.py WHAT ARGUMENTS.

It prints JSON: `warm_up_s`, the time to import, compile and load on first use; `passes_s`, the time
of each pass after that; and `peak_bytes` of the whole process. If a measurement has its samples in
memory, the time to read them does not count.
"""

import concurrent.futures
import json
import resource
import sys
import time

import numpy as np

SECONDS_TO_WARM_UP = 5
N_FFT = 2048


def main(what, *arguments):
    result = MEASUREMENTS[what](*arguments)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result["peak_bytes"] = peak * (1 if sys.platform == "darwin" else 1024)
    print(json.dumps(result))


def timed(function, *arguments, clear=None):
    """Return the seconds that a call takes; earlier results in `clear` are released first."""
    if clear is not None:
        clear.clear()
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


def audio(seconds, samplerate_hz, calls_per_minute, *paths_and_lengths):
    """Write simulated audio as WAV files; each path is followed by its length in seconds."""
    import soundfile

    import usvlib

    seconds, samplerate_hz = int(seconds), int(samplerate_hz)
    lengths_s = dict(zip(paths_and_lengths[::2], map(int, paths_and_lengths[1::2]), strict=True))
    n_syllables = int(seconds * 4)  # 3.5 come in a second: the simulation is longer
    recording = usvlib.simulate_recording(n_syllables, seed=1, samplerate_hz=samplerate_hz)
    files = {
        path: soundfile.SoundFile(path, "w", samplerate_hz, 1, subtype="PCM_16")
        for path in lengths_s
    }
    for start in range(0, seconds * samplerate_hz, samplerate_hz):
        # A short simulation may end earlier; its noise goes on.
        second = recording.source.samples(start, start + samplerate_hz)
        for path, file in files.items():
            if start < lengths_s[path] * samplerate_hz:
                file.write(second)
    for path, file in files.items():
        file.close()
        inside = np.flatnonzero(recording.offsets <= lengths_s[path] * samplerate_hz)
        n = min(int(calls_per_minute) * lengths_s[path] // 60, len(inside))
        marked = inside[np.linspace(0, len(inside) - 1, n).astype(int)]
        times_s = np.stack([recording.onsets[marked], recording.offsets[marked]], axis=1)
        np.savetxt(path.replace(".wav", ".csv"), times_s / samplerate_hz, "%.7f", ",")
    return {}


def usvlib_from_file(path, n_passes):
    """Measure all steps from a WAV file to the spectrograms of its syllables."""
    import usvlib

    recording = usvlib.data.recording_from_audio(path)
    return passes_of_usvlib(recording, n_passes)


def passes_of_usvlib(recording, n_passes):
    import usvlib

    warm_up_s = timed(usvlib.syllable_spectrograms, beginning(recording))
    results = []
    passes_s = [
        timed(lambda: results.append(usvlib.syllable_spectrograms(recording)), clear=results)
        for _ in range(int(n_passes))
    ]
    n_frames = int(results[-1].n_frames.sum())
    return {"warm_up_s": warm_up_s, "passes_s": passes_s, "n_frames": n_frames}


def usvlib_same_calls(path, n_passes):
    """Measure the same with 100 syllables in audio of any length."""
    import dataclasses

    import usvlib

    recording = usvlib.data.recording_from_audio(path)
    some = np.linspace(0, recording.n_syllables - 1, 100).astype(int)
    onsets, offsets = recording.onsets[some], recording.offsets[some]
    recording = dataclasses.replace(recording, onsets=onsets, offsets=offsets)
    return passes_of_usvlib(recording, n_passes)


def usvlib_from_memory(path, n_passes):
    """Measure the same from samples in memory, where the tutorial's code has them."""
    import usvlib

    on_disk = usvlib.data.recording_from_audio(path)
    samples = on_disk.read_samples(0, on_disk.n_samples)
    recording = usvlib.recording_from_array(
        samples, on_disk.samplerate_hz, on_disk.onsets, on_disk.offsets, fingerprint="benchmark"
    )
    return passes_of_usvlib(recording, n_passes)


def beginning(recording):
    """Return the first seconds of a recording as one syllable."""
    import usvlib

    n = min(int(SECONDS_TO_WARM_UP * recording.samplerate_hz), recording.n_samples)
    samples = recording.read_samples(0, n)
    return usvlib.recording_from_array(samples, recording.samplerate_hz, [0], [n])


def original_from_memory(path, n_passes):
    """Measure the tutorial's code, which computes the mel spectrogram of the whole recording."""
    import original
    import soundfile

    samples, samplerate_hz = soundfile.read(path, dtype="float32")
    onsets, offsets = syllable_samples(path, samplerate_hz)

    def syllables(samples, onsets, offsets):
        specgram, floor = original.mel_spectrogram(samples, samplerate_hz)
        results.extend(original.syllables(specgram, floor, samplerate_hz, onsets, offsets))

    results = []
    warm_up_s = timed(syllables, samples[: SECONDS_TO_WARM_UP * samplerate_hz], [], [])
    passes_s = [
        timed(syllables, samples, onsets, offsets, clear=results) for _ in range(int(n_passes))
    ]
    n_frames = sum(spec.shape[1] for spec in results)
    return {"warm_up_s": warm_up_s, "passes_s": passes_s, "n_frames": n_frames}


def transforms(path, n_passes):
    """Measure the Fourier transforms of the same frames alone, on all cores."""
    import joblib
    import scipy.fft
    import soundfile

    n_threads = joblib.cpu_count()

    def transform(frames):
        scipy.fft.rfft(frames, axis=1)

    passes_s = []
    with concurrent.futures.ThreadPoolExecutor(n_threads) as pool:
        warm_up_s = timed(lambda: list(pool.map(transform, np.ones((256, 256, N_FFT), np.float32))))
        for _ in range(int(n_passes)):
            seconds = 0.0
            with soundfile.SoundFile(path) as file:
                hop = file.samplerate // 1000
                for samples in file.blocks(60 * file.samplerate, dtype="float32"):
                    padded = np.pad(samples, N_FFT // 2)
                    frames = np.lib.stride_tricks.sliding_window_view(padded, N_FFT)[::hop]
                    blocks = [frames[t : t + 256] for t in range(0, len(frames), 256)]
                    seconds += timed(lambda blocks: list(pool.map(transform, blocks)), blocks)
            passes_s.append(seconds)
    return {"warm_up_s": warm_up_s, "passes_s": passes_s}


def profile(path):
    """Measure the seconds of one thread in each step from a WAV file to mel frames."""
    import usvlib
    from usvlib._engine import mel_filters, stream
    from usvlib._engine.noisefloor import LogHistogram

    on_disk = usvlib.data.recording_from_audio(path)
    usvlib.syllable_spectrograms(beginning(on_disk))
    filters = mel_filters(on_disk.samplerate_hz)
    hop = on_disk.samplerate_hz // 1000
    n_frames = on_disk.n_samples // hop
    histogram = LogHistogram(len(filters.frequencies_hz))
    seconds = dict.fromkeys(("reading", "transforms and mel bands", "counting"), 0.0)
    for start in range(0, n_frames, stream.FRAMES_PER_PIECE):
        stop = min(start + stream.FRAMES_PER_PIECE, n_frames)
        t0 = time.perf_counter()
        samples = on_disk.read_samples(start * hop, stop * hop)
        t1 = time.perf_counter()
        piece = usvlib.recording_from_array(
            samples, on_disk.samplerate_hz, [0], [1], fingerprint="benchmark"
        )
        t2 = time.perf_counter()
        amplitudes = stream.mel_amplitudes(piece, 0, stop - start, filters, hop)
        t3 = time.perf_counter()
        histogram.add(amplitudes)
        t4 = time.perf_counter()
        for part, span in zip(seconds, (t1 - t0, t3 - t2, t4 - t3), strict=True):
            seconds[part] += span
    return {"seconds": {part: round(value, 3) for part, value in seconds.items()}}


def labels_usvlib(path):
    """Measure all steps from a WAV file to the cluster of each syllable."""
    import usvlib

    spectrograms = usvlib.syllable_spectrograms(usvlib.data.recording_from_audio(path))
    usvlib.cluster(usvlib.embed(usvlib.normalise(spectrograms)))
    return {}


def labels_original(path):
    import original
    import soundfile

    samples, samplerate_hz = soundfile.read(path, dtype="float32")
    onsets, offsets = syllable_samples(path, samplerate_hz)
    specgram, floor = original.mel_spectrogram(samples, samplerate_hz)
    specs = original.syllables(specgram, floor, samplerate_hz, onsets, offsets)
    original.cluster(original.embed(original.centred_features(specs)))
    return {}


def features(path, n_syllables, samplerate_hz):
    """Write the normalised syllables of a simulated recording as an .npy file."""
    import usvlib

    recording = usvlib.simulate_recording(int(n_syllables), 2, int(samplerate_hz))
    np.save(path, usvlib.normalise(usvlib.syllable_spectrograms(recording)))
    return {}


def embedding(whose, path, n_syllables):
    """Measure the map of the first n syllables in an .npy file."""
    if whose == "usvlib":
        from usvlib import embed
    else:
        from original import embed

    normalised, n = np.load(path, mmap_mode="r", allow_pickle=False), int(n_syllables)
    # From 4,096 points on, UMAP searches neighbours in another way, which is also compiled.
    warm_up_s = timed(embed, normalised[: 100 if n < 4096 else 4096])
    return {"warm_up_s": warm_up_s, "passes_s": [timed(embed, normalised[:n])]}


def syllable_samples(path, samplerate_hz):
    times_s = np.loadtxt(path.replace(".wav", ".csv"), delimiter=",", ndmin=2)
    return np.round(times_s * samplerate_hz).T


MEASUREMENTS = {
    function.__name__: function
    for function in (
        audio,
        usvlib_from_file,
        usvlib_same_calls,
        usvlib_from_memory,
        original_from_memory,
        transforms,
        profile,
        labels_usvlib,
        labels_original,
        features,
        embedding,
    )
}

if __name__ == "__main__":
    main(*sys.argv[1:])

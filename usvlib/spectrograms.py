"""Mel spectrograms of syllables, in one pass over recordings of any length."""

import concurrent.futures
import dataclasses
import math
import threading

import numpy as np

from ._engine import LogHistogram, mel_filters
from ._shared import UsvError, progress_bar
from .recipe import ORIGINAL

# Frames whose samples are read at once, by one of the threads, and worked on by it.
FRAMES_PER_PIECE = 1024
# They take turns at counting; far beyond this number they would wait for each other.
MOST_THREADS = 8

# In log2 units over the floor. Of the AMVOC recordings' calls all are found by this rule, also
# where their annotation is 20 ms too wide on both sides; of 50 ms of noise few, clicks mostly.
CALL_LEVEL = 1.5
LEAST_CALL_S = 0.005

# Lowest level that is kept, in log2 units over the floor. float32 resolves no less.
LOWEST = -24.0


@dataclasses.dataclass(frozen=True, eq=False)
class SyllableSpectrograms:
    """The spectrogram of every syllable of one or more recordings.

    Attributes
    ----------
    spectrograms : list of float32 array [n_bands, n_frames]
        log2 of the mel amplitude over the noise floor, one array a syllable, lowest band first.
    frequencies_hz : float array [n_bands]
        Centre frequency of each band.
    noise_floor : float array [n_recordings, n_mels]
        Median amplitude over all frames of each recording, also of the bands cropped off.
    recording_index : int array [n_syllables]
        Which recording each syllable comes from.
    onset_s, duration_s : float array [n_syllables]
        As annotated; onsets count from the start of the syllable's recording.
    hop_s : float
        Step from one frame to the next.
    """

    spectrograms: list
    frequencies_hz: np.ndarray
    noise_floor: np.ndarray
    recording_index: np.ndarray
    onset_s: np.ndarray
    duration_s: np.ndarray
    hop_s: float

    def __len__(self):
        return len(self.spectrograms)

    @property
    def n_frames(self):
        """Number of frames of each syllable: int array [n_syllables]."""
        return np.array([spectrogram.shape[1] for spectrogram in self.spectrograms])

    @property
    def blank(self):
        """Which syllables hold no call in the kept bands: bool array [n_syllables].

        A call is a run of `LEAST_CALL_S`, or of the whole syllable if that is shorter, in which
        some band stands out by `CALL_LEVEL` or more. What has none, such as a call below the bands
        that the recipe keeps, is a picture of noise that could pass for a type of its own.
        """
        least = max(round(LEAST_CALL_S / self.hop_s), 1)
        runs = [_longest_run(s.max(axis=0) >= CALL_LEVEL) for s in self.spectrograms]
        return np.array(runs) < np.minimum(least, self.n_frames)


def syllable_spectrograms(recordings, recipe=ORIGINAL):
    """Mel spectrograms of the syllables, in log2 units over each recording's noise floor.

    One pass over each recording: only the syllables' frames are kept, and the noise floor comes
    from a histogram for each band, within 1/2048 of the exact median.

    Parameters
    ----------
    recordings : Recording or list of Recording
    recipe : Recipe
        Uses `n_fft`, `hop_s`, `n_mels`, `low_hz`, `high_hz` and `crop`.

    Returns
    -------
    SyllableSpectrograms
        In the order of the recordings, and of the syllables within each.

    Raises
    ------
    UsvError
        If a mel filter is empty, a syllable spans no frame, a band's noise floor is 0, a sample is
        not finite, or the recordings differ in sampling rate.
    """
    recordings = [recordings] if not isinstance(recordings, (list, tuple)) else list(recordings)
    if not recordings:
        raise UsvError("recordings is empty; at least one is needed")
    rates = {recording.samplerate_hz for recording in recordings}
    if len(rates) > 1:
        raise UsvError(
            f"the recordings have sampling rates of {', '.join(map(str, sorted(rates)))} Hz; "
            "their spectrograms can be pooled only if it is the same"
        )
    filters = mel_filters(recordings[0].samplerate_hz, recipe)
    hop = hop_samples(recordings[0].samplerate_hz, recipe)
    spans = [_syllable_frames(recording, hop) for recording in recordings]
    spectrograms, floors = [], []
    for recording, (first, last) in zip(recordings, spans, strict=True):
        amplitudes, floor = _syllable_amplitudes(recording, first, last, filters, hop, recipe.bands)
        _check_floor(floor, filters.frequencies_hz, recording.name)
        floors.append(floor)
        for of_syllable in amplitudes:
            _to_log2_over(floor[recipe.bands], of_syllable)
        spectrograms += amplitudes
    pooled = {
        "recording_index": [np.full(r.n_syllables, i) for i, r in enumerate(recordings)],
        "onset_s": [r.onsets / r.samplerate_hz for r in recordings],
        "duration_s": [(r.offsets - r.onsets) / r.samplerate_hz for r in recordings],
    }
    return SyllableSpectrograms(
        spectrograms=spectrograms,
        frequencies_hz=filters.frequencies_hz[recipe.bands].copy(),
        noise_floor=np.array(floors),
        hop_s=hop / recordings[0].samplerate_hz,
        **{key: np.concatenate(values) for key, values in pooled.items()},
    )


def mel_spectrogram(recording, start_s, stop_s, recipe=ORIGINAL):
    """The mel spectrogram of a stretch of a recording, for plots.

    Its frames are those of the whole recording that lie in the stretch.

    Parameters
    ----------
    recording : Recording
    start_s, stop_s : float
        In seconds.
    recipe : Recipe
        Uses `n_fft`, `hop_s`, `n_mels`, `low_hz` and `high_hz`.

    Returns
    -------
    amplitudes : float32 array [n_mels, n_frames]
    frequencies_hz : float array [n_mels]
    times_s : float array [n_frames]
        Centres of the frames.
    """
    if not -math.inf < start_s < stop_s < math.inf:
        raise UsvError(
            f"start_s is {start_s!r} and stop_s {stop_s!r}; both must be finite, the first smaller"
        )
    rate = recording.samplerate_hz
    filters, hop = mel_filters(rate, recipe), hop_samples(rate, recipe)
    last = min(int(stop_s * rate / hop) + 1, _n_frames(recording, filters, hop))
    first = max(int(np.ceil(start_s * rate / hop)), 0)
    if first >= last:
        raise UsvError(
            f"{recording.name}: no frame lies between {start_s} and {stop_s} s; the recording is "
            f"{recording.duration_s:.3f} s long"
        )
    amplitudes = np.empty((recipe.n_mels, last - first), np.float32)
    for start in range(first, last, FRAMES_PER_PIECE):
        stop = min(start + FRAMES_PER_PIECE, last)
        piece = _mel_amplitudes(recording, start, stop, filters, hop)
        amplitudes[:, start - first : stop - first] = piece
    return amplitudes, filters.frequencies_hz.copy(), np.arange(first, last) * hop / rate


def hop_samples(samplerate_hz, recipe=ORIGINAL):
    """The step from frame to frame in samples: `recipe.hop_s`, rounded down."""
    hop = int(samplerate_hz * recipe.hop_s + 1e-6)  # 0.001 s is not exact in binary
    if not 1 <= hop <= recipe.n_fft:
        raise UsvError(
            f"hop_s is {recipe.hop_s!r}, which is {hop} samples at {samplerate_hz} Hz; "
            f"it must be between 1 and n_fft={recipe.n_fft} samples"
        )
    return hop


def _syllable_frames(recording, hop):
    """First frame of each syllable and the first one after it, as the page has it."""
    first, last = recording.onsets // hop, recording.offsets // hop
    if (empty := np.flatnonzero(first == last)).size:
        i = empty[0]
        raise UsvError(
            f"{recording.name}: syllable {i} goes from sample {recording.onsets[i]} to "
            f"{recording.offsets[i]}, which spans no frame; it must cross a multiple of the hop, "
            f"{hop} samples"
        )
    return first, last


def _syllable_amplitudes(recording, first, last, filters, hop, bands):
    """Mel amplitudes [n_bands, n_frames] of each syllable, and the noise floor [n_mels].

    Pieces of the recording are read and transformed by several threads. They are the same whatever
    the number of threads, and counts add up in any order: so the result is the same to the last
    bit.
    """
    import joblib

    amplitudes = [np.empty((bands.stop - bands.start, n), np.float32) for n in last - first]
    n_frames = _n_frames(recording, filters, hop)
    starts = range(0, n_frames, FRAMES_PER_PIECE)
    n_threads = min(joblib.cpu_count(), MOST_THREADS, len(starts))
    histogram, counting = LogHistogram(len(filters.frequencies_hz)), threading.Lock()

    def work(start):
        stop = min(start + FRAMES_PER_PIECE, n_frames)
        piece = _mel_amplitudes(recording, start, stop, filters, hop)
        with counting:
            histogram.add(piece)
        for i in np.flatnonzero((first < stop) & (last > start)):
            a, b = max(first[i], start), min(last[i], stop)
            amplitudes[i][:, a - first[i] : b - first[i]] = piece[bands, a - start : b - start]
        return stop - start

    label = f"spectrograms of {recording.name}"
    bar = progress_bar(label, total=round(recording.duration_s), unit="s")
    with bar, concurrent.futures.ThreadPoolExecutor(n_threads) as pool:
        for n in pool.map(work, starts):
            bar.update(n * hop / recording.samplerate_hz)
    return amplitudes, histogram.median()


def _n_frames(recording, filters, hop):
    """Number of frames of the whole recording: the first is centred on sample 0."""
    return (recording.n_samples - filters.n_fft % 2) // hop + 1


def _mel_amplitudes(recording, first, last, filters, hop):
    """Mel amplitudes [n_mels, n_frames] of frames `first` to `last`."""
    from ._engine import LANES, mel_of_samples

    n_fft, n_frames = filters.n_fft, last - first
    n_in_lanes = -(-n_frames // LANES) * LANES
    # Frame t is centred on sample t * hop; beyond the ends of the recording there are zeros.
    start = first * hop - n_fft // 2
    stop = start + (n_in_lanes - 1) * hop + n_fft
    samples = recording.read_samples(max(start, 0), min(stop, recording.n_samples))
    outside = max(-start, 0), max(stop - recording.n_samples, 0)
    if any(outside):
        samples = np.pad(samples, outside)
    amplitudes = np.empty((len(filters.frequencies_hz), n_in_lanes), np.float32)
    how = filters.first_bin, filters.edges, filters.weights
    if n_fft & (n_fft - 1) == 0:
        mel_of_samples(np.ascontiguousarray(samples), hop, filters.roots, *how, amplitudes)
    else:
        _mel_of_any_length(samples, hop, n_fft, *how, amplitudes)
    if not np.isfinite(amplitudes.max()):
        raise UsvError(
            f"{recording.name}: samples between {max(start, 0) / recording.samplerate_hz:.3f} and "
            f"{stop / recording.samplerate_hz:.3f} s reach {np.abs(samples).max():g}, and their "
            "spectrum cannot be held in float32; full scale should be about 1"
        )
    return np.ascontiguousarray(amplitudes[:, :n_frames])


def _mel_of_any_length(samples, hop, n_fft, first_bin, edges, weights, amplitudes):
    """The same of frames whose length is not a power of two, more slowly."""
    import scipy.fft

    from ._engine import LANES, mel_of_spectrum

    frames = np.lib.stride_tricks.sliding_window_view(samples, n_fft)[::hop]
    used = slice(first_bin - 1, first_bin + weights.shape[1] + 1)
    for t in range(0, len(frames), LANES):
        spectra = scipy.fft.rfft(frames[t : t + LANES], axis=1)
        if n_fft % 2:  # then the last bin has a neighbour above: its mirror image
            spectra = np.concatenate([spectra, spectra[:, -1:].conj()], axis=1)
        spectrum = np.stack([spectra.real[:, used].T, spectra.imag[:, used].T])
        mel_of_spectrum(spectrum, edges, weights, amplitudes[:, t : t + LANES])


def _longest_run(held):
    """Length of the longest run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], held, [0]])))
    return (edges[1::2] - edges[::2]).max(initial=0)


def _check_floor(floor, frequencies_hz, name):
    if (silent := np.flatnonzero(floor == 0)).size:
        band = silent[0]
        raise UsvError(
            f"{name}: mel band {band} ({frequencies_hz[band] / 1000:.1f} kHz) is silent in at "
            "least half of the recording: its noise floor is 0, and nothing can be measured over it"
        )


def _to_log2_over(floor, amplitudes):
    """Turn amplitudes [n_bands, n_frames] into log2 units over the floor, in place."""
    np.divide(amplitudes, floor[:, np.newaxis].astype(np.float32), out=amplitudes)
    np.maximum(amplitudes, np.float32(2.0**LOWEST), out=amplitudes)
    np.log2(amplitudes, out=amplitudes)

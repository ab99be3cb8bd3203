"""Mel spectrograms of syllables, in one pass over recordings of any length."""

from __future__ import annotations

import dataclasses
import math
import numbers
from collections.abc import Iterable

import numpy as np

from ._engine import LogHistogram, count_frames, mel_filters, mel_frames
from ._shared import UsvError, check_type, in_words, progress_bar
from .data import Audio, Recording
from .recipe import ORIGINAL, Recipe

# In log2 units over the noise floor, and in seconds. This rule keeps all calls of the AMVOC
# recordings, also where their annotation is made 20 ms too wide on both sides; of spans of 50 ms of
# noise it keeps few, clicks mostly.
MIN_CALL_LOG2 = 1.5
MIN_CALL_S = 0.005

# Lowest value that is stored, in log2 units over the noise floor: the resolution of float32.
MIN_LOG2 = -24.0


@dataclasses.dataclass(frozen=True, eq=False)
class SyllableSpectrograms:
    """The spectrogram of every syllable of one or more recordings.

    Attributes
    ----------
    spectrograms : list of float32 array [n_bands, n_frames]
        log2 of the mel amplitude over the noise floor, one array a syllable, lowest band first.
    frequencies_hz : float64 array [n_bands]
        Centre frequency of each band in Hz.
    noise_floor : float64 array [n_recordings, n_mels]
        Median amplitude of each band over all frames of a recording. It includes the bands that
        `crop` drops.
    recording_index : int64 array [n_syllables]
        Number of the recording that each syllable comes from.
    onset_s, duration_s : float64 array [n_syllables]
        As annotated, in seconds. Onsets count from the start of the syllable's recording.
    hop_s : float
        Step from one frame to the next in seconds.

    Examples
    --------
    >>> import usvlib
    >>> spectrograms = usvlib.syllable_spectrograms(usvlib.simulate_recording(n_syllables=12))
    >>> len(spectrograms), len(spectrograms.frequencies_hz)
    (12, 103)
    >>> [s.shape[1] for s in spectrograms.spectrograms] == spectrograms.n_frames.tolist()
    True
    """

    spectrograms: list[np.ndarray]
    frequencies_hz: np.ndarray
    noise_floor: np.ndarray
    recording_index: np.ndarray
    onset_s: np.ndarray
    duration_s: np.ndarray
    hop_s: float

    def __len__(self) -> int:
        return len(self.spectrograms)

    @property
    def n_frames(self) -> np.ndarray:
        """Number of frames of each syllable: int64 array [n_syllables]."""
        return np.array([spectrogram.shape[1] for spectrogram in self.spectrograms], np.int64)

    @property
    def blank(self) -> np.ndarray:
        """Syllables that hold no call in the kept bands: bool array [n_syllables].

        A call is a run of at least `MIN_CALL_S` (or the whole syllable, if it is shorter) in which
        some band reaches `MIN_CALL_LOG2`. Where a call lies below the bands that the recipe keeps,
        only noise is left, and many spectrograms of noise could pass for a type of call.
        """
        n_needed = max(round(MIN_CALL_S / self.hop_s), 1)
        runs = [_longest_run(s.max(axis=0) >= MIN_CALL_LOG2) for s in self.spectrograms]
        return np.array(runs, np.int64) < np.minimum(n_needed, self.n_frames)


def syllable_spectrograms(
    recordings: Recording | Iterable[Recording], recipe: Recipe = ORIGINAL
) -> SyllableSpectrograms:
    """Compute the mel spectrogram of each syllable, in log2 units over the noise floor.

    Each recording is read once, and only the frames of its syllables are kept. The noise floor is
    the median of each band over all frames, as in the tutorial. It comes from a histogram, and lies
    within 1/2048 of the exact median.

    Parameters
    ----------
    recordings : Recording, or iterable of Recording
        All with the same sampling rate. Recordings without syllables are allowed.
    recipe : Recipe, default ORIGINAL
        Uses `n_fft`, `hop_s`, `n_mels`, `low_hz`, `high_hz` and `crop`.

    Returns
    -------
    SyllableSpectrograms
        In the order of the recordings, and of the syllables within each.

    Raises
    ------
    UsvError
        If there is no recording, the recordings differ in sampling rate, a mel filter is empty, a
        syllable spans no frame, the noise floor of a band is 0, or a sample is not finite.

    Examples
    --------
    >>> import usvlib
    >>> recording = usvlib.simulate_recording(n_syllables=12)
    >>> spectrograms = usvlib.syllable_spectrograms(recording)
    >>> spectrograms.spectrograms[0].dtype, spectrograms.noise_floor.shape
    (dtype('float32'), (1, 128))
    >>> len(usvlib.syllable_spectrograms([recording, recording]))
    24
    """
    recordings = _as_recordings(recordings)
    check_type("recipe", recipe, Recipe)
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


def mel_spectrogram(
    recording: Audio, start_s: float, stop_s: float, recipe: Recipe = ORIGINAL
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Compute the mel spectrogram of an excerpt of a recording, in amplitudes.

    Its frames are the frames of the whole recording that lie in the excerpt.

    Parameters
    ----------
    recording : Audio
        A `Recording`, or audio without syllables.
    start_s, stop_s : float
        In seconds from the start of the recording.
    recipe : Recipe, default ORIGINAL
        Uses `n_fft`, `hop_s`, `n_mels`, `low_hz` and `high_hz`.

    Returns
    -------
    amplitudes : float32 array [n_mels, n_frames]
        Lowest band first. Full scale of the samples is 1.
    frequencies_hz : float64 array [n_mels]
        Centre frequency of each band in Hz.
    times_s : float64 array [n_frames]
        Centre of each frame in seconds.

    Raises
    ------
    UsvError
        If no frame lies in the excerpt, a mel filter is empty, or a sample is not finite.

    Examples
    --------
    >>> import usvlib
    >>> recording = usvlib.simulate_recording(n_syllables=12)
    >>> amplitudes, frequencies_hz, times_s = usvlib.mel_spectrogram(recording, 0.1, 0.1995)
    >>> amplitudes.shape, frequencies_hz.shape, times_s.shape
    ((128, 100), (128,), (100,))
    """
    check_type("recording", recording, Audio)
    check_type("recipe", recipe, Recipe)
    numeric = isinstance(start_s, numbers.Real) and isinstance(stop_s, numbers.Real)
    if not numeric or not -math.inf < start_s < stop_s < math.inf:
        raise UsvError(
            f"start_s is {in_words(start_s)} and stop_s is {in_words(stop_s)}; both must be finite "
            "numbers, and start_s the smaller one"
        )
    rate = recording.samplerate_hz
    filters, hop = mel_filters(rate, recipe), hop_samples(rate, recipe)
    last = min(int(stop_s * rate / hop) + 1, count_frames(recording, filters, hop))
    first = max(int(np.ceil(start_s * rate / hop)), 0)
    if first >= last:
        raise UsvError(
            f"{recording.name}: no frame lies between start_s={start_s} and stop_s={stop_s}; the "
            f"recording is {recording.duration_s:.3f} s long"
        )
    amplitudes = np.empty((recipe.n_mels, last - first), np.float32)
    for start, piece in mel_frames(recording, filters, hop, first, last):
        amplitudes[:, start - first : start - first + piece.shape[1]] = piece
    return amplitudes, filters.frequencies_hz.copy(), np.arange(first, last) * hop / rate


def hop_samples(samplerate_hz: float, recipe: Recipe = ORIGINAL) -> int:
    """Return the step from frame to frame in samples: `recipe.hop_s`, rounded down."""
    hop = int(samplerate_hz * recipe.hop_s + 1e-6)  # 0.001 s is not exact in binary
    if not 1 <= hop <= recipe.n_fft:
        raise UsvError(
            f"hop_s is {recipe.hop_s!r}, which is {hop} samples at {samplerate_hz} Hz; "
            f"it must be between 1 and n_fft={recipe.n_fft} samples"
        )
    return hop


def _as_recordings(recordings):
    """List the recordings, or raise a `UsvError` that names what is not a recording."""
    if isinstance(recordings, Recording):
        return [recordings]
    try:
        several = iter(() if isinstance(recordings, (str, bytes)) else recordings)
    except TypeError:
        several = iter(())
    items = []
    for item in several:
        check_type(f"recordings[{len(items)}]", item, Recording)
        items.append(item)
    if not items:
        raise UsvError(
            f"recordings is {in_words(recordings)} and holds no recording; it must be a Recording, "
            "or several of them"
        )
    return items


def _syllable_frames(recording, hop):
    """Return the first frame of each syllable, and the first frame after it, as in the tutorial."""
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
    """Return the mel amplitudes of each syllable, and the noise floor [n_mels]."""
    amplitudes = [np.empty((bands.stop - bands.start, n), np.float32) for n in last - first]
    histogram = LogHistogram(len(filters.frequencies_hz))
    label = f"spectrograms of {recording.name}"
    with progress_bar(label, total=round(recording.duration_s), unit="s") as bar:
        for start, piece in mel_frames(recording, filters, hop):
            histogram.add(piece)
            stop = start + piece.shape[1]
            for i in np.flatnonzero((first < stop) & (last > start)):
                a, b = max(first[i], start), min(last[i], stop)
                amplitudes[i][:, a - first[i] : b - first[i]] = piece[bands, a - start : b - start]
            bar.update((stop - start) * hop / recording.samplerate_hz)
    return amplitudes, histogram.median()


def _longest_run(reached):
    """Return the length of the longest run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], reached, [0]])))
    return (edges[1::2] - edges[::2]).max(initial=0)


def _check_floor(floor, frequencies_hz, name):
    """Raise a `UsvError` if the noise floor of a band is 0."""
    if (silent := np.flatnonzero(floor == 0)).size:
        band = silent[0]
        raise UsvError(
            f"{name}: mel band {band} ({frequencies_hz[band] / 1000:.1f} kHz) is silent in at "
            "least half of the recording: its noise floor is 0, and nothing can be measured over it"
        )


def _to_log2_over(floor, amplitudes):
    """Turn amplitudes [n_bands, n_frames] into log2 units over the floor, in place."""
    np.divide(amplitudes, floor[:, np.newaxis].astype(np.float32), out=amplitudes)
    np.maximum(amplitudes, np.float32(2.0**MIN_LOG2), out=amplitudes)
    np.log2(amplitudes, out=amplitudes)

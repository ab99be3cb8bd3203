"""Mel spectrograms of syllables, in one pass over recordings of any length."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Iterable

import numpy as np

from ._engine import (
    NoiseCounts,
    count_frames,
    loud_noise,
    mel_filters,
    mel_frames,
    noise_floors,
    ridge_strengths,
)
from ._shared import (
    UsvError,
    UsvWarning,
    as_numbers,
    check_times,
    check_type,
    in_words,
    progress_bar,
    real_number,
)
from .data import Audio, Recording
from .recipe import ORIGINAL, Recipe

# A syllable whose strongest ridge is no stronger than 98 in 100 spans of its recording's own noise
# holds no call. The limit stays within these bounds, in log2 units over one Fourier window: in 1 of
# 100 spans stationary noise reaches 0.3, so that 0.45 is safe; and in the cage noise of the worst
# recording of AMVOC, whose weakest call reaches 1.24, 0.85 is needed.
MIN_RIDGE, MAX_RIDGE = 0.45, 0.85
NOISE_QUANTILE = 0.98
MIN_NOISE_SPANS, MAX_NOISE_SPANS = 20, 200

# Lowest value that is stored, in log2 units over the noise floor: the resolution of float32.
MIN_LOG2 = -24.0

# Shapes of the arrays of `SyllableSpectrograms`, and what they hold.
ARRAYS = {
    "frequencies_hz": ("[n_bands]", "numbers"),
    "noise_floor": ("[n_recordings, n_mels]", "numbers"),
    "recording_index": ("[n_syllables]", "whole numbers"),
    "onset_s": ("[n_syllables]", "numbers"),
    "duration_s": ("[n_syllables]", "numbers"),
    "blank": ("[n_syllables]", "True or False"),
}
KINDS = {"numbers": "iuf", "whole numbers": "iu", "True or False": "b"}  # of numpy


@dataclasses.dataclass(frozen=True, eq=False)
class SyllableSpectrograms:
    """The spectrogram of every syllable of one or more recordings.

    Attributes
    ----------
    spectrograms : list of float32 array [n_bands, n_frames]
        log2 of the mel amplitude over the noise floor, one array per syllable, lowest band first.
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
    blank : bool array [n_syllables]
        Syllables that hold no call in the kept bands. The strongest ridge of a blank syllable, a
        path through the bands along which values stay above the noise, is no stronger than those of
        98 in 100 spans of the recording's own noise. Where a call lies below the bands that the
        recipe keeps, only noise is left, and many spectrograms of noise could pass for a type of
        call.

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
    blank: np.ndarray

    def __post_init__(self) -> None:
        check_type("spectrograms", self.spectrograms, list)
        object.__setattr__(self, "hop_s", real_number("hop_s", self.hop_s, above=0))
        for name, (shape, content) in ARRAYS.items():
            array = as_numbers(name, getattr(self, name), shape)
            if array.ndim != 1 + shape.count(",") or array.dtype.kind not in KINDS[content]:
                raise UsvError(
                    f"{name} has shape {array.shape} and type {array.dtype}; it must hold "
                    f"{content} {shape}"
                )
            object.__setattr__(self, name, array)
        n, n_bands = len(self), len(self.frequencies_hz)
        for i, spectrogram in enumerate(self.spectrograms):
            array = as_numbers(f"spectrograms[{i}]", spectrogram, "[n_bands, n_frames]")
            if array.ndim != 2 or len(array) != n_bands or not array.size:
                raise UsvError(
                    f"spectrograms[{i}] has shape {array.shape}; it must be [{n_bands}, n_frames]"
                )
        for name, (shape, _) in ARRAYS.items():
            if shape == "[n_syllables]" and len(getattr(self, name)) != n:
                raise UsvError(
                    f"{name} has {len(getattr(self, name))} values; it must have one for each of "
                    f"the {n} spectrograms"
                )

    def __len__(self) -> int:
        return len(self.spectrograms)

    @property
    def n_frames(self) -> np.ndarray:
        """Number of frames of each syllable: int64 array [n_syllables]."""
        return np.array([spectrogram.shape[1] for spectrogram in self.spectrograms], np.int64)


def syllable_spectrograms(
    recordings: Recording | Iterable[Recording], recipe: Recipe = ORIGINAL
) -> SyllableSpectrograms:
    """Compute the mel spectrogram of each syllable, in log2 units over the noise floor.

    Each recording is read once, and only the frames of its syllables are kept. The noise floor is
    the median of each band over all frames, as in the tutorial. It comes from a histogram, and
    differs from the exact median by a factor of at most 1 + 1/2048.

    Three cases differ from the tutorial. Frames of digital silence are ignored. If calls fill a
    band for most of the recording, its noise floor is the median of the frames outside of the
    syllables. A band without any recorded noise is left out: its values are 0.

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
        If there is no recording, the recordings differ in sampling rate, a mel band is narrower
        than one bin of the Fourier transform, a syllable spans no frame, a recording holds only
        digital silence, or a sample is not finite.

    Warns
    -----
    UsvWarning
        If the noise floor differs from the tutorial's, or the kept bands span less than an octave.

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
    recordings = as_recordings(recordings)
    check_type("recipe", recipe, Recipe)
    rates = {recording.samplerate_hz for recording in recordings}
    if len(rates) > 1:
        raise UsvError(
            f"the recordings have sampling rates of {', '.join(map(str, sorted(rates)))} Hz; "
            "their spectrograms can be pooled only if it is the same"
        )
    [rate] = rates
    filters, hop = mel_filters(rate, recipe), hop_samples(rate, recipe)
    frequencies_hz = filters.frequencies_hz[recipe.bands].copy()
    _warn_of_narrow_range(frequencies_hz, recipe, rate)
    spans = [_syllable_frames(recording, hop) for recording in recordings]
    streamed = [
        _span_amplitudes(recording, first, last, filters, hop, recipe.bands)
        for recording, (first, last) in zip(recordings, spans, strict=True)
    ]
    names = [recording.name for recording in recordings]
    floors, empty, notes = noise_floors(
        [counts for _, counts in streamed], names, filters.frequencies_hz
    )
    for note in notes:
        warnings.warn(note, UsvWarning, stacklevel=2)
    spectrograms, blank = [], []
    noise_log2 = loud_noise(filters, rate, hop, recipe.bands)
    for recording, (amplitudes, _), floor, is_empty in zip(
        recordings, streamed, floors, empty, strict=True
    ):
        for of_span in amplitudes:
            _to_log2_over(floor[recipe.bands], is_empty[recipe.bands], of_span)
        strengths = ridge_strengths(amplitudes, noise_log2, recipe.n_fft / hop)
        n = recording.n_syllables
        spectrograms += amplitudes[:n]
        blank.append(strengths[:n] < _ridge_limit(strengths[n:]))
    pooled = {
        "recording_index": [np.full(r.n_syllables, i) for i, r in enumerate(recordings)],
        "onset_s": [r.onsets / rate for r in recordings],
        "duration_s": [(r.offsets - r.onsets) / rate for r in recordings],
        "blank": blank,
    }
    return SyllableSpectrograms(
        spectrograms=spectrograms,
        frequencies_hz=frequencies_hz,
        noise_floor=floors,
        hop_s=hop / rate,
        **{key: np.concatenate(values) for key, values in pooled.items()},
    )


def mel_spectrogram(
    recording: Audio, start_s: float, stop_s: float, recipe: Recipe = ORIGINAL
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Compute the mel spectrogram of an excerpt of a recording, in amplitudes.

    Frames are counted from the start of the recording, so that neighbouring excerpts fit together.

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
        If no frame lies in the excerpt, a mel band is narrower than one bin of the Fourier
        transform, or a sample is not finite.

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
    start_s, stop_s = check_times(start_s, stop_s)
    rate = recording.samplerate_hz
    filters, hop = mel_filters(rate, recipe), hop_samples(rate, recipe)
    last = count_frames(recording, filters, hop)
    if stop_s < recording.duration_s:
        last = min(int(max(stop_s, -1) * rate / hop) + 1, last)
    first = int(np.ceil(np.clip(start_s, 0, recording.duration_s + 1) * rate / hop))
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


def as_recordings(recordings: Recording | Iterable[Recording]) -> list[Recording]:
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


def _span_amplitudes(recording, first, last, filters, hop, bands):
    """Return the mel amplitudes of each syllable and of spans of noise, and those of all frames."""
    # A frame reaches half a window to either side.
    margin = -(-filters.n_fft // (2 * hop))
    n_frames = count_frames(recording, filters, hop)
    in_syllables = np.zeros(n_frames, bool)
    for a, b in zip(first, last, strict=True):
        in_syllables[max(a - margin, 0) : b + margin] = True
    noise_first, noise_last = _noise_spans(in_syllables, last - first)
    first, last = np.append(first, noise_first), np.append(last, noise_last)
    amplitudes = [np.empty((bands.stop - bands.start, n), np.float32) for n in last - first]
    counts = NoiseCounts(len(filters.frequencies_hz))
    label = f"spectrograms of {recording.name}"
    with progress_bar(label, total=round(recording.duration_s), unit="s") as bar:
        for start, piece in mel_frames(recording, filters, hop):
            stop = start + piece.shape[1]
            for i in np.flatnonzero((first < stop) & (last > start)):
                a, b = max(first[i], start), min(last[i], stop)
                amplitudes[i][:, a - first[i] : b - first[i]] = piece[bands, a - start : b - start]
            counts.add(piece, in_syllables[start:stop])
            bar.update((stop - start) * hop / recording.samplerate_hz)
    return amplitudes, counts


def _noise_spans(in_syllables, lengths):
    """Choose spans outside of syllables, as long as the median syllable: first and last frames."""
    length = int(np.median(lengths)) if len(lengths) else 1
    first = np.arange(0, len(in_syllables) - length, length)
    n_before = np.concatenate([[0], np.cumsum(in_syllables)])
    first = first[n_before[first + length] == n_before[first]]
    if len(first) > MAX_NOISE_SPANS:
        first = first[np.linspace(0, len(first) - 1, MAX_NOISE_SPANS).astype(int)]
    return first, first + length


def _ridge_limit(of_noise):
    """Return how strong the ridge of a call must be, given the strengths of spans of noise."""
    if len(of_noise) < MIN_NOISE_SPANS:
        return MAX_RIDGE
    return np.clip(np.quantile(of_noise, NOISE_QUANTILE), MIN_RIDGE, MAX_RIDGE)


def _warn_of_narrow_range(frequencies_hz, recipe, samplerate_hz):
    """Warn if the kept bands span less than an octave."""
    low_khz, high_khz = frequencies_hz[[0, -1]] / 1000
    if high_khz < 2 * low_khz:
        warnings.warn(
            f"at a sampling rate of {samplerate_hz / 1000:g} kHz the recipe keeps {low_khz:.3g} to "
            f"{high_khz:.3g} kHz, less than an octave; a lower low_hz or a smaller crop keeps more",
            UsvWarning,
            stacklevel=3,
        )


def _to_log2_over(floor, is_empty, amplitudes):
    """Turn amplitudes [n_bands, n_frames] into log2 units over the floor, in place."""
    scale = np.where(is_empty, 1, floor)[:, np.newaxis].astype(np.float32)
    np.divide(amplitudes, scale, out=amplitudes)
    np.maximum(amplitudes, np.float32(2.0**MIN_LOG2), out=amplitudes)
    np.log2(amplitudes, out=amplitudes)
    amplitudes[is_empty] = 0  # neither above the noise nor below it

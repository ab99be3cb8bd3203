"""A recording: audio, and where its syllables begin and end."""

from __future__ import annotations

import dataclasses
import numbers
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .._shared import UsvError, as_numbers, check_type, in_words
from .audio import ArraySource, Audio, fingerprint_of, one_number


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Recording(Audio):
    """Audio, and where its syllables begin and end.

    Attributes
    ----------
    onsets, offsets : int64 array [n_syllables]
        Onset: the first sample. Offset: the first sample after the syllable. Syllables may be in
        any order and may overlap. There may be none.
    labels : str array [n_syllables] or None
        Label of each syllable, from the annotations.
    confidence : float array [n_syllables] or None
        Confidence of the detector that found the syllables.
    name, samplerate_hz, n_samples, source, fingerprint
        See `Audio`. The fingerprint also changes with the syllables.

    Raises
    ------
    UsvError
        If a syllable is empty, outside the recording or not a pair of numbers.

    Examples
    --------
    >>> import usvlib
    >>> recording = usvlib.simulate_recording(n_syllables=3)
    >>> recording.n_syllables, len(recording.onsets), recording.labels is None
    (3, 3, True)
    """

    onsets: np.ndarray
    offsets: np.ndarray
    labels: np.ndarray | None = None
    confidence: np.ndarray | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        onsets = _sample_numbers(self.onsets, "onsets", self.name)
        offsets = _sample_numbers(self.offsets, "offsets", self.name)
        _check_syllables(onsets, offsets, self.n_samples, self.name)
        object.__setattr__(self, "onsets", onsets)
        object.__setattr__(self, "offsets", offsets)
        for field, convert in (("labels", _texts), ("confidence", _floats)):
            if (values := getattr(self, field)) is None:
                continue
            values = convert(values, f"{self.name}: {field}")
            if values.shape != onsets.shape:
                raise UsvError(
                    f"{self.name}: {field} has shape {values.shape}; it must have one value for "
                    f"each of the {len(onsets)} syllables"
                )
            object.__setattr__(self, field, values)

    @property
    def n_syllables(self) -> int:
        """Number of syllables."""
        return len(self.onsets)

    @property
    def truth(self) -> Any:
        """What the simulator knows of the syllables (a `Truth`), or None for real recordings."""
        return getattr(self.source, "truth", None)


def recording_from_array(
    samples: np.ndarray,
    samplerate_hz: float,
    onsets: Sequence[int],
    offsets: Sequence[int],
    name: str = "array",
    fingerprint: str | None = None,
) -> Recording:
    """Make a recording from samples in memory, or mapped into it.

    Parameters
    ----------
    samples : array [n_samples]
        One channel, integer (full scale becomes 1) or floating point.
    samplerate_hz : float
    onsets, offsets : array [n_syllables]
        In samples.
    name : str, default "array"
    fingerprint : str, optional
        Any text that no other samples have; stored results are found by it. By default it is
        computed from the samples.

    Returns
    -------
    Recording

    Raises
    ------
    UsvError
        If the samples are not numbers in one dimension, or a syllable is empty, reversed or outside
        the samples.

    Examples
    --------
    >>> import numpy as np, usvlib
    >>> noise = np.random.default_rng(0).normal(0, 0.01, 250_000)
    >>> recording = usvlib.recording_from_array(noise, 250_000, onsets=[1000], offsets=[11_000])
    >>> recording.duration_s, recording.n_syllables
    (1.0, 1)
    """
    check_type("name", name, str)
    if fingerprint is not None:
        check_type("fingerprint", fingerprint, str)
    as_numbers("samples", samples, "[n_samples]")
    samples = np.asanyarray(samples)  # an array that is mapped stays one
    if samples.ndim != 1:
        raise UsvError(
            f"{name}: samples has shape {samples.shape}; it must have one dimension: "
            "choose one channel"
        )
    if samples.dtype.kind not in "iuf":
        raise UsvError(f"{name}: samples is of type {samples.dtype}; it must hold numbers")
    times = {"onsets": onsets, "offsets": offsets}
    content = fingerprint or fingerprint_of(np.asarray(samples))
    return Recording(
        name=name,
        samplerate_hz=one_number(samplerate_hz, "samplerate_hz", name),
        n_samples=len(samples),
        source=ArraySource(samples),
        # The same bytes are a different sound in another type.
        fingerprint=fingerprint_of(
            content,
            samples.dtype.str,
            samplerate_hz,
            *(as_numbers(f"{name}: {key}", x, "[n_syllables]") for key, x in times.items()),
        ),
        onsets=onsets,
        offsets=offsets,
    )


def distinct_names(paths: Iterable[Path]) -> list[str]:
    """Name files by their stems, or by more of their paths where stems are equal.

    Parameters
    ----------
    paths : iterable of path
        Each a different file.

    Returns
    -------
    list of str

    Examples
    --------
    >>> distinct_names([Path("a/one.wav"), Path("b/one.wav"), Path("b/two.wav")])
    ['a/one', 'b/one', 'two']
    >>> distinct_names([Path("a/one.wav"), Path("a/one.flac")])
    ['one.wav', 'one.flac']
    """
    paths = list(paths)
    names = [path.stem for path in paths]
    for stem, n_alike in Counter(names).items():
        if n_alike == 1:
            continue
        alike = [path for path in paths if path.stem == stem]
        longest = max(len(path.parts) for path in alike)
        candidates = (
            [_tail(path, n_parts, ending) for path in alike]
            for n_parts in range(1, longest + 1)
            for ending in (False, True)
        )
        told_apart = next(c for c in candidates if len(set(c)) == n_alike)
        for path, name in zip(alike, told_apart, strict=True):
            names[paths.index(path)] = name
    return names


def _tail(path, n_parts, ending):
    """Return the last parts of a path, with or without the file's ending."""
    tail = Path(*path.parts[-n_parts:]).as_posix()
    return tail if ending else tail.removesuffix(path.suffix)


def _sample_numbers(values, argument, name):
    """Return onsets or offsets as int64 array, or raise a `UsvError`."""
    values = as_numbers(f"{name}: {argument}", values, "[n_syllables]")
    if values.ndim != 1:
        raise UsvError(f"{name}: {argument} has shape {values.shape}; it must have one dimension")
    if not len(values):
        return np.zeros(0, np.int64)
    if values.dtype.kind not in "iuf":
        raise UsvError(f"{name}: {argument} is of type {values.dtype}; it must hold numbers")
    if not np.isfinite(values).all():
        bad = int(np.flatnonzero(~np.isfinite(values))[0])
        raise UsvError(f"{name}: {argument}[{bad}] is {values[bad]}; it must be finite")
    return np.floor(values).astype(np.int64)


def _texts(values, argument):
    """Return labels as an array of texts; numbers are written out."""
    rule = "it must hold a text for each syllable"
    try:
        items = list(values)
    except TypeError:
        raise UsvError(f"{argument} is {in_words(values)}; {rule}") from None
    if isinstance(values, str) or not all(isinstance(x, (str, numbers.Real)) for x in items):
        raise UsvError(f"{argument} is {in_words(values)}; {rule}")
    return np.array(items, str)


def _floats(values, argument):
    """Return confidences as floats."""
    return as_numbers(argument, values, "[n_syllables]").astype(float)


def _check_syllables(onsets, offsets, n_samples, name):
    """Raise a `UsvError` at the first syllable that is empty, reversed or outside the audio."""
    if len(onsets) != len(offsets):
        raise UsvError(
            f"{name}: there are {len(onsets)} onsets and {len(offsets)} offsets; "
            "every syllable must have one of each"
        )
    for bad, rule in (
        (onsets < 0, "the onset must not be negative"),
        (onsets >= offsets, "the onset must come before the offset"),
        (offsets > n_samples, f"the recording ends at sample {n_samples}"),
    ):
        if bad.any():
            i = int(np.flatnonzero(bad)[0])
            raise UsvError(
                f"{name}: syllable {i} goes from sample {onsets[i]} to {offsets[i]}; {rule}"
            )

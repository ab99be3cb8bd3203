"""A recording: audio that is read in pieces, and where its syllables begin and end."""

import dataclasses
import hashlib
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .._shared import UsvError


@dataclasses.dataclass(frozen=True, eq=False)
class Recording:
    """One channel of audio that is never held in memory as a whole, and its syllables.

    Attributes
    ----------
    name : str
        What messages and pages call it.
    samplerate_hz : int or float
    n_samples : int
    onsets, offsets : int64 array [n_syllables]
        First sample of each syllable, and the first one after it. Any order; overlaps are allowed.
    samples : callable
        `samples(start, stop)` gives the samples of that span in any numeric type. Several threads
        call it at once.
    fingerprint : str
        Changes whenever the audio or the syllables do.
    truth : object or None
        What is known of the syllables, where the recording is simulated.

    Raises
    ------
    UsvError
        If a syllable is empty, outside the recording or not a pair of numbers, or there is none.
    """

    name: str
    samplerate_hz: float
    n_samples: int
    onsets: np.ndarray
    offsets: np.ndarray
    samples: Callable[[int, int], np.ndarray] = dataclasses.field(repr=False)
    fingerprint: str = dataclasses.field(repr=False)
    truth: Any = dataclasses.field(default=None, repr=False)

    def __post_init__(self):
        rate = float(self.samplerate_hz)
        if not (math.isfinite(rate) and rate > 0):
            raise UsvError(
                f"{self.name}: samplerate is {self.samplerate_hz!r}; it must be above 0 Hz"
            )
        object.__setattr__(self, "samplerate_hz", int(rate) if rate.is_integer() else rate)
        if self.n_samples < 1:
            raise UsvError(f"{self.name}: the recording has no samples")
        onsets = _sample_numbers(self.onsets, "onsets", self.name)
        offsets = _sample_numbers(self.offsets, "offsets", self.name)
        _check_syllables(onsets, offsets, self.n_samples, self.name)
        object.__setattr__(self, "onsets", onsets)
        object.__setattr__(self, "offsets", offsets)

    @property
    def n_syllables(self):
        return len(self.onsets)

    @property
    def duration_s(self):
        return self.n_samples / self.samplerate_hz

    def blocks(self, n_samples=2**18):
        """The whole recording, piece by piece.

        Parameters
        ----------
        n_samples : int
            Length of each piece; the last may be shorter.

        Yields
        ------
        float32 array [at most n_samples]
            Integer audio is scaled to -1 ... 1.

        Raises
        ------
        UsvError
            At a sample that is not finite, or where the file ends too early.
        """
        if n_samples != int(n_samples) or n_samples < 1:
            raise UsvError(f"n_samples is {n_samples!r}; it must be a whole number of at least 1")
        for start in range(0, self.n_samples, int(n_samples)):
            yield self.read_samples(start, min(start + int(n_samples), self.n_samples))

    def read(self, start_s, stop_s):
        """The samples from `start_s` to `stop_s`, cut off at the ends of the recording.

        Parameters
        ----------
        start_s, stop_s : float
            In seconds.

        Returns
        -------
        float32 array [n]
        """
        if not (math.isfinite(start_s) and math.isfinite(stop_s) and start_s < stop_s):
            raise UsvError(
                f"start_s is {start_s!r} and stop_s {stop_s!r}; both must be finite, the first "
                "smaller"
            )
        start, stop = (
            min(max(round(t * self.samplerate_hz), 0), self.n_samples) for t in (start_s, stop_s)
        )
        # A copy, so that what is done to it is not done to the recording.
        return self.read_samples(start, stop).copy()

    def read_samples(self, start, stop):
        """The samples from number `start` up to `stop`: float32 array [stop - start].

        It may share memory with the recording.
        """
        block = _as_float32(np.asarray(self.samples(start, stop)))
        if block.shape != (stop - start,):
            raise UsvError(
                f"{self.name}: the file ends early: samples {start} to {stop} were asked for, "
                f"and {len(block)} were there"
            )
        # A sum is the fastest test: it is not finite as soon as one sample is not. Of very large
        # samples it may not be either.
        with np.errstate(over="ignore", invalid="ignore"):
            suspect = not np.isfinite(block.sum())
        if suspect and (where := np.flatnonzero(~np.isfinite(block))).size:
            bad = start + int(where[0])
            raise UsvError(
                f"{self.name}: sample {bad} ({bad / self.samplerate_hz:.6f} s) is not finite; "
                "every sample must be a number"
            )
        return block


def recording_from_array(samples, samplerate_hz, onsets, offsets, name="array", fingerprint=None):
    """A recording from samples in memory, or mapped into it.

    Parameters
    ----------
    samples : array [n_samples]
        One channel, integer (full scale becomes 1) or floating point.
    samplerate_hz : float
    onsets, offsets : array [n_syllables]
        In samples.
    name : str, optional
    fingerprint : str, optional
        Identifies the samples where hashing them anew would be slow.

    Returns
    -------
    Recording
    """
    samples = np.asanyarray(samples)
    if samples.ndim != 1:
        raise UsvError(
            f"{name}: the recording has shape {samples.shape}; it must have one dimension: "
            "choose one channel"
        )
    if samples.dtype.kind not in "iuf":
        raise UsvError(f"{name}: the samples are of type {samples.dtype}; they must be numbers")
    content = fingerprint or hashlib.sha256(np.ascontiguousarray(samples)).hexdigest()
    return Recording(
        name=name,
        samplerate_hz=_scalar(samplerate_hz, "samplerate", name),
        n_samples=len(samples),
        onsets=onsets,
        offsets=offsets,
        samples=lambda start, stop: samples[start:stop],
        # The same bytes are another sound in another type; and a long table's repr is cut short.
        fingerprint=fingerprint_of(
            content, samples.dtype.str, samplerate_hz, np.asarray(onsets), np.asarray(offsets)
        ),
    )


def _sample_numbers(values, argument, name):
    values = np.asarray(values)
    if values.ndim != 1:
        raise UsvError(f"{name}: {argument} has shape {values.shape}; it must have one dimension")
    if len(values) == 0:
        raise UsvError(f"{name}: there are no syllables; {argument} must not be empty")
    if values.dtype.kind not in "iuf":
        raise UsvError(f"{name}: {argument} is of type {values.dtype}; it must be numbers")
    if not np.isfinite(values).all():
        bad = int(np.flatnonzero(~np.isfinite(values))[0])
        raise UsvError(f"{name}: {argument}[{bad}] is {values[bad]}; it must be finite")
    return np.floor(values).astype(np.int64)


def _check_syllables(onsets, offsets, n_samples, name):
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


def _scalar(value, argument, name):
    value = np.asarray(value)
    if value.size != 1 or value.dtype.kind not in "iuf":
        raise UsvError(f"{name}: {argument} is {value!r}; it must be one number")
    return value.item()


def _as_float32(block):
    """Samples as float32; integers scaled so that full scale is 1, as soundfile does."""
    if block.dtype.kind == "f":
        return block.astype(np.float32, copy=False)
    full_scale = 2.0 ** (8 * block.dtype.itemsize - 1)
    centre = full_scale if block.dtype.kind == "u" else 0.0
    # float32 holds every number of 16 bits; of more, the centre is to be taken off before rounding.
    wide = np.float32 if block.dtype.itemsize <= 2 else np.float64
    return ((block.astype(wide) - wide(centre)) / wide(full_scale)).astype(np.float32, copy=False)


def fingerprint_of(*parts):
    """A digest of numbers, texts and arrays, in hexadecimal."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            part = f"{part.dtype.str}{part.shape}".encode() + np.ascontiguousarray(part).tobytes()
        digest.update(part if isinstance(part, bytes) else repr(part).encode())
    return digest.hexdigest()

"""Audio of any length that is read in pieces, from a file, from memory or simulated."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import os
from collections.abc import Iterator
from typing import Protocol

import numpy as np

from .._shared import (
    UsvError,
    check_times,
    check_type,
    existing_file,
    in_words,
    real_number,
    whole_number,
)

MAX_LABEL_LENGTH = 40
HAIR_SPACE = "\u200a"


class Source(Protocol):
    """Where the samples of an `Audio` come from. It can be pickled, and several threads use it."""

    def samples(self, start: int, stop: int) -> np.ndarray:
        """Return the samples from number `start` up to `stop`, of any numeric type."""


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Audio:
    """One channel of audio of any length, which is read in pieces.

    Audio from a file, from a mapped array or from the simulator is pickled without its samples, in
    less than 5 kB, so that joblib and Dask can send it to other processes.

    Attributes
    ----------
    name : str
        The name that messages, tables and pages use.
    samplerate_hz : int or float
    n_samples : int
    source : object
        Gives the samples: `source.samples(start, stop)`.
    fingerprint : str
        A digest of the audio and, for a `Recording`, of its syllables.

    Raises
    ------
    UsvError
        If the sampling rate is not above 0, there are no samples, or a value is of another type.

    Examples
    --------
    >>> import usvlib
    >>> audio = usvlib.simulate_recording(n_syllables=3)
    >>> audio.samplerate_hz, audio.read(0.1, 0.2).shape
    (300000, (30000,))
    >>> sum(len(block) for block in audio.blocks()) == audio.n_samples
    True
    """

    name: str
    samplerate_hz: float
    n_samples: int
    source: Source = dataclasses.field(repr=False)
    fingerprint: str = dataclasses.field(repr=False)

    def __post_init__(self) -> None:
        check_type("name", self.name, str)
        # Names of files may hold bytes that are no text, and could not be written to a page.
        object.__setattr__(self, "name", self.name.encode(errors="replace").decode())
        rate = one_number(self.samplerate_hz, "samplerate_hz", self.name)
        rate = real_number(f"{self.name}: samplerate_hz", rate, above=0)
        object.__setattr__(self, "samplerate_hz", int(rate) if rate == int(rate) else rate)
        n_samples = whole_number(f"{self.name}: n_samples", self.n_samples, 1)
        object.__setattr__(self, "n_samples", n_samples)
        check_type(f"{self.name}: fingerprint", self.fingerprint, str)
        if not callable(getattr(self.source, "samples", None)):
            raise UsvError(
                f"{self.name}: source is {in_words(self.source)}; it must have the method "
                "samples(start, stop)"
            )

    @property
    def duration_s(self) -> float:
        """Duration in seconds."""
        return self.n_samples / self.samplerate_hz

    @property
    def label(self) -> str:
        """The name as figures can draw it: short, and of characters that the font has."""
        return figure_label(self.name)

    def blocks(self, n_samples: int = 2**18) -> Iterator[np.ndarray]:
        """Read the whole audio piece by piece.

        Parameters
        ----------
        n_samples : int, default 262144
            Length of each piece. The last may be shorter.

        Yields
        ------
        float32 array [at most n_samples]
            Integer samples are scaled to -1 ... 1.

        Raises
        ------
        UsvError
            At a sample that is not finite, or where the file ends too early.
        """
        length = whole_number("n_samples", n_samples, 1)
        for start in range(0, self.n_samples, length):
            yield self.read_samples(start, min(start + length, self.n_samples))

    def read(self, start_s: float, stop_s: float) -> np.ndarray:
        """Read the samples from `start_s` to `stop_s`, cut off at the ends of the audio.

        Parameters
        ----------
        start_s, stop_s : float
            In seconds from the start of the audio.

        Returns
        -------
        float32 array [n_samples]
            A copy that may be changed.
        """
        start, stop = (
            round(min(max(t * self.samplerate_hz, 0), self.n_samples))
            for t in check_times(start_s, stop_s)
        )
        return self.read_samples(start, stop).copy()

    def read_samples(self, start: int, stop: int) -> np.ndarray:
        """Read the samples from number `start` up to `stop`: float32 array [stop - start].

        The array may share memory with the audio.
        """
        stop = whole_number("stop", stop, 0, self.n_samples)
        start = whole_number("start", start, 0, stop)
        block = _as_float32(np.asarray(self.source.samples(start, stop)))
        if block.shape != (stop - start,):
            raise UsvError(
                f"{self.name}: the file ends too early: samples {start} to {stop} were asked for, "
                f"and {len(block)} were there"
            )
        # The sum is the fastest test: one sample that is not finite makes it not finite. Very
        # large samples can do the same, so the samples themselves are checked then.
        with np.errstate(over="ignore", invalid="ignore"):
            suspect = not np.isfinite(block.sum())
        if suspect and (where := np.flatnonzero(~np.isfinite(block))).size:
            bad = start + int(where[0])
            raise UsvError(
                f"{self.name}: sample {bad} ({bad / self.samplerate_hz:.6f} s) is not finite; "
                "every sample must be a number"
            )
        return block


@dataclasses.dataclass(frozen=True)
class FileSource:
    """One channel of an audio file that soundfile reads."""

    path: str
    channel: int
    dtype: str
    stamp: tuple[int, int]  # size and time of change when the file was opened

    def samples(self, start: int, stop: int) -> np.ndarray:
        """Return the samples from number `start` up to `stop`."""
        import soundfile

        check_unchanged(self.path, self.stamp)
        try:
            block, _ = soundfile.read(
                self.path, start=start, stop=stop, dtype=self.dtype, always_2d=True
            )
        except (soundfile.LibsndfileError, RuntimeError) as error:
            raise UsvError(f"{self.path} is damaged or truncated: {error}") from error
        return block[:, self.channel]


class ArraySource:
    """Samples in memory, or mapped into it from a file. Mapped ones are pickled as a path."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = array
        mapped = isinstance(array, np.memmap) and array.flags.c_contiguous and array.filename
        self.stamp = file_stamp(array.filename) if mapped else None

    def samples(self, start: int, stop: int) -> np.ndarray:
        """Return the samples from number `start` up to `stop`."""
        return self.array[start:stop]

    def __reduce__(self):
        if self.stamp is None:
            return ArraySource, (np.asarray(self.array),)
        mapped = np.frombuffer(self.array._mmap, np.uint8)
        # A slice of a mapped array has the offset of the whole array, so addresses give its start.
        begins = self.array.ctypes.data - mapped.ctypes.data
        begins += self.array.offset - self.array.offset % _mapping_unit()
        where = os.fspath(self.array.filename), self.array.dtype.str, len(self.array), begins
        return _mapped_source, (*where, self.stamp)


def _mapped_source(path, dtype, n_samples, offset, stamp):
    check_unchanged(path, stamp)
    return ArraySource(np.memmap(path, dtype, "r", offset, (n_samples,)))


def _mapping_unit():
    import mmap

    return mmap.ALLOCATIONGRANULARITY


def file_stamp(path) -> tuple[int, int]:
    """Return size and time of change of a file, which tell whether it has changed."""
    status = existing_file(path).stat()
    return status.st_size, status.st_mtime_ns


def check_unchanged(path, stamp) -> None:
    """Raise a `UsvError` if a file has changed since it was opened."""
    if file_stamp(path) != tuple(stamp):
        raise UsvError(f"{path} has changed since it was opened; open it again")


def one_number(value, argument: str, name: str) -> float:
    """Return `value` as one Python number, or raise a `UsvError`."""
    try:
        array = np.asarray(value)
    except ValueError:  # lists of different lengths
        array = np.zeros(0)
    if array.size != 1 or array.dtype.kind not in "iuf":
        raise UsvError(f"{name}: {argument} is {in_words(value)}; it must be one number")
    return array.item()


def fingerprint_of(*parts) -> str:
    """Return a digest of numbers, texts and arrays, in hexadecimal."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            part = f"{part.dtype.str}{part.shape}".encode() + np.ascontiguousarray(part).tobytes()
        digest.update(part if isinstance(part, bytes) else repr(part).encode())
    return digest.hexdigest()


def figure_label(name: str) -> str:
    """Return a name as matplotlib can draw it in labels and legends.

    Long names are cut in the middle. A dollar sign would begin a formula, matplotlib leaves names
    that begin with an underscore out of legends, and characters that the font lacks become □.
    """
    if len(name) > MAX_LABEL_LENGTH:
        half = MAX_LABEL_LENGTH // 2
        name = f"{name[: half - 1]}…{name[-half:]}"
    glyphs = _glyphs()
    text = "".join(letter if ord(letter) in glyphs else "□" for letter in name)
    text = text.replace("$", r"\$")
    return f"{HAIR_SPACE}{text}" if text.startswith("_") else text


@functools.cache
def _glyphs():
    """Return the code points that matplotlib's own font, DejaVu Sans, can draw."""
    from matplotlib import font_manager, ft2font

    path = font_manager.findfont("DejaVu Sans", fallback_to_default=True)
    return frozenset(ft2font.FT2Font(path).get_charmap())


def _as_float32(block):
    """Return samples as float32; integers are scaled so that full scale is 1, as in soundfile."""
    if block.dtype.kind == "f":
        return block.astype(np.float32, copy=False)
    full_scale = 2.0 ** (8 * block.dtype.itemsize - 1)
    centre = full_scale if block.dtype.kind == "u" else 0.0
    # float32 holds every 16-bit number. Of wider ones, the centre is subtracted before rounding.
    wide = np.float32 if block.dtype.itemsize <= 2 else np.float64
    return ((block.astype(wide) - wide(centre)) / wide(full_scale)).astype(np.float32, copy=False)

"""Open recordings from files: audio with a table of syllables, or the tutorial's four arrays."""

from __future__ import annotations

import os
import shutil
import struct
import warnings
import zlib

import numpy as np

from .._shared import (
    MissingFileError,
    UsvError,
    UsvWarning,
    as_path,
    atomic_path,
    check_type,
    existing_file,
    file_digest,
    in_words,
    real_number,
    whole_number,
)
from .annotations import read_syllables
from .audio import Audio, FileSource, file_stamp, fingerprint_of, one_number
from .cache import cache_dir, mark_used, trim_cache
from .recordings import Recording, recording_from_array

AUDIO_SUFFIXES = (".wav", ".flac")

# A WAV has this in place of a size that was not known when it was written.
UNKNOWN_SIZE = 0xFFFFFFFF

# An archive of a few megabytes can hold gigabytes of zeros. Audio shrinks to a tenth at most.
MIN_SUSPECT_BYTES, MAX_PACKING = 100_000_000, 100
READ_HEADER = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def load_audio(
    path: str | os.PathLike,
    channel: int | None = None,
    samplerate_hz: float | None = None,
    name: str | None = None,
) -> Audio:
    """Open an audio file without reading its samples.

    Parameters
    ----------
    path : path of a .wav or .flac file
        Integer or floating-point samples of any width.
    channel : int, optional
        Which channel to take, from 0. Required if there are several.
    samplerate_hz : float, optional
        The true sampling rate, if the file's own is wrong. Files of bat detectors are often
        stored ten times slower ("time expanded").
    name : str, optional
        The stem of the file by default.

    Returns
    -------
    Audio

    Raises
    ------
    UsvError
        If the file is missing, is not an audio file, is empty or truncated, or has no such channel.

    Examples
    --------
    >>> import numpy as np, soundfile, tempfile, usvlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     soundfile.write(f"{folder}/mine.wav", np.zeros(25_000), 25_000)
    ...     audio = usvlib.load_audio(f"{folder}/mine.wav", samplerate_hz=250_000)
    >>> audio.name, audio.samplerate_hz, audio.duration_s
    ('mine', 250000, 0.1)
    """
    import soundfile

    check_name(name)
    if samplerate_hz is not None:
        real_number("samplerate_hz", samplerate_hz, above=0)
    # The file is read later, when the working directory may be another.
    path = existing_file(path).absolute()
    try:
        with soundfile.SoundFile(path) as file:
            rate_hz, n_samples, n_channels = file.samplerate, file.frames, file.channels
            # 16-bit samples are read as they are stored: numpy converts them many times faster.
            dtype = "int16" if file.subtype == "PCM_16" else "float32"
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise UsvError(f"{path} cannot be read as audio: {error}") from error
    _check_size(path)
    if n_samples == 0:
        raise UsvError(f"{path} holds no samples; the recording must not be empty")
    if channel is None and n_channels > 1:
        raise UsvError(
            f"{path} has {n_channels} channels; choose one: channel=0 ... {n_channels - 1}"
        )
    try:
        channel = whole_number("channel", 0 if channel is None else channel, 0, n_channels - 1)
    except UsvError:
        raise UsvError(
            f"channel is {in_words(channel)}; {path} has channels 0 to {n_channels - 1}"
        ) from None
    return Audio(
        name=name or path.stem,
        samplerate_hz=rate_hz if samplerate_hz is None else samplerate_hz,
        n_samples=n_samples,
        source=FileSource(os.fspath(path), channel, dtype, file_stamp(path)),
        fingerprint=fingerprint_of(file_digest(path), channel, samplerate_hz),
    )


def recording_from_audio(
    path: str | os.PathLike,
    annotations: str | os.PathLike | None = None,
    channel: int | None = None,
    name: str | None = None,
    samplerate_hz: float | None = None,
) -> Recording:
    """Open an audio file and a table of its syllables.

    Parameters
    ----------
    path : path of a .wav or .flac file
        See `load_audio`.
    annotations : path of a .csv file, optional
        Two columns, onset and offset in seconds, with or without a header. By default `mine.csv`
        beside `mine.wav`.
    channel : int, optional
        Which channel to take, from 0. Required if there are several.
    name : str, optional
        The stem of the file by default.
    samplerate_hz : float, optional
        The true sampling rate, if the file's own is wrong. The table must be in true seconds: if
        you annotated a recording that is played slower, divide its times by the same factor.

    Returns
    -------
    Recording

    Raises
    ------
    UsvError
        If a file is missing or damaged, or a syllable is empty, reversed or outside the audio.

    Examples
    --------
    >>> import numpy as np, soundfile, tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     soundfile.write(f"{folder}/mine.wav", np.zeros(250_000), 250_000)
    ...     _ = Path(folder, "mine.csv").write_text("onset,offset\\n0.1,0.15\\n0.3,0.34\\n")
    ...     recording = recording_from_audio(f"{folder}/mine.wav")
    >>> recording.n_syllables
    2
    """
    if annotations is not None:
        annotations = as_path("annotations", annotations)
    audio = load_audio(path, channel, samplerate_hz, name)
    path = as_path("path", path)
    if annotations is None:
        annotations = path.with_suffix(".csv")
        if not annotations.is_file():
            raise MissingFileError(
                f"{annotations} is missing: the onsets and offsets of {path.name} are read from "
                "it (two columns, seconds)"
            )
    onsets, offsets = read_syllables(annotations, audio.samplerate_hz, audio.n_samples)
    fields = {field: getattr(audio, field) for field in ("name", "samplerate_hz", "n_samples")}
    return Recording(
        **fields,
        source=audio.source,
        fingerprint=fingerprint_of(audio.fingerprint, onsets, offsets),
        onsets=onsets,
        offsets=offsets,
    )


def recording_from_npz(path: str | os.PathLike, name: str | None = None) -> Recording:
    """Open a file with the tutorial's four arrays.

    The audio is unpacked once into the cache, into a file named by the content, and is mapped into
    memory from there. If the cache cannot be written, the audio is read into memory.

    Parameters
    ----------
    path : path of an .npz file
        `recording` [n_samples], `samplerate` in Hz, `syllable_onsets` and `syllable_offsets`
        [n_syllables] in samples.
    name : str, optional
        The stem of the file by default.

    Returns
    -------
    Recording

    Raises
    ------
    UsvError
        If the file is missing or damaged, lacks an array, or holds anything but plain numbers.

    Examples
    --------
    >>> import numpy as np, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     arrays = {"recording": np.ones(250_000, np.int16), "samplerate": 250_000}
    ...     arrays |= {"syllable_onsets": [1_000], "syllable_offsets": [9_000]}
    ...     np.savez(f"{folder}/mine.npz", **arrays)
    ...     recording = recording_from_npz(f"{folder}/mine.npz")
    >>> recording.n_syllables, recording.samplerate_hz
    (1, 250000)
    """
    check_name(name)
    path = existing_file(path)
    arrays, digest = {}, file_digest(path)
    unpacked = cache_dir() / "unpacked" / f"{digest}.npy"
    try:
        with np.load(path, allow_pickle=False) as npz:
            keys = ("recording", "samplerate", "syllable_onsets", "syllable_offsets")
            if missing := [key for key in keys if key not in npz.files]:
                raise UsvError(
                    f"{path} has no array {', '.join(missing)}; it must hold {', '.join(keys)}"
                )
            for key in keys[1:]:
                arrays[key] = npz[key]
            samples = _unpacked(npz, unpacked, path)
    except UsvError:
        raise
    except Exception as error:  # numpy and zipfile raise many kinds for a damaged or pickled file
        # numpy's advice to load pickles is not passed on, because they can run any code.
        reason = "it is no such file" if "pickle" in str(error) else error
        raise UsvError(
            f"{path} cannot be read as an .npz file of plain arrays: {reason}"
        ) from error
    return recording_from_array(
        samples,
        one_number(arrays["samplerate"], "samplerate", path.name),
        arrays["syllable_onsets"],
        arrays["syllable_offsets"],
        name=name or path.stem,
        fingerprint=digest,
    )


def check_name(name) -> None:
    """Raise a `UsvError` unless a name is a text, or None."""
    if name is not None:
        check_type("name", name, str)


def _check_size(path):
    """Raise a `UsvError` for a WAV whose header promises more audio than the file holds.

    libsndfile takes such a file for a shorter one.
    """
    with open(path, "rb") as file:
        riff = file.read(12)
        if riff[:4] not in (b"RIFF", b"RIFX") or riff[8:] != b"WAVE":
            return
        size_format = ">I" if riff[:4] == b"RIFX" else "<I"
        end = os.fstat(file.fileno()).st_size
        while len(head := file.read(8)) == 8:
            (size,) = struct.unpack(size_format, head[4:])
            if head[:4] == b"data":
                if size == UNKNOWN_SIZE or file.tell() + size <= end:
                    return
                break
            file.seek(size + size % 2, os.SEEK_CUR)
    raise UsvError(f"{path} is truncated: its header promises more audio than the file holds")


def _unpacked(npz, unpacked, source):
    """Return the samples of an .npz file, mapped from the cache if that can be written."""
    info = npz.zip.getinfo("recording.npy")
    _check_member(npz, info, source)
    if not (unpacked.is_file() and _checksum(unpacked) == info.CRC):
        _check_finite(npz, info, source)
        try:
            _unpack(npz, info, unpacked)
        except UsvError as error:  # the cache cannot be written
            warnings.warn(
                f"{error}; the audio of {source} is kept in memory", UsvWarning, stacklevel=4
            )
            return npz["recording"]
        trim_cache()
    mark_used(unpacked)
    return np.load(unpacked, mmap_mode="r", allow_pickle=False)


def _check_member(npz, info, source):
    """Raise a `UsvError` unless `recording` is one channel of numbers, of a plausible size."""
    if info.file_size > max(MIN_SUSPECT_BYTES, MAX_PACKING * info.compress_size):
        raise UsvError(
            f"{source}: recording takes {info.compress_size:,} bytes packed and "
            f"{info.file_size:,} unpacked; no audio can be packed so tightly"
        )
    with npz.zip.open(info) as stream:
        version = np.lib.format.read_magic(stream)
        if version not in READ_HEADER:
            raise UsvError(f"{source}: recording is stored in the unknown .npy version {version}")
        shape, _, dtype = READ_HEADER[version](stream)
        if len(shape) != 1 or dtype.kind not in "iuf":
            raise UsvError(
                f"{source}: recording has shape {shape} and type {dtype}; it must be numbers "
                "in one dimension"
            )
        missing = shape[0] * dtype.itemsize - (info.file_size - stream.tell())
        if missing > 0:
            raise UsvError(
                f"{source} is truncated: recording ends {missing // dtype.itemsize} samples early"
            )


def _check_finite(npz, info, source):
    """Raise a `UsvError` at a sample that is no number."""
    with npz.zip.open(info) as stream:
        version, position = np.lib.format.read_magic(stream), 0
        _, _, dtype = READ_HEADER[version](stream)
        while dtype.kind == "f" and (raw := stream.read(2**20 * dtype.itemsize)):
            block = np.frombuffer(raw[: len(raw) // dtype.itemsize * dtype.itemsize], dtype)
            if not np.isfinite(block).all():
                bad = position + int(np.isfinite(block).argmin())
                raise UsvError(
                    f"{source}: sample {bad} of recording is not finite; every sample must be a "
                    "number"
                )
            position += len(block)


def _unpack(npz, info, target):
    """Copy the member of an .npz file as it is, which checks its checksum, too."""
    with npz.zip.open(info) as packed, atomic_path(target) as partial, open(partial, "wb") as out:
        shutil.copyfileobj(packed, out, 2**20)


def _checksum(path):
    """Return the CRC-32 of a file's content, which archives store."""
    checksum = 0
    with open(path, "rb") as file:
        while block := file.read(2**22):
            checksum = zlib.crc32(block, checksum)
    return checksum

"""Recordings from files: audio with a table of syllables, or the page's four arrays."""

import csv
import re
from pathlib import Path

import numpy as np

from .._shared import MissingFileError, UsvError, atomic_path, existing_file, file_digest
from .recordings import Recording, fingerprint_of, recording_from_array

AUDIO_SUFFIXES = (".wav", ".flac")


def recording_from_audio(path, syllables_path=None, channel=None, name=None):
    """A recording from an audio file and a table of its syllables.

    Parameters
    ----------
    path : path of a .wav or .flac file
        Any width of integer or floating-point samples.
    syllables_path : path of a .csv file, optional
        Two columns, onset and offset in seconds, with or without a header; by default the file of
        the same stem beside the audio.
    channel : int, optional
        Which channel to take, from 0; required where there are several.
    name : str, optional
        By default the file's stem.

    Returns
    -------
    Recording
    """
    import soundfile

    # Read later, when the working directory may be another.
    path = existing_file(path).absolute()
    try:
        with soundfile.SoundFile(path) as audio:
            samplerate_hz, n_samples = audio.samplerate, audio.frames
            n_channels, log = audio.channels, audio.extra_info
            # As stored where that is possible: numpy makes float32 of it many times faster.
            dtype = "int16" if audio.subtype == "PCM_16" else "float32"
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise UsvError(f"{path} cannot be read as audio: {error}") from error
    # libsndfile takes a shortened WAV for a shorter one; only its log tells.
    if re.search(r"^data : \d+ \(should be", log, re.MULTILINE):
        raise UsvError(f"{path} is truncated: its header promises more audio than the file holds")
    if n_samples == 0:
        raise UsvError(f"{path} holds no samples; the recording must not be empty")
    if channel is None and n_channels > 1:
        raise UsvError(
            f"{path} has {n_channels} channels; save one of them as a file "
            f"of its own, or call recording_from_audio with channel=0 ... {n_channels - 1}"
        )
    if channel is not None and channel not in range(n_channels):
        raise UsvError(f"channel is {channel!r}; {path} has channels 0 to {n_channels - 1}")

    stamp = _stamp(path)

    def samples(start, stop):
        if _stamp(path) != stamp:
            raise UsvError(f"{path} was changed since it was opened; open it anew")
        try:
            block, _ = soundfile.read(path, start=start, stop=stop, dtype=dtype, always_2d=True)
        except (soundfile.LibsndfileError, RuntimeError) as error:
            raise UsvError(f"{path} is damaged or truncated: {error}") from error
        return block[:, channel or 0]

    if syllables_path is None:
        syllables_path = path.with_suffix(".csv")
        if not syllables_path.is_file():
            raise MissingFileError(
                f"{syllables_path} is missing: the onsets and offsets of {path.name} are taken "
                "from it (two columns, seconds)"
            )
    onsets_s, offsets_s = _read_syllables(syllables_path)
    onsets = np.round(onsets_s * samplerate_hz)
    offsets = np.round(offsets_s * samplerate_hz)
    # Said here in the table's own terms; all else that can be wrong, Recording says.
    if (late := np.flatnonzero(np.isfinite(offsets) & (offsets > n_samples))).size:
        i, end_s = late[0], n_samples / samplerate_hz
        raise UsvError(
            f"{syllables_path}: syllable {i} goes from {onsets_s[i]:g} to {offsets_s[i]:g} s, but "
            f"the recording ends at {end_s:g} s; onsets and offsets must be in seconds"
        )
    return Recording(
        name=name or path.stem,
        samplerate_hz=samplerate_hz,
        n_samples=n_samples,
        onsets=onsets,
        offsets=offsets,
        samples=samples,
        fingerprint=fingerprint_of(file_digest(path), channel, onsets, offsets),
    )


def recording_from_npz(path, cache_dir, name=None):
    """A recording from the page's four arrays.

    The audio is unpacked once into a folder named by the file's content, and mapped into memory
    from there.

    Parameters
    ----------
    path : path of an .npz file
        `recording` [n_samples], `samplerate` in Hz, `syllable_onsets` and `syllable_offsets`
        [n_syllables] in samples.
    cache_dir : path
        Where the unpacked audio is kept.
    name : str, optional
        By default the file's stem.

    Returns
    -------
    Recording
    """
    path = existing_file(path)
    arrays, digest = {}, file_digest(path)
    try:
        with np.load(path, allow_pickle=False) as npz:
            keys = ("recording", "samplerate", "syllable_onsets", "syllable_offsets")
            if missing := [key for key in keys if key not in npz.files]:
                raise UsvError(
                    f"{path} has no array {', '.join(missing)}; it must hold {', '.join(keys)}"
                )
            for key in keys[1:]:
                arrays[key] = npz[key]
            unpacked = Path(cache_dir) / "unpacked" / f"{digest}.npy"
            if not unpacked.is_file():
                _unpack(npz, "recording.npy", unpacked, path)
    except UsvError:
        raise
    except Exception as error:  # numpy and zipfile raise many kinds for a damaged or pickled file
        raise UsvError(f"{path} cannot be read as an .npz file of plain arrays: {error}") from error
    return recording_from_array(
        np.load(unpacked, mmap_mode="r", allow_pickle=False),
        arrays["samplerate"],
        arrays["syllable_onsets"],
        arrays["syllable_offsets"],
        name=name or path.stem,
        fingerprint=digest,
    )


def _unpack(npz, member, target, source):
    """Copy one array of an .npz file to a .npy file, a piece at a time, checking every sample."""
    with npz.zip.open(member) as stream:
        version = np.lib.format.read_magic(stream)
        read_header = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }.get(version)
        if read_header is None:
            raise UsvError(f"{source}: recording is stored in the unknown .npy version {version}")
        shape, _, dtype = read_header(stream)
        if len(shape) != 1 or dtype.kind not in "iuf":
            raise UsvError(
                f"{source}: recording has shape {shape} and type {dtype}; it must be numbers "
                "in one dimension"
            )
        with atomic_path(target) as partial, open(partial, "wb") as out:
            np.lib.format.write_array_header_1_0(
                out, {"descr": dtype.str, "fortran_order": False, "shape": shape}
            )
            n_left, position = shape[0], 0
            while n_left:
                raw = stream.read(min(n_left, 2**20) * dtype.itemsize)
                block = np.frombuffer(raw, dtype)
                if dtype.kind == "f" and not np.isfinite(block).all():
                    bad = position + int(np.flatnonzero(~np.isfinite(block))[0])
                    raise UsvError(
                        f"{source}: sample {bad} of recording is not finite; every sample must "
                        "be a number"
                    )
                if not len(block):
                    raise UsvError(f"{source} is truncated: recording ends {n_left} samples early")
                out.write(raw)
                n_left, position = n_left - len(block), position + len(block)


def _read_syllables(path):
    """Onsets and offsets in seconds, from a table of two columns with or without a header."""
    path = existing_file(path)
    onsets_s, offsets_s, first = [], [], True
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            for row in csv.reader(file):
                if not row:
                    continue
                may_be_header, first = first and not any(map(_is_number, row)), False
                try:
                    onset_s, offset_s = (float(cell) for cell in row)
                except ValueError:
                    if not may_be_header:
                        raise UsvError(
                            f"{path}, {','.join(row)!r}: every row must be two numbers, onset and "
                            "offset in seconds, with a comma between and decimal points"
                        ) from None
                    continue  # the header
                onsets_s.append(onset_s)
                offsets_s.append(offset_s)
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsvError(f"{path} cannot be read as a table of text: {error}") from error
    if not onsets_s:
        raise UsvError(f"{path} holds no syllables; at least one row of two numbers is needed")
    return np.array(onsets_s), np.array(offsets_s)


def _stamp(path):
    status = existing_file(path).stat()
    return status.st_size, status.st_mtime_ns


def _is_number(cell):
    try:
        float(cell)
    except ValueError:
        return False
    return True

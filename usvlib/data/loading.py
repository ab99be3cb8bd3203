"""Load recordings by the name of a data set, a file, a folder, a pattern, or a list of these."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from .._shared import MissingFileError, UsvError, as_path, in_words, real_number, whole_number
from .datasets import DATASETS, is_tutorial_fetched
from .readers import AUDIO_SUFFIXES, recording_from_audio, recording_from_npz
from .recordings import Recording, distinct_names

NAMES = tuple(DATASETS)
SUFFIXES = (*AUDIO_SUFFIXES, ".npz")

Source = str | os.PathLike | Iterable


def load_recordings(
    source: Source | None = None,
    annotations: str | os.PathLike | None = None,
    channel: int | None = None,
    samplerate_hz: float | None = None,
) -> list[Recording]:
    """Load the recordings that a name, a path, a pattern or a list stands for.

    Parameters
    ----------
    source : str, path or list of these, optional
        - `"simulated"`: 1,600 syllables whose truth is known;
        - `"ivanenko2020"`: the tutorial's recording;
        - `"amvoc"`: four recordings with 128 hand-annotated syllables, or one of them, such as
          `"amvoc/rec_2"`;
        - a .wav or .flac file with a .csv file of the same stem beside it (two columns, onset and
          offset in seconds), or an .npz file with the tutorial's four arrays;
        - a folder: all such files directly in it, in the order of their names;
        - a pattern such as `"mouse*/day_?.wav"`; `**` stands for any folders.

        By default the environment variable `USVLIB_RECORDING`, with `USVLIB_ANNOTATIONS`,
        `USVLIB_CHANNEL` and `USVLIB_SAMPLERATE`. If it is not set, `"ivanenko2020"` if that was
        downloaded, else `"simulated"`.
    annotations : path, optional
        The table of the syllables, if it is not beside the recording. Only for one file.
    channel : int, optional
        Which channel of the audio files to take, from 0. Required if there are several.
    samplerate_hz : float, optional
        The true sampling rate, if that of the audio files is wrong. Tables must be in true seconds.

    Returns
    -------
    list of Recording
        Files with equal stems are named by as much of their paths as tells them apart.

    Raises
    ------
    UsvError
        If a name is unknown, a file is missing or damaged or has the wrong hash, a file is named
        twice, nothing is found, or a download fails.

    Examples
    --------
    >>> import usvlib
    >>> [recording] = usvlib.load_recordings("simulated")
    >>> recording.name, recording.n_syllables
    ('simulated', 1600)
    """
    if source is None:
        source = default_name()
        if annotations is None:
            annotations = os.environ.get("USVLIB_ANNOTATIONS") or None
        channel = _from_environment("USVLIB_CHANNEL", int) if channel is None else channel
        if samplerate_hz is None:
            samplerate_hz = _from_environment("USVLIB_SAMPLERATE", float)
    if annotations is not None:
        annotations = as_path("annotations", annotations)
    if channel is not None:
        channel = whole_number("channel", channel, 0)
    if samplerate_hz is not None:
        samplerate_hz = real_number("samplerate_hz", samplerate_hz, above=0)
    parts = list(_parts(source))
    paths = [part for part in parts if isinstance(part, Path)]
    given = [part if isinstance(part, str) else part.absolute() for part in parts]
    if repeated := [part for i, part in enumerate(given) if part in given[:i]]:
        raise UsvError(f"source names {str(repeated[0])!r} twice; name each recording once")
    if annotations is not None and not len(parts) == len(paths) == 1:
        raise UsvError(
            f"annotations is {str(annotations)!r}; it can be given for one file, and source "
            f"stands for {', '.join(map(str, parts))}"
        )
    names = dict(zip(paths, distinct_names(p.absolute() for p in paths), strict=True))
    recordings = []
    for part in parts:
        if isinstance(part, str):
            recordings += DATASETS[part]()
        elif part.suffix.lower() == ".npz":
            recordings.append(recording_from_npz(part, names[part]))
        else:
            recordings.append(
                recording_from_audio(part, annotations, channel, names[part], samplerate_hz)
            )
    return recordings


def load_recording(
    source: Source | None = None,
    annotations: str | os.PathLike | None = None,
    channel: int | None = None,
    samplerate_hz: float | None = None,
) -> Recording:
    """Load the one recording that a name or a path stands for.

    Parameters
    ----------
    source, annotations, channel, samplerate_hz
        See `load_recordings`.

    Returns
    -------
    Recording

    Raises
    ------
    UsvError
        See `load_recordings`; also if the source stands for several recordings.

    Examples
    --------
    >>> import usvlib
    >>> usvlib.load_recording("simulated").samplerate_hz
    300000
    """
    recordings = load_recordings(source, annotations, channel, samplerate_hz)
    if len(recordings) > 1:
        raise UsvError(
            f"{source or default_name()!r} stands for {len(recordings)} recordings: "
            f"{', '.join(r.name for r in recordings)}; name one of them, or use load_recordings"
        )
    return recordings[0]


def default_name() -> str:
    """Return `$USVLIB_RECORDING`, else the tutorial's recording if it is here, else `simulated`."""
    fetched = "ivanenko2020" if is_tutorial_fetched() else "simulated"
    return os.environ.get("USVLIB_RECORDING") or fetched


def _parts(source) -> Iterator[str | Path]:
    """Yield the names of data sets as texts and the files as paths, in the order of the source."""
    if not isinstance(source, (str, os.PathLike)):
        try:
            items = list(source)
        except TypeError:  # also arrays without an axis, which only look as if they held something
            raise UsvError(
                f"source is {in_words(source)}; it must be a name, a path or a list of them"
            ) from None
        if not items:
            raise UsvError("source is empty; it must name at least one recording")
        for item in items:
            yield from _parts(item)
        return
    if source in DATASETS:
        yield source
        return
    path = as_path("source", source)
    if path.is_dir():
        files = sorted(p for p in path.iterdir() if p.suffix.lower() in SUFFIXES and p.is_file())
        if not files:
            raise MissingFileError(
                f"the folder {path} holds no file that ends in {', '.join(SUFFIXES)}; for its "
                f"sub-folders, give the pattern {str(path / '**' / '*.wav')!r}"
            )
        yield from files
    elif glob.has_magic(os.fspath(path)) and not path.exists():
        found = sorted(map(Path, glob.glob(os.fspath(path), recursive=True)))
        files = [p for p in found if p.suffix.lower() in SUFFIXES and p.is_file()]
        if not files:
            raise MissingFileError(f"no recording matches the pattern {os.fspath(path)!r}")
        yield from files
    elif path.suffix.lower() in SUFFIXES:
        yield path
    else:
        raise UsvError(
            f"recording {os.fspath(source)!r} is unknown; source must name one of "
            f"{', '.join(NAMES)}, a folder, or a path that ends in {', '.join(SUFFIXES)}"
        )


def _from_environment(variable, kind):
    """Return a number from an environment variable, or None if that is not set."""
    text = os.environ.get(variable)
    if not text:
        return None
    try:
        return kind(text)
    except ValueError:
        raise UsvError(f"{variable} is {text!r}; it must be a number") from None

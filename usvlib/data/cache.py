"""The folder of computed stages and unpacked audio, and its limit of size."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from pathlib import Path

from .._shared import as_path, whole_number

# Both kinds of files share one limit, which is about ten books of an hour of audio each.
MAX_CACHE_BYTES = 10_000_000_000
# Another process may be about to open a file that it has just found.
MIN_AGE_S = 600
FOLDERS = ("stages", "unpacked")


def data_dir() -> Path:
    """Return the folder of data sets: `$USVLIB_DATA_DIR`, else in the user's cache folder.

    Returns
    -------
    Path
        It may not exist yet.

    Examples
    --------
    >>> data_dir().is_absolute()
    True
    """
    return _folder("USVLIB_DATA_DIR", "recordings")


def cache_dir() -> Path:
    """Return the folder of computed stages: `$USVLIB_CACHE_DIR`, else in the user's cache folder.

    Returns
    -------
    Path
        It may not exist yet.

    Examples
    --------
    >>> cache_dir().is_absolute()
    True
    """
    return _folder("USVLIB_CACHE_DIR", "stages")


def clear_cache() -> int:
    """Delete all computed stages and unpacked audio.

    Returns
    -------
    int
        Number of bytes freed.

    Examples
    --------
    >>> import tempfile
    >>> from unittest import mock
    >>> with tempfile.TemporaryDirectory() as empty:
    ...     with mock.patch.dict(os.environ, USVLIB_CACHE_DIR=empty):
    ...         clear_cache()
    0
    """
    n_bytes = sum(size for _, size, _ in _cached_files())
    for folder in FOLDERS:
        shutil.rmtree(cache_dir() / folder, ignore_errors=True)
    return n_bytes


def trim_cache(max_bytes: int = MAX_CACHE_BYTES) -> None:
    """Delete the least recently used files until the cache fits its limit.

    Files used within the last ten minutes are kept even if the cache exceeds its limit.

    Parameters
    ----------
    max_bytes : int, default 10 GB

    Raises
    ------
    UsvError
        If `max_bytes` is not a whole number of at least 0.
    """
    max_bytes = whole_number("max_bytes", max_bytes, 0)
    files = sorted(_cached_files())
    excess = sum(size for _, size, _ in files) - max_bytes
    for last_use, size, path in files:
        if excess <= 0 or last_use > time.time() - MIN_AGE_S:
            break
        try:
            path.unlink(missing_ok=True)
        except OSError:  # in use on Windows, or in a read-only folder
            continue
        excess -= size


def mark_used(path: Path) -> None:
    """Set a cached file's time of last use to now."""
    path = as_path("path", path)
    # A cache that cannot be written can still be read.
    with contextlib.suppress(OSError):
        # The time of its last change stays, because open recordings compare it.
        os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))


def _cached_files():
    """Yield time of last use, size and path of each cached file."""
    for folder in FOLDERS:
        for path in (cache_dir() / folder).rglob("*.np[yz]"):
            try:
                status = path.stat()
            except OSError:  # another process has just deleted it
                continue
            yield max(status.st_atime, status.st_mtime), status.st_size, path


def _folder(variable, name):
    import platformdirs

    if os.environ.get(variable):
        return Path(os.environ[variable]).expanduser().absolute()
    return Path(platformdirs.user_cache_dir("usvlib", appauthor=False)) / name

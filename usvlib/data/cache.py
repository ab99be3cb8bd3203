"""The folder of computed stages and unpacked audio, and its limit of size."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from pathlib import Path

# Both kinds of files share one limit, which is about ten books of an hour of audio each.
MAX_CACHE_BYTES = 10_000_000_000
# Another process may be about to open a file that it has just found.
MIN_AGE_S = 600
FOLDERS = ("stages", "unpacked")


def data_dir() -> Path:
    """Return the folder of recordings: `$USVLIB_DATA_DIR`, else in the user's cache folder.

    Returns
    -------
    Path
        It may not exist yet.
    """
    return _folder("USVLIB_DATA_DIR", "recordings")


def cache_dir() -> Path:
    """Return the folder of computed stages: `$USVLIB_CACHE_DIR`, else in the user's cache folder.

    Returns
    -------
    Path
        It may not exist yet.
    """
    return _folder("USVLIB_CACHE_DIR", "stages")


def clear_cache() -> int:
    """Delete all computed stages and unpacked audio.

    Returns
    -------
    int
        The number of bytes that were freed.
    """
    n_bytes = sum(size for _, size, _ in _cached_files())
    for folder in FOLDERS:
        shutil.rmtree(cache_dir() / folder, ignore_errors=True)
    return n_bytes


def trim_cache(max_bytes: int = MAX_CACHE_BYTES) -> None:
    """Delete the files that were not used for longest, until the cache fits its limit.

    Files that were used within the last ten minutes are kept in any case.

    Parameters
    ----------
    max_bytes : int, default 10 GB
    """
    files = sorted(_cached_files())
    excess = sum(size for _, size, _ in files) - max_bytes
    for last_use, size, path in files:
        if excess <= 0 or last_use > time.time() - MIN_AGE_S:
            break
        try:
            path.unlink(missing_ok=True)
        except OSError:  # in use on Windows, or in a folder that is only to be read
            continue
        excess -= size


def mark_used(path: Path) -> None:
    """Note that a cached file was used now."""
    # A cache that cannot be written is used all the same.
    with contextlib.suppress(OSError):
        # The time of its last change stays: open recordings know the file by that.
        os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))


def _cached_files():
    """Time of last use, size and path of each cached file."""
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

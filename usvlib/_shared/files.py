"""Check that files exist, compute their digests, and write them whole or not at all."""

import contextlib
import hashlib
import os
from pathlib import Path

from .errors import MissingFileError, UsvError
from .kinds import as_path


class atomic_path:
    """A temporary path to write to, which takes its final name if the block ends without an error.

    >>> with atomic_path("features.npy") as partial:  # doctest: +SKIP
    ...     np.save(partial, features)
    """

    def __init__(self, path):
        self.path = Path(path)

    def __enter__(self):
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsvError(f"{self.path.parent} cannot be written to: {error.strerror}") from error
        # The suffix stays at the end, since numpy would otherwise append its own.
        self.partial = self.path.with_name(
            f".{self.path.stem}.{os.getpid()}.{os.urandom(4).hex()}{self.path.suffix}"
        )
        return self.partial

    def __exit__(self, kind, error, trace):
        if kind is None:
            try:
                os.replace(self.partial, self.path)
                return
            except OSError as failure:
                error = failure
        with contextlib.suppress(OSError):  # such as a name that is too long
            self.partial.unlink()
        if isinstance(error, OSError) and not isinstance(error, UsvError):
            raise UsvError(f"{self.path} cannot be written: {error.strerror}") from error


def existing_file(path, argument="path"):
    """Return `path` as a Path, or raise a `MissingFileError` if no file is there."""
    path = as_path(argument, path)
    if path.is_dir():
        raise MissingFileError(f"{path} is a folder; {argument} must name a file")
    if not path.is_file():
        raise MissingFileError(f"{path} is missing: there is no such file")
    return path


def file_digest(path):
    """Return the SHA-256 of a file's content, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

"""Errors and warnings."""


class UsvError(ValueError):
    """The base of every error that usvlib raises about its input."""


class MissingFileError(UsvError, FileNotFoundError):
    """Raised if a file is missing."""


class DownloadError(UsvError):
    """Raised if a recording is not on this machine and cannot be downloaded."""


class UsvWarning(UserWarning):
    """The category of all warnings of usvlib about its input or its results."""

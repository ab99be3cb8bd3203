"""Errors and warnings, and the checks of numbers that all modules share."""

import math
import numbers


class UsvError(ValueError):
    """The base of every error that usvlib raises about its input."""


class MissingFileError(UsvError, FileNotFoundError):
    """Raised if a file is missing."""


class DownloadError(UsvError):
    """Raised if a recording is not on this machine and cannot be downloaded."""


class UsvWarning(UserWarning):
    """The category of all warnings of usvlib about its input or its results."""


def whole_number(argument: str, value, least: int, most: float = math.inf) -> int:
    """Return `value` as an int, or raise a `UsvError` that names the argument."""
    whole = isinstance(value, numbers.Real) and not isinstance(value, bool)
    # Numbers that are not finite have the remainder NaN, and so fail, too.
    if not whole or value % 1 != 0 or not least <= value <= most:
        upper = f" and at most {most}" if math.isfinite(most) else ""
        raise UsvError(
            f"{argument} is {value!r}; it must be a whole number of at least {least}{upper}"
        )
    return int(value)

"""What goes wrong, said in terms of the argument, its value and the rule."""

import numbers


class UsvError(ValueError):
    """Every error that usvlib raises about its input."""


class MissingFileError(UsvError, FileNotFoundError):
    """A file that should be there is not."""


class UsvWarning(UserWarning):
    """The category of every warning that usvlib gives about its input or its results."""


class DownloadError(UsvError):
    """A recording that is not on this machine could not be fetched."""


def whole_number(argument, value, least):
    """`value` as an int, or a `UsvError` that names the argument."""
    whole = isinstance(value, numbers.Real) and not isinstance(value, bool)
    # What is not finite has no remainder but NaN.
    if not whole or value % 1 != 0 or value < least:
        raise UsvError(f"{argument} is {value!r}; it must be a whole number of at least {least}")
    return int(value)

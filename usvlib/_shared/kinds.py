"""Checks of the types of arguments."""

import numbers

from .errors import UsvError


def check_type(argument: str, value, wanted: type) -> None:
    """Raise a `UsvError` that names the argument and its value, unless it is a `wanted`.

    Examples
    --------
    >>> check_type("recipe", "tutorial", dict)
    Traceback (most recent call last):
    ...
    usvlib._shared.errors.UsvError: recipe is 'tutorial'; it must be of type dict
    """
    if not isinstance(value, wanted):
        raise UsvError(f"{argument} is {in_words(value)}; it must be of type {wanted.__name__}")


def in_words(value) -> str:
    """Return None, a number or a short text as it is written, and the type of anything else."""
    brief = value is None or isinstance(value, numbers.Number)
    brief = brief or (isinstance(value, str) and len(value) <= 80)
    return repr(value) if brief else f"of type {type(value).__name__}"

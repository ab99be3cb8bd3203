"""Checks of the types of arguments."""

import numbers

import numpy as np

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


def as_numbers(argument: str, value, shape: str) -> np.ndarray:
    """Return an array of numbers, or raise a `UsvError` that names the argument.

    Examples
    --------
    >>> as_numbers("coordinates", "none", "[n_syllables, 2]")
    Traceback (most recent call last):
    ...
    usvlib._shared.errors.UsvError: coordinates is 'none'; it must be an array of numbers
    [n_syllables, 2]
    """
    try:
        array = np.asarray(value)
    except ValueError:  # lists of different lengths
        array = None
    # The columns of a table differ in their units.
    if array is None or array.dtype.kind not in "biuf" or hasattr(value, "columns"):
        raise UsvError(f"{argument} is {in_words(value)}; it must be an array of numbers {shape}")
    return array


def in_words(value) -> str:
    """Return None, a number or a short text as it is written, and the type of anything else."""
    brief = value is None or isinstance(value, numbers.Number)
    brief = brief or (isinstance(value, str) and len(value) <= 80)
    dtype = f" ({value.dtype})" if isinstance(value, np.ndarray) else ""
    return repr(value) if brief else f"of type {type(value).__name__}{dtype}"

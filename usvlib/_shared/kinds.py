"""Checks of arguments: each raises a `UsvError` that names the argument, its value and the rule."""

from __future__ import annotations

import contextlib
import math
import numbers
import os
from pathlib import Path

import numpy as np

from .errors import UsvError

MAX_WHOLE = 2**63 - 1  # of numpy's integers


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


def check_table(argument: str, value, *columns: str) -> None:
    """Raise a `UsvError` unless the value is a pandas.DataFrame that has the columns."""
    import pandas

    check_type(argument, value, pandas.DataFrame)
    if missing := [name for name in columns if name not in value]:
        raise UsvError(f"{argument} has no column {missing[0]}; it must have {', '.join(columns)}")


def whole_number(argument: str, value, least: int, most: float = math.inf) -> int:
    """Return `value` as an int, or raise a `UsvError` that names the argument.

    Examples
    --------
    >>> whole_number("seed", 2.5, 0)
    Traceback (most recent call last):
    ...
    usvlib._shared.errors.UsvError: seed is 2.5; it must be a whole number of at least 0
    """
    limit = min(most, MAX_WHOLE)
    # Numbers that are not finite have the remainder NaN, and so fail, too.
    if not _is_real(value) or value % 1 != 0 or not least <= value <= limit:
        too_large = _is_real(value) and value > limit
        upper = f" and at most {limit}" if too_large or math.isfinite(most) else ""
        raise UsvError(
            f"{argument} is {in_words(value)}; it must be a whole number of at least {least}{upper}"
        )
    return int(value)


def real_number(
    argument: str, value, above: float = -math.inf, least: float = -math.inf, most: float = math.inf
) -> float:
    """Return `value` as a finite float, or raise a `UsvError` that names the argument.

    Examples
    --------
    >>> real_number("hop_s", 0, above=0)
    Traceback (most recent call last):
    ...
    usvlib._shared.errors.UsvError: hop_s is 0; it must be a finite number, above 0
    """
    try:
        number = float(value) if _is_real(value) else math.nan
    except OverflowError:  # a whole number that is larger than any float
        number = math.nan
    if not (math.isfinite(number) and above < number and least <= number <= most):
        bounds = (("above", above), ("at least", least), ("at most", most))
        rules = " and ".join(f"{words} {end:g}" for words, end in bounds if math.isfinite(end))
        rules = rules and f", {rules}"
        raise UsvError(f"{argument} is {in_words(value)}; it must be a finite number{rules}")
    return number


def check_times(start_s, stop_s) -> tuple[float, float]:
    """Return both times as floats, or raise a `UsvError` unless start_s is the smaller one."""
    with contextlib.suppress(UsvError):
        times_s = real_number("start_s", start_s), real_number("stop_s", stop_s)
        if times_s[0] < times_s[1]:
            return times_s
    raise UsvError(
        f"start_s is {in_words(start_s)} and stop_s is {in_words(stop_s)}; both must be finite "
        "numbers, and start_s the smaller one"
    )


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


def as_path(argument: str, value) -> Path:
    """Return a path, its `~` expanded, or raise a `UsvError` where no file can have that name.

    Examples
    --------
    >>> as_path("path", 3)
    Traceback (most recent call last):
    ...
    usvlib._shared.errors.UsvError: path is 3; it must be the path of a file
    """
    rule = "it must be the path of a file"
    try:
        path = Path(value).expanduser()
        possible = b"\0" not in os.fsencode(path)
        path.is_file()  # fails where the name is too long
    except (TypeError, ValueError, RuntimeError) as error:
        raise UsvError(f"{argument} is {in_words(value)}; {rule}") from error
    except OSError as error:
        raise UsvError(f"{argument} is {in_words(value)}; {rule} ({error.strerror})") from error
    if not possible:
        raise UsvError(f"{argument} is {in_words(value)}; {rule}")
    return path


def in_words(value) -> str:
    """Return a number or a short value as it is written, and the type of anything else.

    Examples
    --------
    >>> in_words(2.5), in_words(["rat"]), in_words(np.zeros((3, 2)))
    ('2.5', "['rat']", 'of type ndarray (float64)')
    """
    if isinstance(value, np.ndarray):
        return f"of type ndarray ({value.dtype})"
    text = "<"
    if not hasattr(value, "__len__") or isinstance(value, type) or len(value) <= 80:
        # Python does not write out numbers of thousands of digits.
        with contextlib.suppress(ValueError):
            text = repr(value)
    brief = isinstance(value, numbers.Number) or (len(text) <= 82 and "\n" not in text)
    return text if brief and not text.startswith("<") else f"of type {type(value).__name__}"


def _is_real(value):
    """Whether a value is a real number; True and False are none."""
    return isinstance(value, numbers.Real) and not isinstance(value, bool)

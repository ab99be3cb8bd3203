"""Checks of what `assess_continuum`, `simulate_control` and `oracle_separation` are given.

The last two are defined in `controls`, whose code is part of the digest of a stored table. We
therefore check their arguments here.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .._shared import UsvError, as_numbers, check_table, check_type, real_number, whole_number
from ..normalisation import check_features
from ..recipe import ORIGINAL, Recipe
from ..study import Study
from . import controls

if TYPE_CHECKING:
    import pandas

COLUMNS = ("duration_ms", "mean_frequency_khz", "largest_step_khz", "level_db")
MAX_SYLLABLES, MAX_TYPES = 100_000, 100  # more would fill the memory
MIN_PER_TYPE = 5  # the folds of `oracle_separation`
MAX_VALUE = 1e9  # far above any level, duration or frequency; sums of squares stay finite


def check_inputs(
    features: np.ndarray | Study, measures: pandas.DataFrame | None
) -> tuple[np.ndarray, pandas.DataFrame | None]:
    """Return features [n_syllables, n_bands, n_frames] and the measures that the rule uses."""
    if isinstance(features, Study):
        if measures is not None:
            raise UsvError(
                "measures are given together with a study, which has its own; give either the "
                "study alone, or features and measures"
            )
        features, measures = features.features, features.measures
    features = check_features(features)
    if features.ndim != 3:
        raise UsvError(
            f"features has shape {features.shape}; it must be [n_syllables, n_bands, n_frames]"
        )
    _check_size("features", features)
    if measures is None:
        return features, None
    return features, _check_measures(measures, len(features))


@functools.wraps(controls.simulate_control)
def simulate_control(kind, n_syllables=600, seed=0, recipe=ORIGINAL, **options):
    """Check the arguments of `controls.simulate_control`, and call it."""
    check_type("kind", kind, str)
    whole_number("n_syllables", n_syllables, 1, MAX_SYLLABLES)
    seed = whole_number("seed", seed, 0, 2**32 - 1)
    check_type("recipe", recipe, Recipe)
    for name, value in options.items():
        if name == "n_types":
            whole_number(name, value, 2, MAX_TYPES)
        elif name == "axes":
            check_type(name, value, Sequence)
            for axis in value:
                check_type(name, axis, str)
        else:
            real_number(name, value)
    return controls.simulate_control(kind, n_syllables, seed, recipe, **options)


@functools.wraps(controls.oracle_separation)
def oracle_separation(space, types):
    """Check the arguments of `controls.oracle_separation`, and call it."""
    space = as_numbers("space", space, "[n_syllables, n_axes]")
    if space.ndim != 2 or 0 in space.shape or not np.isfinite(space).all():
        raise UsvError(
            f"space has shape {space.shape}; it must hold finite numbers [n_syllables, n_axes]"
        )
    types = as_numbers("types", types, "[n_syllables]")
    if types.shape != (len(space),):
        raise UsvError(f"types has shape {types.shape}; it must be [{len(space)}]")
    if (smallest := np.unique(types, return_counts=True)[1].min()) < MIN_PER_TYPE:
        raise UsvError(
            f"types has one of {smallest} syllables; each must have at least {MIN_PER_TYPE}"
        )
    return controls.oracle_separation(space, types)


def _check_measures(measures, n_syllables):
    """Return the `COLUMNS` of the measures as float64, or raise a `UsvError`."""
    import pandas

    check_table("measures", measures, *COLUMNS)
    if len(measures) != n_syllables:
        raise UsvError(
            f"features has {n_syllables} syllables, measures has {len(measures)} rows; they must "
            "match"
        )
    table = {}
    for name in COLUMNS:
        try:
            table[name] = measures[name].to_numpy(np.float64, na_value=np.nan)
        except (TypeError, ValueError):
            raise UsvError(
                f"measures has a column {name} of type {measures[name].dtype}; it must hold numbers"
            ) from None
        _check_size(name, table[name])
    durations = table["duration_ms"]
    if (durations <= 0).any():
        bad = int((durations <= 0).argmax())
        raise UsvError(
            f"the duration_ms of syllable {bad} is {durations[bad]:g}; it must be above 0"
        )
    return pandas.DataFrame(table)


def _check_size(name, values):
    """Raise a `UsvError` if a finite value exceeds `MAX_VALUE`."""
    highest = np.abs(values).reshape(len(values), -1).max(axis=1)
    if (large := (highest > MAX_VALUE) & np.isfinite(highest)).any():
        bad = int(large.argmax())
        raise UsvError(
            f"syllable {bad} has {highest[bad]:g} in {name}; at most {MAX_VALUE:g} is possible"
        )

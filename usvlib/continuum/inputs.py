"""Checks of what `assess_continuum` is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .._shared import UsvError
from ..normalisation import check_features
from ..study import Study

if TYPE_CHECKING:
    import pandas

COLUMNS = ("duration_ms", "mean_frequency_khz", "largest_step_khz", "level_db")
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


def _check_measures(measures, n_syllables):
    """Return the `COLUMNS` of the measures as float64, or raise a `UsvError`."""
    import pandas

    if not isinstance(measures, pandas.DataFrame):
        raise UsvError(
            f"measures is of type {type(measures).__name__}; it must be a pandas.DataFrame, as "
            "syllable_measures returns it"
        )
    if missing := [name for name in COLUMNS if name not in measures]:
        raise UsvError(f"measures has no column {missing[0]}; it must have {', '.join(COLUMNS)}")
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

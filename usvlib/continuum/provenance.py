"""The code behind a stored table, so that a test can tell when the table is out of date.

The header of a table holds a digest of the modules of its own rule, and statistics of the features
and measures of a few small simulated repertoires, which the rule works on. A change of the
simulator, the spectrograms or the normalisation makes the table out of date only if it changes
these statistics.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .._shared import UsvError, syntax_digest
from .controls import simulate_control
from .inputs import COLUMNS

if TYPE_CHECKING:
    import pandas

FOLDER = Path(__file__).parent
VERDICT_RULE = [
    FOLDER / f"{name}.py" for name in ("alignment", "valleys", "assessment", "controls")
]
DIMENSION_RULE = [FOLDER / "estimators.py"]

# Small repertoires, as arguments of `simulate_control`.
PROBES = (("gaussian", 30), ("types", 30), ("jumps", 30))
N_BLOCKS = 4  # features are averaged over this number of blocks of bands, and of columns
QUANTILES = (0.1, 0.5, 0.9)

# Processors differ in the last digits, at most by one rounding of a stored number.
RELATIVE_TOLERANCE, ABSOLUTE_TOLERANCE = 1e-3, 2e-3


def provenance(sources: Iterable[Path], upstream: dict[str, list[float]]) -> dict:
    """Return the provenance of a table: the digest of its rule, and the upstream statistics."""
    return {"rule": syntax_digest(sources), "upstream": upstream}


def verdict_provenance() -> dict:
    """Return the provenance of `controls.csv` as the code is now."""
    upstream = {}
    for kind, n_syllables in PROBES:
        features, measures, _ = simulate_control(kind, n_syllables, seed=0)
        upstream[kind] = fingerprint(features, measures)
    return provenance(VERDICT_RULE, upstream)


def fingerprint(features: np.ndarray, measures: pandas.DataFrame | None = None) -> list[float]:
    """Summarise features and measures by rounded statistics, the same on every processor.

    Returns
    -------
    list of float
        The shape of the features; their mean absolute difference between neighbouring bands and
        columns; their mean and their standard deviation over syllables, in blocks of bands and
        columns; and quantiles of each measure that the verdict uses.
    """
    numbers = [*features.shape]
    numbers += [np.abs(np.diff(features, axis=axis)).mean(dtype=np.float64) for axis in (1, 2)]
    bands, columns = (np.array_split(np.arange(n), N_BLOCKS) for n in features.shape[1:])
    for band in bands:
        for column in columns:
            block = features[:, band][:, :, column].mean(axis=(1, 2), dtype=np.float64)
            numbers += [block.mean(), block.std()]
    for name in COLUMNS if measures is not None else ():
        numbers += [*np.quantile(measures[name].abs(), QUANTILES)]
    return [round(float(number), 3) for number in numbers]


def header(about: str, provenance: dict) -> str:
    """Return the comment lines that a stored table begins with."""
    return f"# {about}\n# provenance: {json.dumps(provenance)}\n"


def read_provenance(table: Path) -> dict:
    """Return the provenance in the header of a stored table."""
    with open(table, encoding="utf-8") as file:
        for line in file:
            if line.startswith("# provenance: "):
                return json.loads(line.removeprefix("# provenance: "))
    raise UsvError(f"{table.name} has no line '# provenance: ...'; compute the table again")


def outdated(stored: dict, current: dict) -> list[str]:
    """List what has changed since a table was computed; the list is empty if the table holds."""
    changes = []
    if stored["rule"] != current["rule"]:
        changes.append("the modules of the rule")
    for name, numbers in current["upstream"].items():
        old = stored["upstream"].get(name, [])
        if len(old) != len(numbers) or not np.allclose(
            old, numbers, RELATIVE_TOLERANCE, ABSOLUTE_TOLERANCE
        ):
            changes.append(f"the features or measures of the control {name}")
    return changes

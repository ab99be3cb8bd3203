"""Compute the estimates of dimension on simulated manifolds of known dimension.

    python tools/calibrate_dimension.py    # a few minutes

This writes usvlib/continuum/dimension_calibration.csv.

Each manifold is a recording of syllables that vary along some of six axes, chosen at random among
those that the spectrogram preserves, and are equal in all others. It is processed by the book's
recipe.
"""

import importlib.metadata
import itertools
import sys
from pathlib import Path

import numpy as np
import pandas

import usvlib
from usvlib._shared import atomic_path
from usvlib.continuum.dimension import CALIBRATION
from usvlib.continuum.estimators import dimension_profile
from usvlib.continuum.provenance import DIMENSION_RULE, fingerprint, header, provenance
from usvlib.data import LATENTS

SEED = 0
DIMENSIONS = range(1, 7)
N_REPETITIONS = 8
N_POINTS = (400, 100)
COLUMNS = ("n_points", "estimator", "n_neighbors", "dimension", "repetition", "estimate")
AXES = ("slope", "curvature", "log_duration", "wiggle", "level", "phase")


def manifold(n_dimensions, repetition, n_syllables=N_POINTS[0]):
    """Return the features of syllables on a manifold of `n_dimensions` dimensions."""
    rng = np.random.default_rng([SEED, n_dimensions, repetition])
    varied = rng.permutation(len(AXES))[:n_dimensions]
    z = np.zeros((n_syllables, len(AXES)))
    # Half of the manifolds have an even density, and half are denser in the middle.
    shape = (n_syllables, n_dimensions)
    even = repetition % 2
    z[:, varied] = rng.uniform(-1.7, 1.7, shape) if even else rng.standard_normal(shape)
    z = dict(zip(AXES, z.T, strict=True))
    latents = np.zeros((n_syllables, len(LATENTS)))
    for axis in AXES[:3]:
        latents[:, LATENTS.index(axis)] = z[axis]
    # The usual wiggle is narrower than a mel band; one of 1 to 6 kHz is visible.
    latents[:, LATENTS.index("wiggle")] = 2.4 + 0.6 * z["wiggle"]
    recording = usvlib.data.simulate_from_latents(
        latents,
        seed=repetition,
        samplerate_hz=250_000,
        given={
            "level_db": np.clip(37.5 + 6.5 * z["level"], 24, 55),
            "phase": 0.15 + 0.07 * z["phase"],
            "jump_at": 0.5,
            "harmonic": 0,
        },
    )
    return usvlib.normalise(usvlib.syllable_spectrograms(recording))


def rows(n_dimensions, repetition):
    """Yield the estimate of each estimator on one manifold, at each scale and number of points."""
    features = manifold(n_dimensions, repetition)
    for n_points in N_POINTS:
        for name, scale, estimate in dimension_profile(features[:n_points]):
            yield n_points, name, scale, n_dimensions, repetition, round(estimate, 3)


def calibration_provenance():
    """Return the provenance of the calibration as the code is now."""
    return provenance(
        [*DIMENSION_RULE, Path(__file__)], {"manifold": fingerprint(manifold(3, 0, 30))}
    )


def main(path):
    """Compute the calibration and write it with its provenance."""
    versions = [f"{name} {importlib.metadata.version(name)}" for name in ("numpy", "scikit-learn")]
    cases = list(itertools.product(DIMENSIONS, range(N_REPETITIONS)))
    lines = []
    for number, case in enumerate(cases, start=1):
        lines += rows(*case)
        print(f"\rmanifold {number} of {len(cases)}", end="", flush=True)
    print()
    table = pandas.DataFrame(lines, columns=COLUMNS)
    about = f"seed {SEED}; usvlib {usvlib.__version__}, {', '.join(versions)}"
    with atomic_path(path) as partial:
        partial.write_text(header(about, calibration_provenance()) + table.to_csv(index=False))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else CALIBRATION)

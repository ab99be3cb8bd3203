"""What the estimators of dimension say of simulated manifolds whose dimension is known.

python tools/calibrate_dimension.py    # a few minutes

It writes usvlib/continuum/dimension_calibration.csv.

Each manifold is a recording of syllables that vary along so many axes, chosen at random of six that
the spectrogram keeps, and are alike in all others; it goes through the recipe of the book.
"""

import importlib.metadata
import itertools
import sys
from pathlib import Path

import numpy as np
import pandas

import usvlib
from usvlib._shared.files import atomic_path
from usvlib.continuum import dimension
from usvlib.data.simulation import LATENTS

SEED = 0
DIMENSIONS = range(1, 7)
N_REPETITIONS = 8
N_POINTS = (400, 100)
COLUMNS = ("n_points", "estimator", "n_neighbors", "dimension", "repetition", "estimate")
AXES = ("slope", "curvature", "log_duration", "wiggle", "level", "phase")


def manifold(n_dimensions, repetition, n_syllables=N_POINTS[0]):
    """Features of syllables on a manifold of so many dimensions."""
    rng = np.random.default_rng([SEED, n_dimensions, repetition])
    varied = rng.permutation(len(AXES))[:n_dimensions]
    z = np.zeros((n_syllables, len(AXES)))
    # Half of the manifolds have an even density, half are denser in the middle.
    shape = (n_syllables, n_dimensions)
    even = repetition % 2
    z[:, varied] = rng.uniform(-1.7, 1.7, shape) if even else rng.standard_normal(shape)
    z = dict(zip(AXES, z.T, strict=True))
    latents = np.zeros((n_syllables, len(LATENTS)))
    for axis in AXES[:3]:
        latents[:, LATENTS.index(axis)] = z[axis]
    # The usual wiggle is narrower than a mel band; one of 1 to 6 kHz is seen.
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
    """What each estimator says of one manifold, at each scale and number of points."""
    features = manifold(n_dimensions, repetition)
    for n_points in N_POINTS:
        for name, scale, estimate in dimension.dimension_profile(features[:n_points]):
            yield n_points, name, scale, n_dimensions, repetition, round(estimate, 3)


def main(path):
    versions = [f"{name} {importlib.metadata.version(name)}" for name in ("numpy", "scikit-learn")]
    cases = list(itertools.product(DIMENSIONS, range(N_REPETITIONS)))
    lines = []
    for number, case in enumerate(cases, start=1):
        lines += rows(*case)
        print(f"\rmanifold {number} of {len(cases)}", end="", flush=True)
    print()
    table = pandas.DataFrame(lines, columns=COLUMNS)
    with atomic_path(path) as partial:
        header = f"# seed {SEED}; usvlib {usvlib.__version__}, {', '.join(versions)}\n"
        partial.write_text(header + table.to_csv(index=False))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else dimension.CALIBRATION)

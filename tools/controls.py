"""Compute how often the verdict of `usvlib.continuum` is right, on simulated repertoires.

    python tools/controls.py [--repetitions 25] [--processes 2] [--only types --output part.csv]
    python tools/controls.py --check 40

Each repertoire is one row of the table. Rows are kept in the cache folder as they are computed, so
that an interrupted run resumes. The run starts again from the first row if something has changed
that the rows depend on: the rule, this file, the features and measures of small repertoires, or the
version of a package.

`--check 40` is for an edit of the rule that cannot change its results, such as a new name for a
variable. It computes 40 random rows again, of repertoires with at most 600 syllables. If all agree
with the stored ones, it writes the digest of the edited code into the header of the table and adds
a line that says so.
"""
# ruff: noqa: E402

import argparse
import datetime
import hashlib
import json
import os
import platform
import sys
from pathlib import Path

# Each process uses one thread; --processes sets how many there are.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "LOKY_MAX_CPU_COUNT"):
    os.environ.setdefault(name, "1")

import joblib
import librosa
import numba
import numpy as np
import pandas
import PIL
import platformdirs
import scipy
import sklearn
import tqdm

import usvlib
from usvlib._shared import atomic_path, syntax_digest
from usvlib.continuum import assess_continuum, oracle_separation, simulate_control
from usvlib.continuum.alignment import spaces_of
from usvlib.continuum.controls import CONTINUA
from usvlib.continuum.power import TABLE
from usvlib.continuum.provenance import header, outdated, read_provenance, verdict_provenance

VERSIONS = {
    "usvlib": usvlib.__version__,
    "numpy": np.__version__,
    "scipy": scipy.__version__,
    "scikit-learn": sklearn.__version__,
    "numba": numba.__version__,
    "librosa": librosa.__version__,
    "pillow": PIL.__version__,
    "python": platform.python_version(),
}
# In the first repetition, repertoires of at most 600 syllables are tested with several seeds.
N_SEEDS, N_SEEDED = 10, 1
MAX_CHECKED = 600  # syllables of the repertoires that `--check` computes; larger ones take long


def all_cells():
    """Yield the control, the number of syllables and the options of each cell of the table."""
    for n_syllables in (300, 600, 1600):
        for kind in CONTINUA:
            yield kind, n_syllables, {}
    for n_types, farthest in ((3, 10), (6, 10), (12, 7)):
        for separation in (3, 4, 5, 6, 8, farthest):
            yield "types", 600, {"n_types": n_types, "separation": separation}
    for n_syllables in (200, 300, 1600):
        for separation in (4, 5, 6, 8):
            yield "types", n_syllables, {"n_types": 6, "separation": separation}
    for n_types, separation in ((3, 3), (3, 4), (3, 5), (2, 5), (2, 7)):
        yield "mean_frequency_types", 600, {"n_types": n_types, "separation": separation}
    for separation in (6, 8, 10, 12):
        yield "satellite", 600, {"separation": separation}
    for size_khz in (6.0, 12.0, 20.0):
        yield "jumps", 600, {"size_khz": size_khz}


def one_row(kind, n_syllables, options, seed, n_seeds=1):
    """Return the row of one repertoire: how it was simulated, and the verdict."""
    features, measures, types = simulate_control(kind, n_syllables, seed, **options)
    verdicts = [assess_continuum(features, measures, one) for one in range(n_seeds)]
    verdict = verdicts[0]
    shown = verdict.labels >= 0
    row = {"control": kind, "n_syllables": n_syllables, "seed": seed}
    row |= {key: options.get(key) for key in ("n_types", "separation", "size_khz")}
    row["oracle"] = None
    if types.any() and kind != "jumps":
        space = spaces_of(features[shown], measures[shown])["both"]
        row["oracle"] = round(oracle_separation(space, types[shown]), 2)
    support = verdict.support.max(axis=None) if len(verdict.support) else 0.0
    row |= {"verdict": verdict.kind, "n_found": verdict.n_types, "support": round(support, 3)}
    if n_seeds > 1:
        row["agreeing"] = sum(other.kind == verdict.kind for other in verdicts)
    return row


def cached_row(folder, task):
    """Return the row of a task, from the cache folder if it was computed before."""
    kind, n_syllables, options, seed, n_seeds = task
    words = [f"{key}={value}" for key, value in options.items()]
    words = [kind, f"{n_syllables}", *words, f"{seed}", f"asked={n_seeds}"]
    path = folder / ("_".join(words) + ".json")
    if not path.exists():
        row = one_row(*task)
        with atomic_path(path) as partial:
            partial.write_text(json.dumps(row))
    return json.loads(path.read_text())


def cache_folder(provenance):
    """Return the folder of the rows that this code and these versions compute."""
    about = [provenance, syntax_digest([Path(__file__)]), VERSIONS]
    digest = hashlib.sha256(json.dumps(about).encode()).hexdigest()
    root = os.environ.get("USVLIB_CACHE_DIR") or platformdirs.user_cache_dir("usvlib")
    return Path(root) / "controls" / digest[:16]


def check(path, n_rows, processes):
    """Compute random rows of a table again; if all agree, renew the provenance in its header.

    The digest of the edited rule is the seed of the draw, so that every edit is checked on other
    rows, and nobody can choose them.
    """
    stored, current = read_provenance(path), verdict_provenance()
    if outdated(stored, current | {"rule": stored["rule"]}):
        sys.exit("The features or measures have changed, so results may change: run make controls.")
    table = pandas.read_csv(path, comment="#")
    table = table[table.n_syllables <= MAX_CHECKED]
    drawn = table.sample(min(n_rows, len(table)), random_state=int(current["rule"][:8], 16))
    work = joblib.Parallel(n_jobs=processes, return_as="generator")(
        joblib.delayed(one_row)(row.control, row.n_syllables, options_of(row), row.seed)
        for row in drawn.itertuples()
    )
    rows = pandas.DataFrame(
        tqdm.tqdm(work, total=len(drawn), desc="controls", unit="repertoire"), index=drawn.index
    )
    compared = ["verdict", "n_found", "support"]
    differs = (rows[compared] != drawn[compared]).any(axis=1)
    if differs.any():
        print(drawn[differs].join(rows[compared].add_suffix(" now")).to_string())
        sys.exit(f"{differs.sum()} of {len(drawn)} rows differ: run make controls.")
    print(f"{len(drawn)} rows agree with {path}")
    if stored["rule"] != current["rule"]:
        renew(path, current, len(drawn))
        print("Its header names the code as it is now.")


def options_of(row):
    """Return the options of the control of a row of the table."""
    options = {name: getattr(row, name) for name in ("n_types", "separation", "size_khz")}
    options = {name: value for name, value in options.items() if np.isfinite(value)}
    return options | {name: int(value) for name, value in options.items() if name == "n_types"}


def renew(path, provenance, n_rows):
    """Write a new provenance into the header of a table, with a line on the rows that agree."""
    checked = (
        f"# {datetime.date.today()}, usvlib {usvlib.__version__}: after an edit of the rule, "
        f"{n_rows} rows drawn at random were computed again and agreed with those stored here\n"
    )
    lines = path.read_text().splitlines(keepends=True)
    number = next(i for i, line in enumerate(lines) if line.startswith("# provenance: "))
    lines[number : number + 1] = [checked, f"# provenance: {json.dumps(provenance)}\n"]
    with atomic_path(path) as partial:
        partial.write_text("".join(lines))


def main():
    """Compute the table, or a part of it, and write it with its provenance."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repetitions", type=int, default=25)
    parser.add_argument("--processes", type=int, default=min(os.cpu_count(), 2))
    parser.add_argument("--only", help="only controls of this name; needs --output")
    parser.add_argument("--seed", type=int, default=20_000, help="seed of the first repetition")
    parser.add_argument("--output", type=Path, default=None, help=f"default: {TABLE.name}")
    parser.add_argument(
        "--check", type=int, metavar="N", help="compute only N random rows, and compare them"
    )
    arguments = parser.parse_args()
    if arguments.check is not None:
        if arguments.check < 1 or arguments.only or arguments.output:
            parser.error("--check takes the number of rows, at least 1, and no --only or --output")
        check(TABLE, arguments.check, arguments.processes)
        return
    if arguments.only and arguments.output is None:
        parser.error(
            "--only computes a part of the table; give --output, so that the whole table is kept"
        )
    output = arguments.output or TABLE
    cells = [cell for cell in all_cells() if arguments.only in (None, cell[0])]
    # Repetitions are the outer loop, so that an interrupted run has rows of every cell.
    tasks = [
        (
            *cell,
            arguments.seed + repetition,
            N_SEEDS if repetition < N_SEEDED and cell[1] <= 600 else 1,
        )
        for repetition in range(arguments.repetitions)
        for cell in cells
    ]
    if not tasks:
        sys.exit(f"there are no controls named {arguments.only}")
    provenance = verdict_provenance()
    folder = cache_folder(provenance)
    work = joblib.Parallel(n_jobs=arguments.processes, return_as="generator")(
        joblib.delayed(cached_row)(folder, task) for task in tasks
    )
    rows = list(tqdm.tqdm(work, total=len(tasks), desc="controls", unit="repertoire"))
    versions = ", ".join(f"{name} {version}" for name, version in VERSIONS.items())
    about = header(f"seeds from {arguments.seed} on; {versions}", provenance)
    with atomic_path(output) as partial:
        partial.write_text(about + pandas.DataFrame(rows).to_csv(index=False))
    print(f"{len(rows)} repertoires in {output}")


if __name__ == "__main__":
    main()

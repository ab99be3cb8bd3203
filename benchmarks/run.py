"""Measure time and memory of `usvlib`, of the tutorial's code and of the bare Fourier transforms.

All measurements use the same simulated audio, each in a process of its own. The results are
printed as a table and written to `results.json`, which the chapter "How far does it scale?" draws.
Times differ between machines and from day to day; ratios of one run differ less.
"""

import importlib.metadata
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import tqdm

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results.json"

SAMPLERATE_HZ = 250_000
CALLS_PER_MINUTE = 130
MINUTES = (1, 5, 20, 60)
SYLLABLES = (500, 2_000, 8_000, 20_000)
ROUNDS = 3  # for measurements that take less than a minute
# The tutorial's code holds samples, transform, mel spectrogram and their copies.
ORIGINAL_BYTES_PER_MINUTE = 0.9e9
PACKAGES = ("librosa", "numba", "numpy", "scikit-learn", "scipy", "umap-learn")


def main():
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    (HERE.parent / "_build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=HERE.parent / "_build", prefix="bench-") as folder:
        need = 2 * 60 * SAMPLERATE_HZ * sum(MINUTES) + 2e9
        if shutil.disk_usage(folder).free < need:
            sys.exit(f"{need / 1e9:.0f} GB of disk are needed at {folder}")
        results = {
            "machine": machine(memory_bytes),
            "samplerate_hz": SAMPLERATE_HZ,
            "calls_per_minute": CALLS_PER_MINUTE,
            "compile_s": None,
            "profile": None,
            "spectrograms": [],
            "labels": [],
            "embedding": [],
        }
        measure_all(Path(folder), memory_bytes, results)
    text = json.dumps(results, indent=1)
    partial = RESULTS.with_suffix(".partial")
    partial.write_text(text + "\n")
    partial.replace(RESULTS)
    print(table(results))


def measure_all(folder, memory_bytes, results):
    paths = {minutes: str(folder / f"{minutes}.wav") for minutes in MINUTES}
    bar = tqdm.tqdm(total=count_measurements(memory_bytes), disable=None)

    def measure(*arguments, **environment):
        bar.set_description(" ".join(Path(a).name for a in map(str, arguments)))
        result = in_a_process(*map(str, arguments), **environment)
        bar.update()
        return result

    lengths = [item for m, path in paths.items() for item in (path, 60 * m)]
    measure("audio", 60 * max(MINUTES), SAMPLERATE_HZ, CALLS_PER_MINUTE, *lengths)

    # The first process compiles; from the second one on, compiled code is read from disk.
    with tempfile.TemporaryDirectory() as empty:
        compiling = measure("usvlib_from_file", paths[1], 1, NUMBA_CACHE_DIR=empty)
        cached = measure("usvlib_from_file", paths[1], 1, NUMBA_CACHE_DIR=empty)
    results["compile_s"] = round(compiling["warm_up_s"] - cached["warm_up_s"], 2)

    results["profile"] = measure("profile", paths[5])["seconds"]

    for minutes, path in paths.items():
        # Measurements take turns, so that other work of the machine affects all of them.
        rounds = {what: [] for what in spectrogram_measurements(minutes, memory_bytes)}
        n_rounds, n_passes = (ROUNDS, 3) if minutes <= 5 else (1, 1)
        for _ in range(n_rounds):
            for what in rounds:
                rounds[what].append(measure(what, path, n_passes))
        for what, of_one in rounds.items():
            row = {"what": what, "minutes": minutes} | summary(of_one)
            results["spectrograms"].append(row)

    rounds = {"labels_usvlib": [], "labels_original": []}
    for _ in range(ROUNDS):
        for what in rounds:
            rounds[what].append(measure(what, paths[5]))
    for what, of_one in rounds.items():
        results["labels"].append({"what": what, "minutes": 5} | summary(of_one))

    normalised = folder / "features.npy"
    measure("features", normalised, max(SYLLABLES), SAMPLERATE_HZ)
    for n in SYLLABLES:
        for whose in ("usvlib", "original"):
            of_one = [measure("embedding", whose, normalised, n)]
            results["embedding"].append({"what": whose, "n_syllables": n} | summary(of_one))
    bar.close()


def spectrogram_measurements(minutes, memory_bytes):
    yield "transforms"
    yield "usvlib_from_file"
    yield "usvlib_same_calls"
    yield "usvlib_from_memory"
    if minutes * ORIGINAL_BYTES_PER_MINUTE < 0.85 * memory_bytes:
        yield "original_from_memory"


def count_measurements(memory_bytes):
    n = 1 + 2 + 1 + 2 * ROUNDS + 1 + 2 * len(SYLLABLES)
    for minutes in MINUTES:
        rounds = ROUNDS if minutes <= 5 else 1
        n += rounds * len(list(spectrogram_measurements(minutes, memory_bytes)))
    return n


def in_a_process(*arguments, **environment):
    """Return what `measure.py` prints, and the time from the start of its process to its end."""
    start = time.perf_counter()
    run = subprocess.run(
        [sys.executable, "-W", "ignore", HERE / "measure.py", *arguments],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    # The result is on the last line; the measured code may print before.
    result = json.loads(run.stdout.splitlines()[-1])
    return result | {"process_s": time.perf_counter() - start}


def machine(memory_bytes):
    import joblib

    return {
        "n_cores": joblib.cpu_count(),
        "memory_gb": round(memory_bytes / 1e9),
        "system": f"{platform.system()} on {platform.machine()}",
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in PACKAGES},
    }


def summary(rounds):
    """Return medians over the rounds, and the range of the first passes."""

    def median(values):
        return round(statistics.median(values), 3)

    row = {
        "n_rounds": len(rounds),
        "process_s": median([r["process_s"] for r in rounds]),
        "peak_gb": median([r["peak_bytes"] / 1e9 for r in rounds]),
    }
    if "warm_up_s" in rounds[0]:
        first_s = [r["passes_s"][0] for r in rounds]
        row["warm_up_s"] = median(r["warm_up_s"] for r in rounds)
        row["first_s"], row["first_range_s"] = median(first_s), [min(first_s), max(first_s)]
        if again_s := [s for r in rounds for s in r["passes_s"][1:]]:
            row["again_s"] = median(again_s)
    return row


def table(results):
    """Return the results as text."""
    import pandas

    columns = ["what", "minutes", "n_syllables", "warm_up_s", "first_s", "again_s", "process_s"]
    parts = [f"compiling the loops, once: {results['compile_s']} s"]
    of_thread = ", ".join(f"{part} {value} s" for part, value in results["profile"].items())
    parts.append(f"5 minutes, one thread: {of_thread}")
    for part in ("spectrograms", "labels", "embedding"):
        rows = pandas.DataFrame(results[part])
        rows = rows[[c for c in (*columns, "peak_gb") if c in rows]]
        parts.append(f"{part}\n{rows.to_string(index=False, na_rep='')}")
    of_five = pandas.DataFrame(results["spectrograms"]).query("minutes == 5").set_index("what")
    for pass_s in ("first_s", "again_s") if "original_from_memory" in of_five.index else ():
        ours, theirs = (of_five[pass_s][f"{w}_from_memory"] for w in ("usvlib", "original"))
        parts.append(
            f"5 minutes in memory, {pass_s}: {theirs / ours:.1f} times faster than the original; "
            f"{ours / of_five[pass_s]['transforms']:.2f} times as long as the bare transforms"
        )
    return "\n\n".join(parts)


if __name__ == "__main__":
    main()

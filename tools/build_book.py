"""Build the book on one recording, and run again only what depends on a change.

Sphinx and the cache of executed chapters see an edit of a chapter, but not one of `usvlib`, nor
another recording. Therefore each build has a folder that is named by a digest of all they miss.
"""

import concurrent.futures
import contextlib
import fcntl
import hashlib
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import time
import warnings
from pathlib import Path

import notebooks
import prepare
from notebooks import ROOT

BUILD = ROOT / "_build"
KEPT_BUILDS = 3


def main():
    prepare.check_folders()
    import usvlib

    warnings.formatwarning = lambda message, *_: f"{message}\n"
    notebooks.pair(ROOT)
    try:
        notebooks.settle_environment()
        os.environ["USVLIB_RECORDING"] = choose_recording()
        study = usvlib.open_study()
        print(f"Building on {study}", flush=True)
        report_blanks(study)
        # Compute every stage before several chapters ask for it at once.
        _ = study.clusters, study.measures
    except usvlib.UsvError as error:
        sys.exit(f"The book was not built: {error}")
    with locked(BUILD / ".lock"):
        name = digest(study)
        output = BUILD / name
        unfinished = output / "unfinished"
        # A build that was killed may have left half-written files.
        if unfinished.exists():
            shutil.rmtree(output)
        output.mkdir(parents=True, exist_ok=True)
        unfinished.touch()

        def is_current():
            return current_digest() == name

        ok = run_chapters(output / "_build" / ".jupyter_cache", is_current) and run_sphinx(output)
        if not is_current():
            start_again()
        unfinished.unlink()
        if not ok:
            sys.exit(f"The book was not built{last_book()}")
        point_to(output / "_build" / "html")
        forget_old_builds(output)
    print(f"The book is built. Open {(BUILD / 'html' / 'index.html').as_uri()}")


def report_blanks(study):
    """Print how many syllables are blank, and exit if all are, before anything runs."""
    import usvlib

    n = sum(recording.n_syllables for recording in study.recordings)
    if n == 0:
        sys.exit(f"The book was not built: there are no syllables in {study.name}")
    n_blank = int(study.spectrograms.blank.sum())
    low, high = (f"{khz:.0f}" if khz >= 10 else f"{khz:.2g}" for khz in study.kept_khz)
    reason = f"nothing stands out between {low} and {high} kHz"
    if n_blank < n:
        if n_blank:
            print(f"{n_blank:,} of {n:,} syllables are blank: {reason}", flush=True)
        return
    hints = []
    for name, recipe in usvlib.RECIPES.items():
        # A recipe that the sampling rate does not allow is left out.
        with contextlib.suppress(usvlib.UsvError), warnings.catch_warnings():
            warnings.simplefilter("ignore", usvlib.UsvWarning)
            found = usvlib.syllable_spectrograms(study.recordings, recipe)
            if n_found := int((~found.blank).sum()):
                hints.append(f"RECIPE={name} finds {n_found:,}")
    which = f"all {n:,} syllables are blank" if n > 1 else "the only syllable is blank"
    hint = ", ".join(hints) or "no other recipe finds one"
    sys.exit(f"The book was not built: {which}: {reason}; {hint}")


def start_again():
    """Build once more in a fresh process, because files changed; the second time, give up."""
    again = "--again"
    if again in sys.argv:
        sys.exit(f"The book was not built: its files keep changing{last_book()}")
    print("Files changed while the book was built: it is built again", flush=True)
    os.execv(sys.executable, [sys.executable, *sys.argv, again])


def last_book():
    """Return what a message adds if there is an older book."""
    return "; _build/html still leads to the last one" * (BUILD / "html").exists()


def current_digest():
    """Return the digest of the files as they are now, or None if the recording is gone."""
    import usvlib

    try:
        return digest(usvlib.open_study())
    except usvlib.UsvError:
        return None


def digest(study):
    """Return the digest, in hexadecimal, of all that the pages depend on except their sources."""
    digest = hashlib.sha256()
    files = [path for path in (ROOT / "usvlib").rglob("*") if not is_passing(path)]
    files += [*(ROOT / "benchmarks").glob("*.json"), ROOT / "requirements.txt"]
    # These run the chapters.
    files += [ROOT / "tools" / "kernel_notes.py", ROOT / "tools" / "notebooks.py"]
    for path in sorted(filter(Path.is_file, files)):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(ROOT).as_posix()} {content}\n".encode())
    lines = [repr(study.recipe)]
    lines += [f"{recording.name} {recording.fingerprint}" for recording in study.recordings]
    lines += [f"{name} {importlib.metadata.version(name)}" for name in dependencies()]
    digest.update("\n".join(lines).encode())
    return digest.hexdigest()[:16]


def is_passing(path):
    """Return whether a file is compiled code, or what an editor keeps while it is open."""
    parts = path.relative_to(ROOT).parts
    return "__pycache__" in parts or any(p.startswith((".", "#")) or p.endswith("~") for p in parts)


def dependencies():
    """Return the names of the packages that usvlib computes with."""
    requirements = importlib.metadata.requires("usvlib")
    return [re.match(r"[\w.-]+", line)[0] for line in requirements if "extra ==" not in line]


def choose_recording():
    """Return the requested recording, else the tutorial's if it can be had, else the simulated."""
    import usvlib

    if os.environ.get("USVLIB_RECORDING"):
        return os.environ["USVLIB_RECORDING"]
    try:
        usvlib.load_recordings("ivanenko2020")
    except usvlib.DownloadError as error:
        print(f"{error}; building on the simulated recording")
        return "simulated"
    return "ivanenko2020"


def run_chapters(cache_path, is_current):
    """Execute the chapters that are not in the cache, several at a time; print a line for each.

    Return whether all succeeded. Their outputs are kept only if `is_current` says, after all have
    run, that nothing that they depend on has changed meanwhile.
    """
    import joblib
    from jupyter_cache import get_cache
    from jupyter_cache.base import CacheBundleIn

    notebooks.plain_kernels(ROOT)
    cache = get_cache(cache_path)
    for record in cache.list_project_records():
        cache.remove_nb_from_project(record.pk)
    chapters = notebooks.notebook_paths(ROOT)
    for chapter in chapters:
        cache.add_nb_to_project(str(chapter))
    to_run = [Path(record.uri) for record in cache.list_unexecuted()]
    # Start with the longest chapters, so that none of them runs alone at the end.
    to_run.sort(key=lambda chapter: chapter.stat().st_size, reverse=True)
    width = max((len(chapter.stem) for chapter in chapters), default=0)

    def report(chapter, outcome):
        print(f"{chapter.stem:<{width}}  {outcome}", flush=True)

    for chapter in chapters:
        if chapter not in to_run:
            report(chapter, "unchanged")
    with concurrent.futures.ThreadPoolExecutor(joblib.cpu_count()) as pool:
        tasks = {pool.submit(timed_execution, chapter): chapter for chapter in to_run}
        results, failures = [], {}
        for task in concurrent.futures.as_completed(tasks):
            chapter = tasks[task]
            # Besides an error in a cell: a cell that takes too long, a kernel that dies.
            error = task.exception() or complaints(task.result()[0])
            if error:
                failures[chapter] = error
                report(chapter, "failed")
            else:
                notebook, seconds = task.result()
                data = {"execution_seconds": seconds}
                results.append(CacheBundleIn(notebook, str(chapter), data=data))
                report(chapter, f"{seconds:.1f} s")
    if results and not is_current():
        return False
    for result in results:
        cache.cache_notebook_bundle(result, check_validity=False, overwrite=True)
    for chapter, error in failures.items():
        print(f"\n{chapter} failed:\n{error}", file=sys.stderr)
    return not failures


def complaints(notebook):
    """Return what cells wrote to the error stream, which fails a strict build; else no text."""
    lines = []
    for number, cell in enumerate(notebook.cells, start=1):
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr":
                lines.append(f"cell {number} wrote to the error stream:\n{output.text}")
    return "\n".join(lines)


def timed_execution(chapter):
    """Run a chapter, and return its notebook and the seconds that this took."""
    start = time.monotonic()
    return notebooks.execute(chapter), time.monotonic() - start


def run_sphinx(output):
    """Build the pages; return whether there was no warning."""
    command = [Path(sys.executable).with_name("jupyter-book"), "build", ROOT, "-q"]
    command += ["--path-output", output, "-W", "-n", "--keep-going"]
    status = subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL).returncode
    if status < 0:  # killed
        sys.exit(status)
    return status == 0


def point_to(html):
    """Replace the link `_build/html` in one step, so that it always leads to a book."""
    link, fresh = BUILD / "html", BUILD / f".html.{os.getpid()}"
    if link.is_dir() and not link.is_symlink():
        shutil.rmtree(link)  # left by a plain jupyter-book build
    fresh.symlink_to(html.relative_to(BUILD))
    fresh.replace(link)


def forget_old_builds(current):
    """Keep the newest few builds, since every edit of `usvlib` starts another."""
    current.touch()
    builds = [p for p in BUILD.iterdir() if (p / "_build" / ".jupyter_cache").is_dir()]
    builds.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for old in builds[KEPT_BUILDS:]:
        shutil.rmtree(old)


@contextlib.contextmanager
def locked(path):
    """Hold a lock, so that one build at a time writes here."""
    path.parent.mkdir(exist_ok=True)
    with open(path, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    main()

"""Build the book on one recording, running again only what depends on a change.

Sphinx and its cache of executed cells see the chapters alone, not `usvlib`, nor the recording.
So all that they see lives in a folder named by the digest of all that they don't.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import notebooks
from notebooks import CELL_TIMEOUT_S, ROOT

BUILD = ROOT / "_build"
KEPT_BUILDS = 3


def main():
    import usvlib

    notebooks.settle_environment()
    notebooks.pair(ROOT)
    try:
        name = choose_recording()
        os.environ["USVLIB_RECORDING"] = name
        study = usvlib.open_study(name)
        print(f"Building on {study}", flush=True)
        # Every stage, before chapters that run side by side ask for it.
        _ = study.clusters, study.measures
    except usvlib.UsvError as error:
        sys.exit(f"The book was not built: {error}")
    with locked(BUILD / ".lock"):
        output = BUILD / digest(study)
        unfinished = output / "unfinished"
        # What a killed build left behind may be half written.
        if unfinished.exists():
            shutil.rmtree(output)
        output.mkdir(parents=True, exist_ok=True)
        unfinished.touch()
        ok = run_chapters(output / "_build" / ".jupyter_cache") and run_sphinx(output)
        unfinished.unlink()
        if not ok:
            left = "; _build/html still leads to the last one" * (BUILD / "html").exists()
            sys.exit(f"The book was not built{left}")
        point_to(output / "_build" / "html")
        forget_old_builds(output)
    print(f"The book is built. Open {(BUILD / 'html' / 'index.html').as_uri()}")


def digest(study):
    """Hexadecimal digest of all that the pages show and that is not in them."""
    files = [*(ROOT / "benchmarks").glob("*.json")]
    for kind in ("csv", "html", "css", "js"):
        files += (ROOT / "usvlib").rglob(f"*.{kind}")
    contents = [path.read_bytes() for path in sorted(files)]
    return hashlib.sha256(b"\0".join([study.digest.encode(), *contents])).hexdigest()[:16]


def choose_recording():
    """What was asked for, else what was fetched or can be, else the simulated recording."""
    import usvlib

    if os.environ.get("USVLIB_RECORDING"):
        return os.environ["USVLIB_RECORDING"]
    try:
        usvlib.load_recordings("ivanenko2020")
    except usvlib.DownloadError as error:
        print(f"{error}; building on the simulated recording")
        return "simulated"
    return "ivanenko2020"


def run_chapters(cache_path):
    """Execute the chapters that the cache does not have yet, two or more at a time."""
    from jupyter_cache import get_cache
    from jupyter_cache.executors import load_executor

    notebooks.plain_kernels(ROOT)
    cache = get_cache(cache_path)
    for record in cache.list_project_records():
        cache.remove_nb_from_project(record.pk)
    for chapter in sorted((ROOT / "chapters").glob("*.ipynb")):
        cache.add_nb_to_project(str(chapter))
    result = load_executor("local-parallel", cache).run_and_cache(timeout=CELL_TIMEOUT_S)
    for uri in result.excepted + result.errored:
        record = cache.get_project_record(uri)
        print(f"{uri} failed:\n{record.traceback or ''}", file=sys.stderr)
    return not (result.excepted or result.errored)


def run_sphinx(output):
    command = [Path(sys.executable).with_name("jupyter-book"), "build", ROOT, "-q"]
    command += ["--path-output", output, "-W", "-n", "--keep-going"]
    status = subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL).returncode
    if status < 0:  # killed
        sys.exit(status)
    return status == 0


def point_to(html):
    """Let `_build/html` lead to the pages, without a moment in which it leads nowhere."""
    link, fresh = BUILD / "html", BUILD / f".html.{os.getpid()}"
    if link.is_dir() and not link.is_symlink():
        shutil.rmtree(link)  # of a plain jupyter-book build
    fresh.symlink_to(html.relative_to(BUILD))
    fresh.replace(link)


def forget_old_builds(current):
    """Keep the newest few, since every edit of `usvlib` starts another."""
    current.touch()
    builds = [p for p in BUILD.iterdir() if (p / "_build" / ".jupyter_cache").is_dir()]
    builds.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for old in builds[KEPT_BUILDS:]:
        shutil.rmtree(old)


@contextlib.contextmanager
def locked(path):
    """Wait until no other build writes here."""
    path.parent.mkdir(exist_ok=True)
    with open(path, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    main()

"""Check the checkout and the home folder, and install what the book needs into .venv, once.

`make` runs this before everything else, with any Python: it needs the standard library alone.
"""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
OLDEST = (3, 11)


def main():
    check_folders()
    if is_installed():
        return
    if sys.version_info < OLDEST:
        sys.exit(
            "Python {}.{} or newer is needed; this is {}. Try: make PYTHON=python3.12 ...".format(
                *OLDEST, sys.version.split()[0]
            )
        )
    VENV.mkdir(exist_ok=True)
    with open(VENV / ".lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another make is installing into .venv: waiting for it", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_installed():
            install()


def check_folders():
    """Exit with a line if the checkout or the home folder cannot be written to."""
    for folder in (ROOT, VENV, ROOT / "_build", ROOT / "chapters"):
        if folder.exists() and not os.access(folder, os.W_OK):
            sys.exit(f"{folder} cannot be written to: copy the book to a folder of your own")
    home = Path(os.path.expanduser("~"))
    # A home that is not there yet is made where it is needed, if that is possible.
    nearest = next((path for path in (home, *home.parents) if path.exists()), home)
    if not (home.is_absolute() and nearest.is_dir() and os.access(nearest, os.W_OK)):
        sys.exit(f"the home folder {home} cannot be written to: set HOME to a folder that can be")


def is_installed():
    """Return whether .venv holds what the lock and the project ask for."""
    installed = VENV / "installed"
    needs = [ROOT / "requirements.txt", ROOT / "pyproject.toml"]
    return installed.is_file() and all(
        path.stat().st_mtime <= installed.stat().st_mtime for path in needs
    )


def install():
    """Install the locked packages, each compared with its hash, and the project itself."""
    print("Installing what the book needs into .venv (a few minutes, once)", flush=True)
    run(sys.executable, "-m", "venv", VENV)
    pip = [VENV / "bin" / "python", "-m", "pip", "install", "--quiet"]
    pip.append("--disable-pip-version-check")
    run(*pip, "--require-hashes", "-r", ROOT / "requirements.txt")
    run(*pip, "--no-deps", "--no-build-isolation", "-e", ROOT)
    (VENV / "installed").touch()


def run(*command):
    """Run a command, and exit with its status if it fails: it has said why."""
    status = subprocess.run(command, cwd=ROOT).returncode
    if status:
        sys.exit(status)


if __name__ == "__main__":
    main()

"""Look at the built pages in a browser: build the book if need be, then run tests/site.

python tools/check_site.py                 # fails where there is no Chromium
python tools/check_site.py --if-possible   # says so, and goes on
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def find_chromium():
    """The path of a Chromium on this machine, or None."""
    named = os.environ.get("CHROMIUM")
    found = (shutil.which(name) for name in ([named] if named else BROWSERS))
    return next(filter(None, found), None)


def main():
    if not find_chromium():
        print("The pages were not tested: there is no Chromium here (or name one in $CHROMIUM)")
        sys.exit("--if-possible" not in sys.argv)
    # The pages of the recording that every machine has.
    environment = os.environ | {"RECORDING": "simulated"}
    build = [sys.executable, ROOT / "tools" / "build_book.py"]
    tests = [sys.executable, "-m", "pytest", "-n", "2", "tests/site"]
    for command in (build, tests):
        status = subprocess.run(command, cwd=ROOT, env=environment).returncode
        if status:
            sys.exit(status)


if __name__ == "__main__":
    main()

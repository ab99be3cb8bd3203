"""Build the book, and test its pages in a browser with tests/site.

python tools/check_site.py                 # fails if there is no Chromium
python tools/check_site.py --if-possible   # reports a missing Chromium, and succeeds
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def find_chromium():
    """Return the path of a Chromium on this machine, or None."""
    named = os.environ.get("CHROMIUM")
    found = (shutil.which(name) for name in ([named] if named else BROWSERS))
    return next(filter(None, found), None)


def main():
    if not find_chromium():
        print("The pages were not tested: there is no Chromium here (or name one in $CHROMIUM)")
        sys.exit("--if-possible" not in sys.argv)
    # Every machine has the simulated recording; other tests have computed its stages already.
    cache = os.environ.get("USVLIB_CACHE_DIR", str(ROOT / "_build" / "test-cache"))
    environment = os.environ | {"RECORDING": "simulated", "USVLIB_CACHE_DIR": cache}
    build = [sys.executable, ROOT / "tools" / "build_book.py"]
    tests = [sys.executable, "-m", "pytest", "-n", "2", "tests/site"]
    for command in (build, tests):
        status = subprocess.run(command, cwd=ROOT, env=environment).returncode
        if status:
            sys.exit(status)


if __name__ == "__main__":
    main()

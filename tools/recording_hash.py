"""Print the SHA-256 of the tutorial's recording, and compare it with $IVANENKO_SHA256 if it is set.

The hash has not been published. The workflow runs this before it publishes the book: whoever has
checked a recording can pin its hash as a variable of the repository.
"""

import os
import sys


def main():
    import usvlib
    from usvlib._shared import file_digest

    try:
        usvlib.load_recordings("ivanenko2020")
    except usvlib.UsvError as error:
        sys.exit(str(error))
    found = file_digest(usvlib.data.data_dir() / "ivanenko2020" / "mice.npz")
    print(f"SHA-256 of the tutorial's recording: {found}")
    pinned = os.environ.get("IVANENKO_SHA256", "").strip().lower()
    if not pinned:
        print("It was compared with nothing: the variable IVANENKO_SHA256 is not set")
    elif pinned != found:
        sys.exit(f"IVANENKO_SHA256 is {pinned}: this is another recording, nothing is published")


if __name__ == "__main__":
    main()

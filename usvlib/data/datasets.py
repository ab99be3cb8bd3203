"""Recordings by name, each downloaded once and verified every time.

To add a data set, write a function that returns its recordings, and list it in `DATASETS`;
CONTRIBUTING.md names everything else that a data set needs.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable

from .._shared import DownloadError, UsvError, UsvWarning, atomic_path, file_digest
from .cache import data_dir
from .downloads import fetch
from .readers import recording_from_audio, recording_from_npz
from .recordings import Recording
from .simulation import simulate_recording

# tyiannak/amvoc (MIT licence), Stoumpou et al. 2022, doi:10.1080/09524622.2022.2099973
AMVOC_URL = (
    "https://raw.githubusercontent.com/tyiannak/amvoc/908176d04ee54f09fa4ebaa2cc19b948fae5364b/"
    "data/vocalizations_evaluation/{number}/{file}"
)
AMVOC_SHA256 = {
    "gt_1.csv": "2b56818d55edf6848ff29ea3db1066b85a6de132318fa58ff735d10092b442ce",
    "gt_2.csv": "1e2baba79073dd62a3e0992c3a08b90e5b7f01416be17c5f49dd61a64cced04e",
    "gt_3.csv": "6f281b240a74f0c070b47bf9937132ea3c6242afaac72d1d9cabcf74eebc14d1",
    "gt_8.csv": "cf306b08c8574f5de4bf4b94773c2eea916a96602607c82066b9b6d6f68ac483",
    "rec_1.wav": "083fe3749d4a9326ec72b16571bbf08172d2d147e78d936e5975fb6d614937cc",
    "rec_2.wav": "b9e51257d8469731397e0b8d6c6579fba549c6bd35d2b9d5c29afb76f46afae6",
    "rec_3.wav": "a1a4c18b39fc5ffde4c3d5ed87f373ce89477b9080650402619b953038c512c8",
    "rec_8.wav": "190e016e7255fb46f719592c55806a39d6ad8a2e69c68e21db13963411554a4d",
}
AMVOC_NUMBERS = (1, 2, 3, 8)

# The tutorial's recording: Ivanenko et al. 2020, doi:10.1371/journal.pcbi.1007918. Nobody has
# published its hash: the hash of the first download is recorded and holds from then on.
IVANENKO_URL = "https://github.com/janclemenslab/das_unsupervised/releases/download/v0.4/mice.npz"


def _amvoc_recording(number):
    """Return one of the AMVOC recordings; download it if it is missing."""
    paths = []
    for file in (f"rec_{number}.wav", f"gt_{number}.csv"):
        paths.append(data_dir() / "amvoc" / file)
        fetch(paths[-1], AMVOC_URL.format(number=number, file=file), AMVOC_SHA256[file])
    return recording_from_audio(*paths, name=f"amvoc/rec_{number}")


def _ivanenko_path():
    """Return the path of the tutorial's recording in the data directory."""
    return data_dir() / "ivanenko2020" / "mice.npz"


def _ivanenko():
    """Return the tutorial's recording; download it, and record its hash, the first time."""
    path = _ivanenko_path()
    known = _recorded_hash(path)
    downloaded_now = fetch(path, IVANENKO_URL, known)
    try:
        recording = recording_from_npz(path, name="ivanenko2020")
    except UsvError as error:
        if not downloaded_now:
            raise
        # The answer may be something else, such as the log-in page of a hotel's network. It is
        # deleted, so that the next attempt downloads again.
        path.unlink()
        raise DownloadError(f"{IVANENKO_URL} did not give the recording: {error}") from error
    if known is None:
        try:
            with atomic_path(_record_of(path)) as partial:
                partial.write_text(file_digest(path) + "\n")
        except UsvError as error:  # a read-only folder
            warnings.warn(f"the hash of {path} was not recorded: {error}", UsvWarning, stacklevel=4)
    return recording


def _record_of(path):
    """Return the path of the file that holds the hash of another."""
    return path.with_name(f"{path.name}.sha256")


def _recorded_hash(path):
    """Return the hash of the first download, or None if there was none."""
    record = _record_of(path)
    if not record.is_file():
        return None
    text = record.read_text(errors="replace").strip()
    if not re.fullmatch("[0-9a-f]{64}", text):
        raise UsvError(
            f"{record} holds {text[:80]!r}; it must hold the SHA-256 of {path.name}, 64 "
            "hexadecimal digits. Delete both files, and the recording will be downloaded again"
        )
    return text


# Each function returns the recordings of one data set.
DATASETS: dict[str, Callable[[], list[Recording]]] = {
    "simulated": lambda: [simulate_recording()],
    "ivanenko2020": lambda: [_ivanenko()],
    "amvoc": lambda: [_amvoc_recording(number) for number in AMVOC_NUMBERS],
}
DATASETS |= {
    f"amvoc/rec_{number}": lambda number=number: [_amvoc_recording(number)]
    for number in AMVOC_NUMBERS
}


def is_tutorial_fetched() -> bool:
    """Return whether the tutorial's recording is in the data directory."""
    return _ivanenko_path().is_file()

"""Recordings by name, each downloaded once and verified every time.

To add a data set, write a function that returns its recordings and list it in `DATASETS`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

from .._shared import DownloadError, UsvError, UsvWarning, atomic_path, file_digest
from .cache import data_dir
from .readers import recording_from_audio, recording_from_npz
from .recordings import Recording
from .simulation import simulate_recording

TIMEOUT_S = 5  # of a connection, or of a pause in a download

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
    wav, csv = f"rec_{number}.wav", f"gt_{number}.csv"
    return recording_from_audio(
        _fetch("amvoc", wav, AMVOC_URL.format(number=number, file=wav), AMVOC_SHA256[wav]),
        _fetch("amvoc", csv, AMVOC_URL.format(number=number, file=csv), AMVOC_SHA256[csv]),
        name=f"amvoc/rec_{number}",
    )


def _ivanenko():
    path = data_dir() / "ivanenko2020" / "mice.npz"
    record = path.with_name("mice.npz.sha256")
    known = record.read_text().strip() if record.is_file() else None
    _fetch("ivanenko2020", "mice.npz", IVANENKO_URL, known)
    if known is None:
        try:
            with atomic_path(record) as partial:
                partial.write_text(file_digest(path) + "\n")
        except UsvError as error:  # a folder that is only to be read
            warnings.warn(f"the hash of {path} was not recorded: {error}", UsvWarning, stacklevel=4)
    return recording_from_npz(path, name="ivanenko2020")


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


def is_fetched(name: str) -> bool:
    """Return whether `ivanenko2020` lies in the data directory already."""
    return (data_dir() / name / "mice.npz").is_file()


def _fetch(dataset, file, url, sha256):
    """The path of a file of a data set, downloaded if it is missing, never with another hash.

    pooch downloads into a temporary file, and moves it into place once it is whole and verified.
    """
    path = data_dir() / dataset / file
    if not path.is_file():
        _download(url, path, sha256)
    elif sha256 and (found := file_digest(path)) != sha256:
        raise UsvError(
            f"{path} has the SHA-256 {found}; it must be {sha256}: the file was changed or "
            "damaged. Delete it, and it will be downloaded again"
        )
    return path


def _download(url, path: Path, sha256):
    import requests
    import tqdm

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", tqdm.TqdmWarning)  # of widgets that notebooks may lack
        import pooch

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        registry = pooch.create(
            path.parent,
            base_url="",
            registry={path.name: sha256 and f"sha256:{sha256}"},
            urls={path.name: url},
        )
        downloader = pooch.HTTPDownloader(timeout=TIMEOUT_S, progressbar=True)
        registry.fetch(path.name, downloader=downloader)
    except requests.exceptions.RequestException as error:
        raise DownloadError(f"{url} cannot be downloaded: {_in_short(error)}") from error
    except OSError as error:
        raise DownloadError(
            f"{url} cannot be downloaded: the data directory {path.parent} cannot be written "
            f"({error.strerror or error})"
        ) from error
    except ValueError as error:  # pooch's word for a wrong hash
        raise UsvError(f"{url} does not have the SHA-256 that it should have: {error}") from error


def _in_short(error):
    import requests

    # In the middle of a download requests wraps urllib3's time-out in a ConnectionError.
    if isinstance(error, requests.exceptions.Timeout) or "timed out" in str(error):
        return f"no answer within {TIMEOUT_S} s"
    if isinstance(error, requests.exceptions.HTTPError):
        return str(error)
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the download was cut off"
    if isinstance(error, (requests.exceptions.SSLError, requests.exceptions.ProxyError)):
        return str(error)
    return "there is no connection"

"""Recordings by name: fetched once, verified every time."""

import os
import warnings
from pathlib import Path

from .._shared import DownloadError, UsvError, atomic_path, file_digest
from .readers import (
    AUDIO_SUFFIXES,
    recording_from_audio,
    recording_from_npz,
)
from .simulation import simulate_recording

TIMEOUT_S = 5  # of a connection or a pause in it, not of a whole download

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

# The page's own: Ivanenko et al. 2020, doi:10.1371/journal.pcbi.1007918. Nobody has published a
# hash of it: the first download's is written down, and holds from then on.
IVANENKO_URL = "https://github.com/janclemenslab/das_unsupervised/releases/download/v0.4/mice.npz"

NAMES = ("simulated", "ivanenko2020", "amvoc", *(f"amvoc/rec_{n}" for n in AMVOC_NUMBERS))


def load_recordings(name=None):
    """The recordings that a name or a path means.

    Parameters
    ----------
    name : str or path, optional
        - `"simulated"`: 1,600 syllables whose truth is known;
        - `"ivanenko2020"`: the original page's recording;
        - `"amvoc"`: four recordings with 128 hand-annotated syllables, or one as `"amvoc/rec_2"`;
        - a path to a .wav or .flac file with a .csv file of the same stem beside it (two columns,
          onset and offset in seconds), or to an .npz file with the page's four arrays.

        By default `$USVLIB_RECORDING`; where that is not set, `"ivanenko2020"` if it was fetched,
        else `"simulated"`.

    Returns
    -------
    list of Recording

    Raises
    ------
    UsvError
        If the name is unknown, a file is missing, damaged or not what its hash promises, or it has
        to be fetched and cannot be.
    """
    name = os.fspath(name or default_name())
    if name == "simulated":
        return [simulate_recording()]
    if name == "ivanenko2020":
        return [recording_from_npz(_ivanenko(), cache_dir(), name=name)]
    if name in NAMES:
        numbers = AMVOC_NUMBERS if name == "amvoc" else [int(name.removeprefix("amvoc/rec_"))]
        return [
            recording_from_audio(
                _amvoc(number, f"rec_{number}.wav"),
                _amvoc(number, f"gt_{number}.csv"),
                name=f"amvoc/rec_{number}",
            )
            for number in numbers
        ]
    path = Path(name).expanduser()
    if path.suffix.lower() == ".npz":
        return [recording_from_npz(path, cache_dir())]
    if path.suffix.lower() in AUDIO_SUFFIXES:
        return [recording_from_audio(path)]
    raise UsvError(
        f"recording {name!r} is unknown; it must be one of {', '.join(NAMES)}, or a path that ends "
        f"in {', '.join(AUDIO_SUFFIXES)} or .npz"
    )


def load_recording(name=None):
    """The one recording that a name or a path means; see `load_recordings`.

    Raises
    ------
    UsvError
        Also if the name means several.
    """
    recordings = load_recordings(name)
    if len(recordings) > 1:
        raise UsvError(
            f"{name or default_name()!r} means {len(recordings)} recordings: "
            f"{', '.join(r.name for r in recordings)}; name one of them, or use load_recordings"
        )
    return recordings[0]


def default_name():
    """`$USVLIB_RECORDING`, else the page's recording if it was fetched, else the simulated one."""
    fetched = (data_dir() / "ivanenko2020" / "mice.npz").is_file()
    return os.environ.get("USVLIB_RECORDING") or ("ivanenko2020" if fetched else "simulated")


def data_dir():
    """Where recordings are kept: `$USVLIB_DATA_DIR`, else in the user's cache folder."""
    return _folder("USVLIB_DATA_DIR", "recordings")


def cache_dir():
    """Where computed stages are kept: `$USVLIB_CACHE_DIR`, else in the user's cache folder."""
    return _folder("USVLIB_CACHE_DIR", "stages")


def _folder(variable, name):
    import platformdirs

    if os.environ.get(variable):
        return Path(os.environ[variable]).expanduser().absolute()
    return Path(platformdirs.user_cache_dir("usvlib", appauthor=False)) / name


def _amvoc(number, file):
    url = AMVOC_URL.format(number=number, file=file)
    return _fetch(url, data_dir() / "amvoc" / file, AMVOC_SHA256[file])


def _ivanenko():
    path = data_dir() / "ivanenko2020" / "mice.npz"
    record = path.with_name("mice.npz.sha256")
    known = record.read_text().strip() if record.is_file() else None
    _fetch(IVANENKO_URL, path, known)
    if known is None:
        try:
            with atomic_path(record) as partial:
                partial.write_text(file_digest(path) + "\n")
        except UsvError as error:  # a folder that is only to be read
            print(f"The hash of {path} was not recorded: {error}")
    return path


def _fetch(url, path, sha256):
    """The file at `path`, downloaded if it is not there, and never one with another hash.

    pooch downloads into a temporary file, and moves it into place once it is whole and verified.
    """
    if not path.is_file():
        _download(url, path, sha256)
    elif sha256 and (found := file_digest(path)) != sha256:
        raise UsvError(
            f"{path} has the SHA-256 {found}; it must be {sha256}: the file was "
            "changed or damaged. Delete it, and it will be fetched anew"
        )
    return path


def _download(url, path, sha256):
    import requests
    import tqdm

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", tqdm.TqdmWarning)  # of widgets that notebooks may lack
        import pooch

    print(f"Fetching {url}")
    pooch.get_logger().setLevel("WARNING")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        pooch.retrieve(
            url,
            known_hash=sha256 and f"sha256:{sha256}",
            fname=path.name,
            path=path.parent,
            downloader=pooch.HTTPDownloader(timeout=TIMEOUT_S, progressbar=True),
        )
    except requests.exceptions.RequestException as error:
        raise DownloadError(f"{url} cannot be fetched: {_in_short(error)}") from error
    except OSError as error:
        raise DownloadError(
            f"{url} cannot be fetched: the data directory {path.parent} cannot be written "
            f"({error.strerror or error})"
        ) from error
    except ValueError as error:  # pooch's word for a wrong hash
        raise UsvError(f"{url} does not have the SHA-256 that is known of it: {error}") from error


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

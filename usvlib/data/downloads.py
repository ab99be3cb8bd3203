"""Download files: verified, within limits of size and time, and whole or not at all."""

from __future__ import annotations

import threading
import time
import warnings
from pathlib import Path

from .._shared import DownloadError, UsvError, file_digest

TIMEOUT_S = 5  # of a connection, or of a pause in a download
# A server may send a byte now and then for hours, or without end.
MIN_BYTES_PER_S, GRACE_S = 10_000, 20
MAX_BYTES = 5_000_000_000


def fetch(path: Path, url: str, sha256: str | None) -> bool:
    """Download a file if it is missing, and check its hash in any case.

    pooch downloads into a temporary file, and moves it into place once it is whole and verified.

    Parameters
    ----------
    path : Path
        Where the file belongs.
    url : str
    sha256 : str or None
        The expected digest in hexadecimal, or None if it is not known.

    Returns
    -------
    bool
        True if the file was downloaded now, False if it was there already.

    Raises
    ------
    DownloadError
        If it cannot be downloaded.
    UsvError
        If the file has another hash.
    """
    if not path.is_file():
        _download(url, path, sha256)
        return True
    if sha256 and (found := file_digest(path)) != sha256:
        raise UsvError(
            f"{path} has the SHA-256 {found}; it must be {sha256}: the file was changed or "
            "damaged. Delete it, and it will be downloaded again"
        )
    return False


def _download(url, path, sha256):
    import requests
    import tqdm

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", tqdm.TqdmWarning)  # of widgets that notebooks may lack
        import pooch

    watch = _Watch()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        registry = pooch.create(
            path.parent,
            base_url="",
            registry={path.name: sha256 and f"sha256:{sha256}"},
            urls={path.name: url},
        )
        download = pooch.HTTPDownloader(
            timeout=TIMEOUT_S, progressbar=True, hooks={"response": watch.begin}
        )

        def watched(*arguments):
            download(*arguments)
            if watch.stopped:  # because a closed connection looks like the end of the file
                raise ConnectionError(watch.stopped)

        registry.fetch(path.name, downloader=watched)
    except Exception as error:
        if watch.stopped:  # whatever the closed connection raised
            raise DownloadError(f"{url} cannot be downloaded: {watch.stopped}") from error
        if isinstance(error, requests.exceptions.RequestException):
            raise DownloadError(f"{url} cannot be downloaded: {_in_short(error)}") from error
        if isinstance(error, OSError):
            raise DownloadError(
                f"{url} cannot be downloaded: the data directory {path.parent} cannot be written "
                f"({error.strerror or error})"
            ) from error
        if isinstance(error, ValueError):  # what pooch raises for a wrong hash
            raise UsvError(
                f"{url} does not have the SHA-256 that it should have: {error}"
            ) from error
        raise
    finally:
        watch.done.set()


class _Watch:
    """Closes a connection that is too slow or brings too much."""

    def __init__(self):
        self.done = threading.Event()
        self.stopped = ""

    def begin(self, response, *_, **__):
        """Watch a response, as a hook of requests."""
        threading.Thread(target=self._watch, args=(response,), daemon=True).start()

    def _watch(self, response):
        began = time.monotonic()
        while not self.done.wait(min(GRACE_S, 1)):
            elapsed_s, n_bytes = time.monotonic() - began, response.raw.tell()
            if elapsed_s > GRACE_S and n_bytes < MIN_BYTES_PER_S * elapsed_s:
                self.stopped = f"{n_bytes / elapsed_s:.0f} bytes a second are too slow"
            elif n_bytes > MAX_BYTES:
                self.stopped = f"it is larger than {MAX_BYTES / 1e9:g} GB"
            if self.stopped:
                response.raw.shutdown()  # wakes the thread that reads
                return


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

"""Pack the spectrograms of thousands of syllables into one image file for the page."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import numpy as np

from ..figures import spectrogram_colours
from ..manifold import opacity

WIDTH = 2048
MAX_PIXELS = 12_000_000  # a pixel takes about a tenth of a byte
QUALITY = 40  # syllables stay clearly visible, and the grain of the noise takes less space


def pack_spectrograms(
    spectrograms: Sequence[np.ndarray], highest: float
) -> tuple[bytes, np.ndarray, int]:
    """Pack spectrograms into one grey WebP image, side by side in rows.

    If they have more than `MAX_PIXELS` together, all are reduced in size by the same factor.

    Parameters
    ----------
    spectrograms : sequence of float array [n_bands, n_frames]
        In log2 units over the noise floor, all with the same number of bands. The first band
        becomes the top row.
    highest : float
        The value that becomes white, 255. Values of 0 and below become black, 0.

    Returns
    -------
    webp : bytes
    places : int array [n_syllables, 3]
        Column and row of the upper left corner, and the width, in pixels.
    height : int
        Height of each spectrogram in pixels.
    """
    from PIL import Image

    shapes = np.array([np.shape(spectrogram) for spectrogram in spectrograms])
    scale = min(1.0, np.sqrt(MAX_PIXELS / shapes.prod(axis=1).sum()))
    height = max(int(shapes[0, 0] * scale), 1)
    widths = np.clip((shapes[:, 1] * scale).astype(int), 1, WIDTH)
    places, n_rows = _places(widths)
    places[:, 1] *= height
    atlas = np.zeros((n_rows * height, WIDTH), np.uint8)
    for spectrogram, (x, y, width) in zip(spectrograms, places, strict=True):
        grey = np.rint(255 * np.clip(np.asarray(spectrogram) / highest, 0, 1)).astype(np.uint8)
        if grey.shape != (height, width):
            grey = Image.fromarray(grey).resize((width, height), Image.Resampling.BOX)
        atlas[y : y + height, x : x + width] = grey
    file = io.BytesIO()
    Image.fromarray(atlas).save(file, "WEBP", quality=QUALITY, method=2)
    return file.getvalue(), places, height


def _places(widths):
    """Return the column, row and width of each spectrogram, and the number of rows."""
    places = np.empty((len(widths), 3), int)
    x = row = 0
    for i, width in enumerate(widths):
        if x + width > WIDTH:
            x, row = 0, row + 1
        places[i] = x, row, width
        x += width
    return places, row + 1


def mean_png(mean: np.ndarray, highest: float) -> bytes:
    """Return a mean spectrogram as a PNG image, lowest band at the bottom.

    Its colours are those of `plot_manifold`, transparent near the noise floor.

    Parameters
    ----------
    mean : float array [n_bands, n_frames]
        In log2 units over the noise floor.
    highest : float
        The value of the last colour.

    Returns
    -------
    bytes
    """
    from PIL import Image

    rgba = spectrogram_colours()(mean[::-1] / highest, bytes=True)
    rgba[..., 3] = 255 * opacity(mean[::-1], highest)
    file = io.BytesIO()
    Image.fromarray(rgba).save(file, "PNG", optimize=True)
    return file.getvalue()


def data_uri(content: bytes, mime: str) -> str:
    """Return a data URI: an address that holds the content, so that nothing is loaded."""
    return f"data:{mime};base64,{base64.b64encode(content).decode()}"

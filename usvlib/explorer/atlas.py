"""Many small pictures in one: what a page needs to show any of thousands at once."""

import base64
import io

import numpy as np

from ..figures import spectrogram_colours
from ..manifold import visible_share

WIDTH = 2048
MOST_PIXELS = 12_000_000  # of about a tenth of a byte each
QUALITY = 40  # calls are seen well, and the grain of the noise takes less room


def pack_pictures(pictures, highest):
    """Grey pictures, side by side in rows, as one WebP file.

    Of very many, each is made smaller, so that the file does not grow without end.

    Parameters
    ----------
    pictures : sequence of float array [n_bands, n_frames]
        All with the same number of bands. The first band is the uppermost row.
    highest : float
        The value that is white, 255; 0 and less are black.

    Returns
    -------
    webp : bytes
    places : int array [n_pictures, 3]
        Column and row of the upper left corner, and the width, in pixels of the file.
    height : int
        Of each picture, in pixels of the file.
    """
    from PIL import Image

    shapes = np.array([np.shape(picture) for picture in pictures])
    scale = min(1.0, np.sqrt(MOST_PIXELS / shapes.prod(axis=1).sum()))
    height = max(int(shapes[0, 0] * scale), 1)
    widths = np.clip((shapes[:, 1] * scale).astype(int), 1, WIDTH)
    places, n_rows = _places(widths)
    places[:, 1] *= height
    atlas = np.zeros((n_rows * height, WIDTH), np.uint8)
    for picture, (x, y, width) in zip(pictures, places, strict=True):
        grey = np.rint(255 * np.clip(np.asarray(picture) / highest, 0, 1)).astype(np.uint8)
        if grey.shape != (height, width):
            grey = Image.fromarray(grey).resize((width, height), Image.Resampling.BOX)
        atlas[y : y + height, x : x + width] = grey
    file = io.BytesIO()
    Image.fromarray(atlas).save(file, "WEBP", quality=QUALITY, method=2)
    return file.getvalue(), places, height


def _places(widths):
    """Column, row and width of each picture, and the number of rows."""
    places = np.empty((len(widths), 3), int)
    x = row = 0
    for i, width in enumerate(widths):
        if x + width > WIDTH:
            x, row = 0, row + 1
        places[i] = x, row, width
        x += width
    return places, row + 1


def mean_png(mean, highest):
    """A mean spectrogram in its colours, lowest band at the foot, transparent near the floor.

    Parameters
    ----------
    mean : float array [n_bands, n_frames]
    highest : float
        The value of the last colour.

    Returns
    -------
    bytes
    """
    from PIL import Image

    rgba = spectrogram_colours()(mean[::-1] / highest, bytes=True)
    rgba[..., 3] = 255 * visible_share(mean[::-1], highest)
    file = io.BytesIO()
    Image.fromarray(rgba).save(file, "PNG", optimize=True)
    return file.getvalue()


def data_uri(content, mime):
    """An address that is the content itself, so that a page need not ask for it."""
    return f"data:{mime};base64,{base64.b64encode(content).decode()}"

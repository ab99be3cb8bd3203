"""Syllables of one size: what differs in duration, pitch and loudness made comparable."""

import numpy as np

from ._shared import UsvError, progress_bar
from .recipe import ORIGINAL


def normalise(spectrograms, recipe=ORIGINAL):
    """All syllables as pictures of one size, the steps of the page one after the other.

    Each is thresholded, resized to a logarithmic duration, padded with zeros on both sides to the
    longest, and centred on the band of its largest time average.

    Parameters
    ----------
    spectrograms : SyllableSpectrograms
    recipe : Recipe
        Uses `threshold`, `time_scaling` and `centre_halfwidth`; each may be None.

    Returns
    -------
    float32 array [n_syllables, n_bands, n_frames], in log2 units over the noise floor
        A blank syllable (see `SyllableSpectrograms.blank`) is zero throughout.
    """
    pictures = [
        resize_duration(apply_threshold(spectrogram, recipe.threshold), recipe.time_scaling)
        for spectrogram in progress_bar("normalising", spectrograms.spectrograms)
    ]
    n_frames = max(picture.shape[1] for picture in pictures)
    features = np.stack([centre(pad(p, n_frames), recipe.centre_halfwidth) for p in pictures])
    blank = spectrograms.blank
    features[blank] = 0
    if n_lost := int((~features.any(axis=(1, 2)) & ~blank).sum()):
        print(f"{n_lost} syllables have nothing over threshold={recipe.threshold}, and no picture")
    return features


def check_features(features):
    """Features as an array of finite numbers [n_syllables, ...], or a `UsvError`."""
    try:
        features = np.asarray(features)
    except ValueError as error:
        raise UsvError(f"features are no array: {error}") from None
    if features.ndim < 2 or 0 in features.shape:
        raise UsvError(
            f"features has shape {features.shape}; it must be [n_syllables, n_bands, n_frames]"
        )
    if features.dtype.kind not in "biuf":
        raise UsvError(f"features are of type {features.dtype}; they must be numbers")
    finite = np.isfinite(features.reshape(len(features), -1)).all(axis=1)
    if not finite.all():
        bad = int(finite.argmin())
        raise UsvError(f"the features of syllable {bad} are not all finite; they must be numbers")
    return features


def apply_threshold(spectrogram, threshold=ORIGINAL.threshold):
    """`spectrogram` with all that lies below `threshold` set to 0; None leaves it as it is."""
    if threshold is None:
        return spectrogram
    return np.where(spectrogram < threshold, np.float32(0), spectrogram)


def resize_duration(spectrogram, time_scaling=ORIGINAL.time_scaling):
    """The spectrogram resized in time to `int(time_scaling * ln(n_frames))` columns, at least 1.

    The stretch itself is linear, by Pillow's Lanczos filter; it is the duration that becomes
    logarithmic.

    Parameters
    ----------
    spectrogram : float32 array [n_bands, n_frames]
    time_scaling : float or None
        None leaves the spectrogram as it is.

    Returns
    -------
    float32 array [n_bands, n_columns]
    """
    if time_scaling is None:
        return spectrogram
    from PIL import Image

    n_bands, n_frames = spectrogram.shape
    if not 0 < time_scaling < np.inf:
        raise UsvError(f"time_scaling is {time_scaling!r}; it must be above 0, or None")
    if not n_frames:
        raise UsvError(
            f"spectrogram has shape {spectrogram.shape}; it must have at least one frame"
        )
    n_columns = max(int(time_scaling * np.log(n_frames)), 1)
    image = Image.fromarray(np.ascontiguousarray(spectrogram, np.float32))
    return np.asarray(image.resize((n_columns, n_bands), Image.Resampling.LANCZOS))


def pad(spectrogram, n_frames):
    """The spectrogram with columns of zeros on both sides, `n_frames` wide in all.

    An odd number of columns to add leaves the larger half at the right, as on the page.
    """
    excess = n_frames - spectrogram.shape[1]
    if excess < 0:
        raise UsvError(
            f"n_frames is {n_frames}; it must be at least the {spectrogram.shape[1]} columns that "
            "the spectrogram has"
        )
    return np.pad(spectrogram, ((0, 0), (excess // 2, excess - excess // 2)))


def centre(spectrogram, halfwidth=ORIGINAL.centre_halfwidth):
    """The `2 * halfwidth` bands around the one with the largest time average.

    Near the edges the window is moved inside. The peak is band `halfwidth` of the result, counted
    from 0, unless it was moved.

    Parameters
    ----------
    spectrogram : float32 array [n_bands, n_frames]
    halfwidth : int or None
        None leaves the spectrogram as it is.

    Returns
    -------
    float32 array [2 * halfwidth, n_frames]
    """
    if halfwidth is None:
        return spectrogram
    n_bands = len(spectrogram)
    if not 1 <= halfwidth <= n_bands / 2:
        raise UsvError(
            f"halfwidth is {halfwidth}; it must be at least 1, and twice that not exceed the "
            f"{n_bands} bands"
        )
    peak = int(np.clip(spectrogram.mean(axis=1).argmax(), halfwidth, n_bands - halfwidth))
    return spectrogram[peak - halfwidth : peak + halfwidth]

"""Syllables of one size: differences of duration, pitch and faint noise are taken out."""

from __future__ import annotations

import warnings

import numpy as np

from ._shared import (
    UsvError,
    UsvWarning,
    as_numbers,
    check_type,
    progress_bar,
    real_number,
    whole_number,
)
from .recipe import ORIGINAL, Recipe
from .spectrograms import SyllableSpectrograms

# Limits that only keep absurd values out.
MAX_FEATURE, MAX_COLUMNS, MAX_TIME_SCALING = 1e15, 100_000, 1000


def normalise(spectrograms: SyllableSpectrograms, recipe: Recipe = ORIGINAL) -> np.ndarray:
    """Bring all syllables to one size, by the steps of the tutorial.

    Each spectrogram is thresholded, resized to a logarithmic duration, padded with zeros on both
    sides to the width of the widest one, and centred on the band with the largest time average.

    Parameters
    ----------
    spectrograms : SyllableSpectrograms
    recipe : Recipe, default ORIGINAL
        Uses `threshold`, `time_scaling` and `centre_halfwidth`; each may be None.

    Returns
    -------
    float32 array [n_syllables, n_bands, n_frames]
        The normalised spectrograms, in log2 units over the noise floor, lowest band first. Those of
        a blank syllable (see `SyllableSpectrograms.blank`) are zero.

    Raises
    ------
    UsvError
        If there are no syllables, or an argument is of another type.

    Warns
    -----
    UsvWarning
        If every value of a syllable that is not blank lies below the threshold.

    Examples
    --------
    >>> import usvlib
    >>> spectrograms = usvlib.syllable_spectrograms(usvlib.simulate_recording(n_syllables=12))
    >>> features = usvlib.normalise(spectrograms)
    >>> features.shape[:2], features.dtype
    ((12, 40), dtype('float32'))
    """
    check_type("spectrograms", spectrograms, SyllableSpectrograms)
    check_type("recipe", recipe, Recipe)
    if not len(spectrograms):
        raise UsvError("there are no syllables; spectrograms must hold at least one")
    resized = [
        resize_duration(apply_threshold(spectrogram, recipe.threshold), recipe.time_scaling)
        for spectrogram in progress_bar("normalising", spectrograms.spectrograms)
    ]
    n_frames = max(spectrogram.shape[1] for spectrogram in resized)
    features = np.stack([centre(pad(s, n_frames), recipe.centre_halfwidth) for s in resized])
    blank = spectrograms.blank
    features[blank] = 0
    if n_lost := int((~features.any(axis=(1, 2)) & ~blank).sum()):
        warnings.warn(
            f"{n_lost} of {len(features)} syllables have no value above "
            f"threshold={recipe.threshold}. Their features are zero and they are left off the map.",
            UsvWarning,
            stacklevel=2,
        )
    return features


def check_features(features, argument: str = "features") -> np.ndarray:
    """Return features as an array of finite numbers [n_syllables, ...], or raise a `UsvError`."""
    shape = "[n_syllables, n_bands, n_frames]"
    features = as_numbers(argument, features, shape)
    if features.ndim < 2 or 0 in features.shape:
        raise UsvError(f"{argument} has shape {features.shape}; it must be {shape}")
    # Squares of larger numbers would not fit into float32.
    finite = np.abs(features.reshape(len(features), -1)).max(axis=1) < MAX_FEATURE
    if not finite.all():
        bad = int(finite.argmin())
        raise UsvError(
            f"the {argument} of syllable {bad} are not all finite; they must be numbers below "
            f"{MAX_FEATURE:g}"
        )
    return features


def apply_threshold(
    spectrogram: np.ndarray, threshold: float | None = ORIGINAL.threshold
) -> np.ndarray:
    """Set all values below `threshold` to 0.

    Parameters
    ----------
    spectrogram : float32 array [n_bands, n_frames]
        In log2 units over the noise floor.
    threshold : float or None, default 0.0
        In the same units. None returns the spectrogram as it is.

    Returns
    -------
    float32 array [n_bands, n_frames]

    Raises
    ------
    UsvError
        If an argument is of another type or shape.

    Examples
    --------
    >>> import numpy as np
    >>> apply_threshold(np.float32([[-1.0, 0.5, 2.0]]), 1.0)
    array([[0., 0., 2.]], dtype=float32)
    """
    spectrogram = _check_spectrogram(spectrogram)
    if threshold is None:
        return spectrogram
    threshold = real_number("threshold", threshold)
    return np.where(spectrogram < threshold, np.float32(0), spectrogram)


def resize_duration(
    spectrogram: np.ndarray, time_scaling: float | None = ORIGINAL.time_scaling
) -> np.ndarray:
    """Resize a spectrogram in time to `int(time_scaling * ln(n_frames))` columns, at least 1.

    Time within the syllable stays linear (Pillow's Lanczos filter, as in the tutorial); only the
    duration becomes logarithmic.

    Parameters
    ----------
    spectrogram : float32 array [n_bands, n_frames]
        In log2 units over the noise floor.
    time_scaling : float or None, default 8.0
        A duration that is e (2.7) times longer gets this many more columns. None returns the
        spectrogram as it is.

    Returns
    -------
    float32 array [n_bands, n_columns]

    Raises
    ------
    UsvError
        If `time_scaling` is not above 0, or an argument is of another type or shape.

    Examples
    --------
    >>> import numpy as np
    >>> resize_duration(np.ones((103, 46), np.float32)).shape
    (103, 30)
    """
    spectrogram = _check_spectrogram(spectrogram)
    if time_scaling is None:
        return spectrogram
    from PIL import Image

    time_scaling = real_number("time_scaling", time_scaling, above=0, most=MAX_TIME_SCALING)
    n_bands, n_frames = spectrogram.shape
    n_columns = max(int(time_scaling * np.log(n_frames)), 1)
    image = Image.fromarray(np.ascontiguousarray(spectrogram, np.float32))
    return np.asarray(image.resize((n_columns, n_bands), Image.Resampling.LANCZOS))


def pad(spectrogram: np.ndarray, n_frames: int) -> np.ndarray:
    """Add columns of zeros on both sides until a spectrogram is `n_frames` wide.

    If the number of columns to add is odd, the right side gets one more, as in the tutorial.

    Parameters
    ----------
    spectrogram : float32 array [n_bands, n_columns]
        In log2 units over the noise floor.
    n_frames : int
        Number of columns of the result, at least those of the spectrogram.

    Returns
    -------
    float32 array [n_bands, n_frames]

    Raises
    ------
    UsvError
        If the spectrogram is wider than `n_frames`, or an argument is of another type or shape.

    Examples
    --------
    >>> import numpy as np
    >>> pad(np.ones((1, 2), np.float32), 5)
    array([[0., 1., 1., 0., 0.]], dtype=float32)
    """
    spectrogram = _check_spectrogram(spectrogram)
    excess = whole_number("n_frames", n_frames, 0, MAX_COLUMNS) - spectrogram.shape[1]
    if excess < 0:
        raise UsvError(
            f"n_frames is {n_frames}; it must be at least the {spectrogram.shape[1]} columns that "
            "the spectrogram has"
        )
    return np.pad(spectrogram, ((0, 0), (excess // 2, excess - excess // 2)))


def centre(
    spectrogram: np.ndarray, halfwidth: int | None = ORIGINAL.centre_halfwidth
) -> np.ndarray:
    """Keep the `2 * halfwidth` bands around the band with the largest time average.

    That band becomes band `halfwidth` of the result, counted from 0. Near the edges of the
    spectrogram the window is moved inside, and the band lies elsewhere.

    Parameters
    ----------
    spectrogram : float32 array [n_bands, n_frames]
        In log2 units over the noise floor.
    halfwidth : int or None, default 20
        Half the number of bands of the result. None returns the spectrogram as it is.

    Returns
    -------
    float32 array [2 * halfwidth, n_frames]

    Raises
    ------
    UsvError
        If the window is wider than the spectrogram, or an argument is of another type or shape.

    Examples
    --------
    >>> import numpy as np
    >>> spectrogram = np.zeros((103, 30), np.float32)
    >>> spectrogram[50] = 1
    >>> centred = centre(spectrogram)
    >>> centred.shape, int(centred.mean(axis=1).argmax())
    ((40, 30), 20)
    """
    spectrogram = _check_spectrogram(spectrogram)
    if halfwidth is None:
        return spectrogram
    n_bands, halfwidth = len(spectrogram), whole_number("halfwidth", halfwidth, 1)
    if halfwidth > n_bands / 2:
        raise UsvError(
            f"halfwidth is {halfwidth}; twice that must not exceed the {n_bands} bands of the "
            "spectrogram"
        )
    peak = int(np.clip(spectrogram.mean(axis=1).argmax(), halfwidth, n_bands - halfwidth))
    return spectrogram[peak - halfwidth : peak + halfwidth]


def _check_spectrogram(spectrogram):
    """Return a spectrogram as an array of numbers [n_bands, n_frames], or raise a `UsvError`."""
    spectrogram = as_numbers("spectrogram", spectrogram, "[n_bands, n_frames]")
    if spectrogram.ndim != 2 or 0 in spectrogram.shape:
        raise UsvError(
            f"spectrogram has shape {spectrogram.shape}; it must be [n_bands, n_frames], with at "
            "least one band and one frame"
        )
    return spectrogram

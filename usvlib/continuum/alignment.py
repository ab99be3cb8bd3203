"""The spaces in which the verdict looks for groups: aligned features, and measures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas

N_PRINCIPAL, N_COLUMNS = 8, 32  # principal components, and columns after the alignment
# Groups that differ only in level may be positions of the mouse before the microphone.
LEVEL_WEIGHT = 0.4


def spaces_of(
    features: np.ndarray, measures: pandas.DataFrame | None = None
) -> dict[str, np.ndarray]:
    """Return the spaces to search: features and measures together (`both`), and each alone.

    Each is a float array [n_syllables, n_axes]. Without measures there are only `features`.
    """
    from sklearn.decomposition import PCA

    flat = align(features).reshape(len(features), -1)
    pca = PCA(min(N_PRINCIPAL, *flat.shape), svd_solver="randomized", random_state=0)
    scores = pca.fit_transform(flat)
    scores /= scores[:, 0].std() + 1e-12
    if measures is None:
        return {"features": scores}
    columns = {
        "log duration": np.log(measures["duration_ms"]),
        "mean frequency": measures["mean_frequency_khz"],
        "level": measures["level_db"],
    }
    columns = np.column_stack(list(columns.values()))
    columns = (columns - columns.mean(axis=0)) / (columns.std(axis=0) + 1e-12)
    columns[:, 2] *= LEVEL_WEIGHT
    return {
        "both": np.column_stack([scores, columns]),
        "features": scores,
        "measures": columns[:, :2],
    }


def align(features: np.ndarray) -> np.ndarray:
    """Bring features to one width and centre each on its mean band, by linear interpolation.

    The normalisation moves a spectrogram by whole bands, to its strongest band, and changes its
    width by whole columns. In a continuum these discrete steps would look like groups.

    Parameters
    ----------
    features : float array [n_syllables, n_bands, n_frames]
        In log2 units over the noise floor, without blank syllables.

    Returns
    -------
    float32 array [n_syllables, n_bands, N_COLUMNS]
    """
    features = np.asarray(features, np.float32)
    n_bands, n_frames = features.shape[1:]
    used = features.any(axis=1)
    first = used.argmax(axis=1)
    last = n_frames - 1 - used[:, ::-1].argmax(axis=1)
    place = first[:, np.newaxis] + np.outer(last - first, np.linspace(0, 1, N_COLUMNS))
    features = _interpolate(features, place[:, np.newaxis], 2)
    # Values below 1 are mostly noise, and do not move the mean band.
    weight = (np.maximum(features - 1, 0) ** 2).sum(axis=2) + 1e-9
    mean_band = weight @ np.arange(n_bands) / weight.sum(axis=1)
    place = mean_band[:, np.newaxis] - (n_bands - 1) / 2 + np.arange(n_bands) + n_bands
    padded = np.pad(features, ((0, 0), (n_bands, n_bands), (0, 0)))
    return _interpolate(padded, place[:, :, np.newaxis], 1)


def _interpolate(values, place, axis):
    """Interpolate values linearly at fractional places along an axis."""
    low = np.clip(np.floor(place).astype(int), 0, values.shape[axis] - 1)
    high = np.minimum(low + 1, values.shape[axis] - 1)
    share = (place - low).astype(np.float32)
    below, above = (np.take_along_axis(values, i, axis) for i in (low, high))
    return below * (1 - share) + above * share

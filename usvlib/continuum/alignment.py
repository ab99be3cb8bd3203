"""What a test of the repertoire looks at: pictures without the staircase of their normalisation."""

import numpy as np

# Principal components of the pictures, and the columns that each picture is brought to.
N_COMPONENTS, N_COLUMNS = 8, 32


def spaces_of(features, measures=None):
    """Where groups are looked for: pictures and measures together (`both`), and each alone."""
    from sklearn.decomposition import PCA

    n = len(features)
    pictures = align(features).reshape(n, -1)
    pca = PCA(min(N_COMPONENTS, *pictures.shape), svd_solver="randomized", random_state=0)
    scores = pca.fit_transform(pictures)
    scores /= scores[:, 0].std() + 1e-12
    if measures is None:
        return {"pictures": scores}
    columns = {
        "log duration": np.log(measures["duration_ms"]),
        "mean frequency": measures["mean_frequency_khz"],
        "level": measures["level_db"],
    }
    columns = np.column_stack(list(columns.values()))
    columns = (columns - columns.mean(axis=0)) / (columns.std(axis=0) + 1e-12)
    # Types of calls that differ in nothing but their level would be places of the mouse.
    columns[:, 2] *= 0.4
    return {
        "both": np.column_stack([scores, columns]),
        "pictures": scores,
        "measures": columns[:, :2],
    }


def align(features):
    """Pictures of one width, each centred on its mean band, by linear interpolation.

    The normalisation moves a picture by whole bands, to where it is strongest, and its width by
    whole columns. Of a continuum that makes a staircase.

    Parameters
    ----------
    features : float array [n_syllables, n_bands, n_frames]
        None blank.

    Returns
    -------
    float32 array [n_syllables, n_bands, N_COLUMNS]
    """
    features = np.asarray(features, np.float32)
    n_bands, n_frames = features.shape[1:]
    held = features.any(axis=1)
    first = held.argmax(axis=1)
    last = n_frames - 1 - held[:, ::-1].argmax(axis=1)
    place = first[:, np.newaxis] + np.outer(last - first, np.linspace(0, 1, N_COLUMNS))
    features = _interpolate(features, place[:, np.newaxis], 2)
    weight = (np.maximum(features - 1, 0) ** 2).sum(axis=2) + 1e-9  # of the call, not of noise
    mean_band = weight @ np.arange(n_bands) / weight.sum(axis=1)
    place = mean_band[:, np.newaxis] - (n_bands - 1) / 2 + np.arange(n_bands) + n_bands
    padded = np.pad(features, ((0, 0), (n_bands, n_bands), (0, 0)))
    return _interpolate(padded, place[:, :, np.newaxis], 1)


def _interpolate(values, place, axis):
    low = np.clip(np.floor(place).astype(int), 0, values.shape[axis] - 1)
    high = np.minimum(low + 1, values.shape[axis] - 1)
    share = (place - low).astype(np.float32)
    below, above = (np.take_along_axis(values, i, axis) for i in (low, high))
    return below * (1 - share) + above * share

"""The strongest path through the bands of a spectrogram."""

import numpy as np


def strongest_path(values: np.ndarray, step_cost: float, jump_cost: float) -> np.ndarray:
    """Find the path with the highest sum of values minus the costs of its moves.

    It is found by dynamic programming, in one pass over the frames.

    Parameters
    ----------
    values : float32 array [n_bands, n_frames]
    step_cost : float
        Cost of each band that the path moves from one frame to the next.
    jump_cost : float
        The most that a move of any size costs.

    Returns
    -------
    int64 array [n_frames]
        The band of each frame.

    Examples
    --------
    >>> values = np.float32([[9, 0, 0], [0, 1, 9], [0, 3, 0]])
    >>> strongest_path(values, step_cost=2, jump_cost=5)
    array([0, 1, 1])
    """
    from .kernels import best_path

    return best_path(values, step_cost, jump_cost)

"""The strongest path through the bands of a spectrogram."""

import numpy as np


def strongest_path(levels: np.ndarray, step_cost: float, jump_cost: float) -> np.ndarray:
    """Find the path with the highest sum of levels minus the costs of its moves.

    It is found by dynamic programming, in one pass over the frames.

    Parameters
    ----------
    levels : float32 array [n_bands, n_frames]
    step_cost : float
        Cost of each band that the path moves from one frame to the next.
    jump_cost : float
        The most that a move of any size costs.

    Returns
    -------
    int64 array [n_frames]
        The band of each frame.
    """
    from .kernels import best_path

    return best_path(levels, step_cost, jump_cost)

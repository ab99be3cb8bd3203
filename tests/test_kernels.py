"""The strongest path against a search of all paths."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from usvlib._engine import strongest_path

# Eighths are exact in binary, so that equal scores are equal.
levels = hnp.arrays(
    np.float32,
    st.tuples(st.integers(1, 4), st.integers(1, 5)),
    elements=st.integers(0, 40).map(lambda eighths: eighths / 8),
)


def _score(levels, path, step_cost, jump_cost):
    moves = np.abs(np.diff(path))
    gathered = levels[path, np.arange(len(path))].sum()
    return gathered - np.minimum(step_cost * moves, jump_cost).sum()


@settings(max_examples=60)
@given(levels, st.sampled_from([0.25, 0.5, 1.0]), st.sampled_from([0.5, 1.5, 3.0]))
def test_the_strongest_path_has_the_highest_score_of_all_paths(levels, step_cost, jump_cost):
    n_bands, n_frames = levels.shape
    path = strongest_path(levels, step_cost, jump_cost)
    assert path.shape == (n_frames,)
    best = max(
        _score(levels, np.array(other), step_cost, jump_cost)
        for other in itertools.product(range(n_bands), repeat=n_frames)
    )
    assert _score(levels, path, step_cost, jump_cost) == pytest.approx(best)

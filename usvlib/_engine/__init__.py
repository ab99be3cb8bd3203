"""The computations behind chapter 2: mel filters, mel frames, noise floor and contours.

numba compiles the inner loops. It is imported when something is computed, and not before.
"""

from .melfilters import MelFilters, mel_filters
from .noisefloor import LogHistogram
from .paths import strongest_path
from .stream import count_frames, mel_frames

__all__ = [
    "LogHistogram",
    "MelFilters",
    "count_frames",
    "mel_filters",
    "mel_frames",
    "strongest_path",
]

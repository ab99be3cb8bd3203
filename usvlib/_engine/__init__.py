"""The computations behind chapter 2: mel filters, mel frames, noise floor and contours.

numba compiles the inner loops. It is imported when something is computed, and not before.
"""

from .floors import NoiseCounts, noise_floors
from .melfilters import MelFilters, mel_filters
from .paths import strongest_path
from .ridges import loud_noise, ridge_strengths
from .stream import count_frames, mel_frames

__all__ = [
    "MelFilters",
    "NoiseCounts",
    "count_frames",
    "loud_noise",
    "mel_filters",
    "mel_frames",
    "noise_floors",
    "ridge_strengths",
    "strongest_path",
]

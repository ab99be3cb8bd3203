"""What chapter 2 computes with: mel filters, noise floor, and compiled loops."""

from .melfilters import MelFilters, mel_filters
from .noisefloor import LogHistogram

__all__ = ["LANES", "LogHistogram", "MelFilters", "best_path", "mel_filters", "mel_of_samples"]
__all__ += ["mel_of_spectrum"]


def __getattr__(name):
    # numba is imported when something is computed, and not before.
    if name not in __all__:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    from . import kernels

    return getattr(kernels, name)

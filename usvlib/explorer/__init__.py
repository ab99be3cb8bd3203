"""The explorer: an interactive map, in one file, of syllables to look at and to listen to."""

from .page import Explorer, explore

__all__ = ["Explorer", "explore"]

"""The explorer: one figure, in one file, in which every syllable can be seen and heard."""

from .page import Explorer, explore

__all__ = ["Explorer", "explore"]

"""What every part uses: errors, files, progress."""

from .digests import syntax_digest
from .errors import DownloadError, MissingFileError, UsvError, UsvWarning, whole_number
from .files import atomic_path, existing_file, file_digest
from .kinds import check_type, in_words
from .progress import DISCREET, progress_bar

__all__ = [
    "DISCREET",
    "DownloadError",
    "MissingFileError",
    "UsvError",
    "UsvWarning",
    "atomic_path",
    "check_type",
    "existing_file",
    "file_digest",
    "in_words",
    "progress_bar",
    "syntax_digest",
    "whole_number",
]

"""Helpers that every module uses: errors, checks of arguments, files, digests, progress."""

from .digests import imported_modules, syntax_digest
from .errors import DownloadError, MissingFileError, UsvError, UsvWarning
from .files import atomic_path, existing_file, file_digest
from .kinds import (
    as_numbers,
    as_path,
    check_table,
    check_times,
    check_type,
    in_words,
    real_number,
    whole_number,
)
from .progress import DISCREET, progress_bar

__all__ = [
    "DISCREET",
    "DownloadError",
    "MissingFileError",
    "UsvError",
    "UsvWarning",
    "as_numbers",
    "as_path",
    "atomic_path",
    "check_table",
    "check_times",
    "check_type",
    "existing_file",
    "file_digest",
    "imported_modules",
    "in_words",
    "progress_bar",
    "real_number",
    "syntax_digest",
    "whole_number",
]

"""Tables of syllables: their onsets and offsets in seconds."""

from __future__ import annotations

import csv
import os
import re
import warnings

import numpy as np

from .._shared import UsvError, UsvWarning, existing_file

# Tools round times, so a last syllable may seem to end after the recording, by up to this much.
MAX_LATE_S = 0.010
# Longer syllables are named in the warning: they are often two syllables marked as one.
LONG_S = 1.0


def read_syllables(
    path: str | os.PathLike, samplerate_hz: float, n_samples: int
) -> tuple[np.ndarray, np.ndarray]:
    """Read onsets and offsets from a table of two columns, in seconds, with or without a header.

    Repeated rows are left out, and a syllable that ends up to 10 ms after the recording is cut
    there. One warning names both, and syllables that contain others or last over a second.

    Parameters
    ----------
    path : path of a .csv file
    samplerate_hz : float
    n_samples : int
        Length of the recording.

    Returns
    -------
    onsets, offsets : int64 array [n_syllables]
        In samples, in the order of the table.

    Raises
    ------
    UsvError
        If the file is no such table, or a syllable is empty, reversed or outside the audio. The
        message names file and line.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     table = Path(folder) / "mine.csv"
    ...     _ = table.write_text("onset,offset\\n0.1,0.15\\n0.3,0.34\\n")
    ...     onsets, offsets = read_syllables(table, 1000, n_samples=1000)
    >>> onsets.tolist(), offsets.tolist()
    ([100, 300], [150, 340])
    """
    path = existing_file(path, "annotations")
    table, lines = _read_rows(path)
    duration_s = n_samples / samplerate_hz
    _check_rows(path, table, lines, duration_s)
    _, first = np.unique(table, axis=0, return_index=True)
    kept = np.sort(first)
    notes = []
    if n_repeats := len(table) - len(kept):
        notes.append(f"{_count(n_repeats, 'repeated row')} left out")
    table, lines = table[kept], lines[kept]
    late = table[:, 1] > duration_s
    if late.any():
        most_ms = 1000 * (table[late, 1].max() - duration_s)
        notes.append(
            f"line {lines[late][0]} ended {most_ms:.2g} ms after the recording and was cut there"
        )
    table[late, 1] = duration_s
    notes += _odd_rows(table, lines)
    if notes:
        warnings.warn(f"{path}: {'; '.join(notes)}", UsvWarning, stacklevel=3)
    onsets, offsets = np.round(table * samplerate_hz).astype(np.int64).T
    return onsets, np.minimum(offsets, n_samples)


def _read_rows(path):
    """Return rows of two numbers [n_rows, 2], and the line of each."""
    rows, lines = [], []
    header_possible = True
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            for row in reader:
                if not row:
                    continue
                if header_possible and _is_header(row):
                    header_possible = False
                    continue
                header_possible = False
                try:
                    onset_s, offset_s = (float(cell) for cell in row)
                except ValueError:
                    raise UsvError(
                        f"{path}, line {reader.line_num}, {','.join(row)!r}: every row must be "
                        "two numbers, onset and offset in seconds, with a comma between them and "
                        "decimal points"
                    ) from None
                rows.append((onset_s, offset_s))
                lines.append(reader.line_num)
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsvError(f"{path} cannot be read as a table of text: {error}") from error
    if not rows:
        raise UsvError(
            f"{path} holds no syllables; it must hold at least one row of two numbers, with a "
            "comma between them"
        )
    return np.array(rows), np.array(lines)


def _is_header(row):
    """Return whether a first row is a header: it holds no number, or pandas' 0,1 for no names."""
    # Where something else than a comma separates them, a cell may hold several numbers.
    cells = [cell for text in row for cell in re.split(r"[;\s]+", text)]
    return row == ["0", "1"] or not any(map(_is_number, cells))


def _is_number(cell):
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _check_rows(path, table, lines, duration_s):
    """Raise a `UsvError` at the first row that cannot be a syllable of the recording."""
    onsets_s, offsets_s = table.T
    for bad, rule in (
        (~np.isfinite(table).all(axis=1), "both must be finite"),
        (onsets_s < 0, "the onset must not be negative"),
        (onsets_s >= offsets_s, "the onset must come before the offset"),
        (
            (offsets_s > duration_s + MAX_LATE_S) | (onsets_s >= duration_s),
            f"the recording ends at {duration_s:g} s; onsets and offsets must be in seconds",
        ),
    ):
        if bad.any():
            i = int(bad.argmax())
            raise UsvError(
                f"{path}, line {lines[i]}: the syllable goes from {onsets_s[i]:g} to "
                f"{offsets_s[i]:g} s; {rule}"
            )


def _odd_rows(table, lines):
    """Yield notes on what a reader should check: syllables within others, and very long ones."""
    onsets_s, offsets_s = table.T
    order = np.lexsort((-offsets_s, onsets_s))
    latest = np.maximum.accumulate(offsets_s[order])
    inside = offsets_s[order][1:] <= latest[:-1]
    if inside.any():
        i = int(inside.argmax()) + 1
        around = order[:i][offsets_s[order[:i]] >= offsets_s[order[i]]][0]
        yield (
            f"{_count(int(inside.sum()), 'syllable')} inside another one, such as that of line "
            f"{lines[order[i]]} in that of line {lines[around]}"
        )
    long = offsets_s - onsets_s > LONG_S
    if long.any():
        yield (
            f"{_count(int(long.sum()), 'syllable')} longer than {LONG_S:g} s, such as that of line "
            f"{lines[long.argmax()]}"
        )


def _count(n, noun):
    """Return a number and its noun, such as `1 repeated row` or `3 syllables`."""
    return f"{n:,} {noun}{'s' * (n != 1)}"

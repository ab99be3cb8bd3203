"""Measures of each syllable, taken from the contour of its frequency."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ._engine import strongest_path
from ._shared import check_type, progress_bar
from .spectrograms import SyllableSpectrograms

if TYPE_CHECKING:
    import pandas

# In log2 units over the noise floor, tuned on simulated syllables, whose contours are known. A
# contour follows a band up or down cheaply; a jump to another band costs as much as five frames at
# one log2 unit.
STEP_COST = 0.15
JUMP_COST = 5.0

# A contour is tracked where it reaches this, in log2 units over the noise floor. Below, it would
# follow noise.
MIN_TRACKED_LOG2 = 1.0

DB_PER_LOG2 = 20 * np.log10(2)

CONTOUR_MEASURES = (
    "mean_frequency_khz",
    "peak_frequency_khz",
    "bandwidth_khz",
    "slope_khz_per_ms",
    "largest_step_khz",
    "level_db",
)


def frequency_contours(spectrograms: SyllableSpectrograms) -> list[np.ndarray]:
    """Follow the frequency of each syllable from frame to frame.

    Among all paths through the spectrogram the contour is, by dynamic programming, the one with the
    highest sum of log2 values minus a penalty for each change of band. The penalty keeps clicks and
    noise from capturing it, and is limited so that a call's own jump can be followed. Between bands
    the frequency is interpolated by a parabola.

    Parameters
    ----------
    spectrograms : SyllableSpectrograms

    Returns
    -------
    list of float64 array [n_frames]
        In kHz, one array per syllable. NaN in frames where the contour is not tracked, because its
        amplitude is less than twice the noise floor (`MIN_TRACKED_LOG2`), and in blank syllables.

    Raises
    ------
    UsvError
        If `spectrograms` is of another type.

    Examples
    --------
    >>> import usvlib
    >>> spectrograms = usvlib.syllable_spectrograms(usvlib.simulate_recording(n_syllables=12))
    >>> contours_khz = usvlib.frequency_contours(spectrograms)
    >>> [len(contour) for contour in contours_khz] == spectrograms.n_frames.tolist()
    True
    """
    check_type("spectrograms", spectrograms, SyllableSpectrograms)
    return [frequency_khz for frequency_khz, _ in _contours(spectrograms)]


def syllable_measures(spectrograms: SyllableSpectrograms) -> pandas.DataFrame:
    """Measure the frequency, duration and level of each syllable.

    Parameters
    ----------
    spectrograms : SyllableSpectrograms

    Returns
    -------
    pandas.DataFrame
        One row per syllable, in the order of the spectrograms, with these columns:

        - `recording`: number of the recording, from 0;
        - `onset_s`, `duration_ms`: as annotated;
        - `mean_frequency_khz`: mean of the contour;
        - `peak_frequency_khz`: frequency of the loudest frame;
        - `bandwidth_khz`: highest minus lowest frequency;
        - `slope_khz_per_ms`: slope of a straight line through the contour;
        - `largest_step_khz`: largest step between successive frames, with its sign;
        - `level_db`: highest value of the contour over the noise floor;
        - `blank`: True if the syllable holds no call (see `SyllableSpectrograms`).

        The six measures from `mean_frequency_khz` to `level_db` come from the contour. They are NaN
        for a blank syllable, and if no frame reaches `MIN_TRACKED_LOG2`.

    Raises
    ------
    UsvError
        If `spectrograms` is of another type.

    Examples
    --------
    >>> import usvlib
    >>> spectrograms = usvlib.syllable_spectrograms(usvlib.simulate_recording(n_syllables=12))
    >>> measures = usvlib.syllable_measures(spectrograms)
    >>> measures.shape
    (12, 10)
    >>> bool(measures.mean_frequency_khz.between(40, 150).all())
    True
    """
    import pandas

    check_type("spectrograms", spectrograms, SyllableSpectrograms)
    rows = [
        _measure(*contour, 1000 * spectrograms.hop_s)
        for contour in progress_bar("measures", _contours(spectrograms), total=len(spectrograms))
    ]
    annotated = {
        "recording": spectrograms.recording_index,
        "onset_s": spectrograms.onset_s,
        "duration_ms": 1000 * spectrograms.duration_s,
    }
    of_contours = pandas.DataFrame(rows, columns=CONTOUR_MEASURES, dtype=float)
    return pandas.DataFrame(annotated).join(of_contours).assign(blank=spectrograms.blank)


def _contours(spectrograms):
    """Yield frequency and log2 over the floor of each contour; both are NaN in blank syllables."""
    for spectrogram, blank in zip(spectrograms.spectrograms, spectrograms.blank, strict=True):
        if blank:
            nothing = np.full(spectrogram.shape[1], np.nan)
            yield nothing, nothing
        else:
            yield _contour(spectrogram, spectrograms.frequencies_hz)


def _contour(spectrogram, frequencies_hz):
    """Return frequency in kHz and log2 over the floor of a contour, NaN where it is not tracked."""
    # Below the floor, differences between values mean nothing.
    values = np.maximum(spectrogram, 0)
    path = strongest_path(values, STEP_COST, JUMP_COST)
    frames = np.arange(len(path))
    log2 = values[path, frames]
    below, above = (values[np.clip(path + step, 0, len(values) - 1), frames] for step in (-1, 1))
    # The vertex of the parabola through the peak and its neighbours.
    bend = 2 * log2 - below - above
    shift = np.divide(above - below, 2 * bend, out=np.zeros_like(log2), where=bend > 0)
    position = path + np.clip(shift, -0.5, 0.5)
    frequency_khz = np.interp(position, np.arange(len(values)), frequencies_hz) / 1000
    tracked = log2 >= MIN_TRACKED_LOG2
    return np.where(tracked, frequency_khz, np.nan), np.where(tracked, log2, np.nan)


def _measure(frequency_khz, log2, hop_ms):
    """Return the measures of one contour whose frames are `hop_ms` apart."""
    tracked = np.flatnonzero(np.isfinite(frequency_khz))
    if not len(tracked):
        return dict.fromkeys(CONTOUR_MEASURES, np.nan)
    steps = np.diff(frequency_khz)
    steps = steps[np.isfinite(steps)]  # not across frames where the contour is not tracked
    frequency_khz, log2 = frequency_khz[tracked], log2[tracked]
    values = (
        frequency_khz.mean(),
        frequency_khz[log2.argmax()],
        np.ptp(frequency_khz),
        np.polyfit(tracked * hop_ms, frequency_khz, 1)[0] if len(tracked) > 1 else 0.0,
        steps[np.abs(steps).argmax()] if len(steps) else 0.0,
        log2.max() * DB_PER_LOG2,
    )
    return dict(zip(CONTOUR_MEASURES, values, strict=True))

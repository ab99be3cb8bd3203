"""What a bioacoustician would measure of each syllable, from one contour."""

import numpy as np

from ._engine import strongest_path
from ._shared import progress_bar

# Tuned on simulated syllables, whose contours are known: following a band up or down is cheap,
# breaking off to another costs as much as five frames at one log2 unit over the floor.
STEP_COST = 0.15
JUMP_COST = 5.0

# In log2 units over the floor: where a contour is fainter than that, noise would be measured.
LEAST_LEVEL = 1.0

DB_PER_LOG2 = 20 * np.log10(2)


def frequency_contours(spectrograms):
    """The frequency of each syllable, frame by frame: the strongest path through its bands.

    A path gathers level and pays for moving, so that clicks and noise do not capture it, while a
    call's own break to another frequency does. Between bands the peak is interpolated.

    Parameters
    ----------
    spectrograms : SyllableSpectrograms

    Returns
    -------
    list of float array [n_frames], in kHz
        NaN where the syllable is not at least twice as loud as the noise floor.
    """
    return [_contour(s, spectrograms.frequencies_hz)[0] for s in spectrograms.spectrograms]


def syllable_measures(spectrograms):
    """Measures of each syllable: one row a syllable, in the order of the spectrograms.

    Parameters
    ----------
    spectrograms : SyllableSpectrograms

    Returns
    -------
    pandas.DataFrame
        `recording` (index), `onset_s`, `duration_ms` (as annotated); of the contour
        `mean_frequency_khz`, `peak_frequency_khz` (where it is loudest), `bandwidth_khz` (highest
        less lowest), `slope_khz_per_ms` (of a straight line), `largest_step_khz` (between
        successive frames, signed), `level_db` (its peak over the noise floor). The contour's are
        NaN for a syllable that never stands out.
    """
    import pandas

    rows = [
        _measure(*_contour(s, spectrograms.frequencies_hz), 1000 * spectrograms.hop_s)
        for s in progress_bar("measures", spectrograms.spectrograms)
    ]
    table = pandas.DataFrame(
        {
            "recording": spectrograms.recording_index,
            "onset_s": spectrograms.onset_s,
            "duration_ms": 1000 * spectrograms.duration_s,
        }
    )
    return table.join(pandas.DataFrame(rows))


def _contour(spectrogram, frequencies_hz):
    """Frequency in kHz and level in log2 units of the strongest path, NaN where it is not held."""
    # The floor is 0: below it, noise is as good as any other.
    levels = np.maximum(spectrogram, 0)
    path = strongest_path(levels, STEP_COST, JUMP_COST)
    frames = np.arange(len(path))
    level = levels[path, frames]
    below, above = (levels[np.clip(path + step, 0, len(levels) - 1), frames] for step in (-1, 1))
    # The vertex of the parabola through the peak and its neighbours.
    bend = 2 * level - below - above
    shift = np.divide(above - below, 2 * bend, out=np.zeros_like(level), where=bend > 0)
    position = path + np.clip(shift, -0.5, 0.5)
    frequency = np.interp(position, np.arange(len(levels)), frequencies_hz) / 1000
    held = level >= LEAST_LEVEL
    return np.where(held, frequency, np.nan), np.where(held, level, np.nan)


def _measure(frequency_khz, level, hop_ms):
    """Measures of one contour; its frames are `hop_ms` apart."""
    held = np.flatnonzero(np.isfinite(frequency_khz))
    names = ("mean_frequency", "peak_frequency", "bandwidth", "slope", "largest_step", "level")
    if not len(held):
        values = [np.nan] * len(names)
    else:
        steps = np.diff(frequency_khz)
        steps = steps[np.isfinite(steps)]  # not across frames where the contour is not held
        frequency_khz, level = frequency_khz[held], level[held]
        values = [
            frequency_khz.mean(),
            frequency_khz[level.argmax()],
            np.ptp(frequency_khz),
            np.polyfit(held * hop_ms, frequency_khz, 1)[0] if len(held) > 1 else 0.0,
            steps[np.abs(steps).argmax()] if len(steps) else 0.0,
            level.max() * DB_PER_LOG2,
        ]
    units = ("khz", "khz", "khz", "khz_per_ms", "khz", "db")
    return {f"{name}_{unit}": value for name, unit, value in zip(names, units, values, strict=True)}

"""Sounds of single syllables, slowed down and small enough to fit many into one page."""

from __future__ import annotations

import base64
import concurrent.futures
import fractions
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .._shared import progress_bar
from ..figures import SLOWDOWN

if TYPE_CHECKING:
    from ..data import Recording
    from ..spectrograms import SyllableSpectrograms

RATE_HZ = 16_000  # Opus supports it; slowed down 16 times, sound of up to 128 kHz fits in
MARGIN_S = 0.005  # how much of the recording is heard before the onset and after the offset
SETTLING_S = 0.005  # read before the margin while the filter settles, and then cut off
LOUDEST = 0.9

# libsndfile's scale from 0 to 1; with more compression, the highest frequencies are lost.
COMPRESSION = 0.97

CLIPS_AT_ONCE = 32
MAX_SHARE = 0.25

# A contour is stored as one byte about every 2 ms; 0 means that it is not tracked there.
CONTOUR_STEP_S = 0.002
MAX_CODE = 255


def encode_clip(recording: Recording, onset_s: float, duration_s: float, lowest_hz: float) -> bytes:
    """Encode one syllable of a recording, `SLOWDOWN` times slower, as Opus in an Ogg file.

    Frequencies below `lowest_hz` are filtered out: they are not in the spectrograms, and are often
    louder than the syllable. All clips have the same peak amplitude.

    Parameters
    ----------
    recording : Recording
    onset_s, duration_s : float
        In seconds; a margin of `MARGIN_S` is added on both sides.
    lowest_hz : float
        Cut-off frequency of the high-pass filter.

    Returns
    -------
    bytes
    """
    import scipy.signal
    import soundfile

    rate_hz = recording.samplerate_hz
    start_s = max(onset_s - MARGIN_S, 0)
    settling_s = min(SETTLING_S, start_s)
    samples = recording.read(start_s - settling_s, onset_s + duration_s + MARGIN_S)
    if 0 < lowest_hz < rate_hz / 2:
        sections = scipy.signal.butter(4, lowest_hz, "highpass", fs=rate_hz, output="sos")
        samples = scipy.signal.sosfilt(sections, samples)
    samples = samples[round(settling_s * rate_hz) :]
    ratio = fractions.Fraction(RATE_HZ * SLOWDOWN / rate_hz).limit_denominator(1000)
    slow = scipy.signal.resample_poly(samples, ratio.numerator, ratio.denominator)
    slow *= LOUDEST / max(np.abs(slow).max(initial=0), np.finfo(float).tiny)
    file = io.BytesIO()
    with soundfile.SoundFile(
        *(file, "w", RATE_HZ, 1), format="OGG", subtype="OPUS", compression_level=COMPRESSION
    ) as ogg:
        ogg.write(slow)
    return file.getvalue()


def first_clips(
    spectrograms: SyllableSpectrograms,
    recordings: Sequence[Recording],
    numbers: Sequence[int],
    max_bytes: int,
) -> dict[int, str]:
    """Encode clips of the first syllables in `numbers`, as many as fit into `max_bytes`.

    A clip that would take more than `MAX_SHARE` of the space is left out.

    Parameters
    ----------
    spectrograms : SyllableSpectrograms
    recordings : list of Recording
    numbers : sequence of int
        Numbers of syllables, the most important first.
    max_bytes : int
        Space for all clips together, before base64 makes them a third larger.

    Returns
    -------
    dict of int: str
        Clips in base64, by the number of the syllable.
    """

    def encode(number):
        return encode_clip(
            recordings[spectrograms.recording_index[number]],
            spectrograms.onset_s[number],
            spectrograms.duration_s[number],
            spectrograms.frequencies_hz[0],
        )

    import joblib

    clips, n_bytes = {}, 0
    # The encoder releases the lock of Python, so that threads work at the same time.
    with concurrent.futures.ThreadPoolExecutor(joblib.cpu_count()) as pool:
        for start in progress_bar("sounds", range(0, len(numbers), CLIPS_AT_ONCE)):
            batch = numbers[start : start + CLIPS_AT_ONCE]
            for number, clip in zip(batch, pool.map(encode, batch), strict=True):
                if len(clip) > MAX_SHARE * max_bytes:
                    continue
                n_bytes += len(clip)
                if n_bytes > max_bytes:
                    return clips
                clips[number] = base64.b64encode(clip).decode()
    return clips


def coded_contour(contour_khz: np.ndarray, low_khz: float, high_khz: float) -> str:
    """Return a contour in base64, one byte per point, 1 to 255 from `low_khz` to `high_khz`.

    Parameters
    ----------
    contour_khz : float array [n_points]
        NaN where the contour is not tracked.
    low_khz, high_khz : float

    Returns
    -------
    str
    """
    share = (contour_khz - low_khz) / max(high_khz - low_khz, 1e-9)
    codes = np.where(np.isfinite(share), 1 + np.rint(share * (MAX_CODE - 1)), 0)
    return base64.b64encode(np.clip(codes, 0, MAX_CODE).astype(np.uint8)).decode()

"""Sounds of single syllables, slowed down and small enough for a page to carry many of them."""

import base64
import concurrent.futures
import fractions
import io

import numpy as np

from .._shared import progress_bar
from ..figures import SLOWDOWN

RATE_HZ = 16_000  # one of Opus's: at a slowdown of 16 it carries 128 kHz
MARGIN_S = 0.005  # of the recording, before the onset and after the offset
SETTLING_S = 0.005  # of the filter, read before that and cut off
LOUDEST = 0.9

# libsndfile's measure, from 0 to 1; with more, the highest calls are lost.
COMPRESSION = 0.97

CLIPS_AT_ONCE = 32
LARGEST_SHARE = 0.25

# Contours are carried as one byte about every so often; 0 is where they are not held.
CONTOUR_STEP_S = 0.002
TOP_CODE = 255


def encode_clip(recording, onset_s, duration_s, lowest_hz):
    """One syllable of a recording, `SLOWDOWN` times slower, as an Ogg file of Opus.

    What lies below `lowest_hz` is taken out: it was not in the spectrograms, and is often louder
    than the call. The loudest sample is set to the same level in all clips.

    Parameters
    ----------
    recording : Recording
    onset_s, duration_s : float
        In seconds; a margin of `MARGIN_S` is added on both sides.
    lowest_hz : float

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


def first_clips(spectrograms, recordings, numbers, most_bytes):
    """Clips of as many syllables as there is room for, those first in `numbers`.

    A single one that would take a large part of it is left out.

    Parameters
    ----------
    spectrograms : SyllableSpectrograms
    recordings : list of Recording
    numbers : sequence of int
        Of the syllables.
    most_bytes : int
        The room that there is.

    Returns
    -------
    dict of int: str
        Clips in base64, by the syllable's number.
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
    # The encoder lets other threads work.
    with concurrent.futures.ThreadPoolExecutor(joblib.cpu_count()) as pool:
        for start in progress_bar("sounds", range(0, len(numbers), CLIPS_AT_ONCE)):
            batch = numbers[start : start + CLIPS_AT_ONCE]
            for number, clip in zip(batch, pool.map(encode, batch), strict=True):
                if len(clip) > LARGEST_SHARE * most_bytes:
                    continue
                n_bytes += len(clip)
                if n_bytes > most_bytes:
                    return clips
                clips[number] = base64.b64encode(clip).decode()
    return clips


def coded_contour(contour_khz, low_khz, high_khz):
    """A contour in base64, one byte a point, 1 to 255 from `low_khz` to `high_khz`.

    Parameters
    ----------
    contour_khz : float array [n_points]
        NaN where it is not held.
    low_khz, high_khz : float

    Returns
    -------
    str
    """
    share = (contour_khz - low_khz) / max(high_khz - low_khz, 1e-9)
    codes = np.where(np.isfinite(share), 1 + np.rint(share * (TOP_CODE - 1)), 0)
    return base64.b64encode(np.clip(codes, 0, TOP_CODE).astype(np.uint8)).decode()

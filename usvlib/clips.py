"""Sounds of single syllables, slowed down and small enough for a page to carry many of them."""

import io

import numpy as np

from .figures import SLOWDOWN

RATE_HZ = 16_000  # one of Opus's: at a slowdown of 16 it carries 128 kHz
MARGIN_S = 0.005  # of the recording, before the onset and after the offset
LOUDEST = 0.9

# libsndfile's measure, from 0 to 1; with more, the highest calls are lost.
COMPRESSION = 0.97


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
    import librosa
    import scipy.signal
    import soundfile

    samples = recording.read(onset_s - MARGIN_S, onset_s + duration_s + MARGIN_S)
    rate_hz = recording.samplerate_hz
    if 0 < lowest_hz < rate_hz / 2:
        sections = scipy.signal.butter(4, lowest_hz, "highpass", fs=rate_hz, output="sos")
        samples = scipy.signal.sosfilt(sections, samples)
    slow = librosa.resample(samples, orig_sr=rate_hz / SLOWDOWN, target_sr=RATE_HZ)
    slow *= LOUDEST / max(np.abs(slow).max(initial=0), np.finfo(float).tiny)
    file = io.BytesIO()
    with soundfile.SoundFile(
        *(file, "w", RATE_HZ, 1), format="OGG", subtype="OPUS", compression_level=COMPRESSION
    ) as ogg:
        ogg.write(slow)
    return file.getvalue()

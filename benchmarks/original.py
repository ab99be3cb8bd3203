"""The tutorial's steps as a reader would type them, with librosa and Pillow, without usvlib.

This code is slow and keeps the whole recording in memory, but each line can be compared with the
tutorial. Like the tutorial, it does not define syllables of less than two frames. Tests compare its
numbers with those of `usvlib`, and benchmarks its time and memory.
"""

import librosa
import numpy as np
import scipy.cluster.vq
from PIL import Image


def mel_spectrogram(samples, samplerate):
    """Return the mel spectrogram of the whole recording [128, n_frames], and its noise floor."""
    specgram = librosa.feature.melspectrogram(
        y=samples,
        sr=samplerate,
        n_fft=2048,
        hop_length=int(samplerate / 1000),
        power=1,
        fmin=40_000,
    )
    return specgram, np.median(specgram, axis=1)


def syllables(specgram, floor, samplerate, onsets, offsets):
    """Return thresholded syllables in log2 units over the floor, without the outermost bands."""
    hop_length = int(samplerate / 1000)
    specs = []
    for onset, offset in zip(onsets, offsets, strict=True):
        spec = np.log2(
            specgram[:, int(onset / hop_length) : int(offset / hop_length)] / floor[:, np.newaxis]
        )
        spec = spec[15:-10, :]
        spec[spec < 0] = 0
        specs.append(spec)
    return specs


def log_resize(spec, scaling_factor=8):
    n_rows, n_frames = spec.shape
    n_columns = int(np.log(n_frames) * scaling_factor)
    image = Image.fromarray(spec.astype(np.float32))
    return np.array(image.resize((n_columns, n_rows), Image.Resampling.LANCZOS))


def pad(spec, pad_length):
    excess = pad_length - spec.shape[1]
    left, right = int(np.floor(excess / 2)), int(np.ceil(excess / 2))
    return np.hstack([np.zeros((len(spec), left)), spec, np.zeros((len(spec), right))])


def centre(spec, halfwidth=20):
    peak = np.argmax(np.mean(spec, axis=1))
    peak = min(max(peak, halfwidth), len(spec) - halfwidth)
    return spec[peak - halfwidth : peak + halfwidth]


def centred_features(specs):
    """Return normalised spectrograms [n_syllables, 40, n_columns] of thresholded syllables."""
    resized = [log_resize(spec) for spec in specs]
    longest = max(spec.shape[1] for spec in resized)
    return np.array([centre(pad(spec, longest)) for spec in resized])


def embed(features):
    import umap

    return umap.UMAP(min_dist=0.5, random_state=2).fit_transform(
        features.reshape(len(features), -1)
    )


def cluster(coordinates):
    return scipy.cluster.vq.kmeans2(coordinates, k=40, seed=2)[1]

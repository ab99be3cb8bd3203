"""Recordings: audio and where its syllables are, from files, by name, or simulated."""

from .datasets import NAMES, cache_dir, data_dir, default_name, load_recording, load_recordings
from .readers import recording_from_audio, recording_from_npz
from .recordings import Recording, fingerprint_of, recording_from_array
from .simulation import (
    DRAWN,
    LATENTS,
    Truth,
    recording_of_latents,
    simulate_from_latents,
    simulate_recording,
)

__all__ = [
    "DRAWN",
    "LATENTS",
    "NAMES",
    "Recording",
    "Truth",
    "cache_dir",
    "data_dir",
    "default_name",
    "fingerprint_of",
    "load_recording",
    "load_recordings",
    "recording_from_array",
    "recording_from_audio",
    "recording_from_npz",
    "recording_of_latents",
    "simulate_from_latents",
    "simulate_recording",
]

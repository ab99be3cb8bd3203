"""Recordings: audio and where its syllables are, from files, by name, or simulated."""

from .audio import Audio
from .cache import cache_dir, clear_cache, data_dir, mark_used, trim_cache
from .datasets import DATASETS
from .loading import NAMES, default_name, load_recording, load_recordings
from .readers import load_audio, recording_from_audio, recording_from_npz
from .recordings import Recording, recording_from_array
from .simulation import (
    DRAWN,
    LATENTS,
    Truth,
    recording_of_latents,
    simulate_from_latents,
    simulate_recording,
)

__all__ = [
    "DATASETS",
    "DRAWN",
    "LATENTS",
    "NAMES",
    "Audio",
    "Recording",
    "Truth",
    "cache_dir",
    "clear_cache",
    "data_dir",
    "default_name",
    "load_audio",
    "load_recording",
    "load_recordings",
    "mark_used",
    "recording_from_array",
    "recording_from_audio",
    "recording_from_npz",
    "recording_of_latents",
    "simulate_from_latents",
    "simulate_recording",
    "trim_cache",
]

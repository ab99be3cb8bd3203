"""From a recording of mouse ultrasonic vocalizations to the manifold of its syllables.

The modules follow the chapters of the book: `recordings`, `simulation` and `datasets` give audio
and syllables, `spectrograms` and `measures` what they look like, `normalisation` makes them
comparable, `embedding` puts them on a map, `clustering` groups them, `manifold` draws the figure,
`continuum` tests for types, and in the figure of `explorer` each syllable can be seen and heard.
`study` keeps all of these on disk.
"""

__version__ = "0.1.0"

from ._shared import DownloadError, MissingFileError, UsvError
from .clustering import Clusters, cluster, repeatability
from .continuum import (
    Dimension,
    Verdict,
    assess_continuum,
    call_classes,
    copula_null,
    gaussian_null,
    hopkins,
    intrinsic_dimension,
    plot_classes,
    plot_dimension,
    plot_power,
    plot_verdict,
    principal_components,
    simulate_control,
)
from .data import (
    Recording,
    Truth,
    load_recording,
    load_recordings,
    recording_from_array,
    recording_from_audio,
    simulate_from_latents,
    simulate_recording,
)
from .embedding import Fidelity, embed, map_fidelity
from .explorer import Explorer, explore
from .figures import label_bands_khz, listen, plot_stretch, plot_syllables, use_style
from .manifold import cluster_means, plot_examples, plot_manifold
from .measures import frequency_contours, syllable_measures
from .normalisation import apply_threshold, centre, normalise, pad, resize_duration
from .recipe import ORIGINAL, Recipe
from .spectrograms import SyllableSpectrograms, mel_spectrogram, syllable_spectrograms
from .study import Study, open_study

__all__ = [
    "ORIGINAL",
    "Clusters",
    "Dimension",
    "DownloadError",
    "Explorer",
    "Fidelity",
    "MissingFileError",
    "Recipe",
    "Recording",
    "Study",
    "SyllableSpectrograms",
    "Truth",
    "UsvError",
    "Verdict",
    "apply_threshold",
    "assess_continuum",
    "call_classes",
    "centre",
    "cluster",
    "cluster_means",
    "copula_null",
    "embed",
    "explore",
    "frequency_contours",
    "gaussian_null",
    "hopkins",
    "intrinsic_dimension",
    "label_bands_khz",
    "listen",
    "load_recording",
    "load_recordings",
    "map_fidelity",
    "mel_spectrogram",
    "normalise",
    "open_study",
    "pad",
    "plot_classes",
    "plot_dimension",
    "plot_examples",
    "plot_manifold",
    "plot_power",
    "plot_stretch",
    "plot_syllables",
    "plot_verdict",
    "principal_components",
    "recording_from_array",
    "recording_from_audio",
    "repeatability",
    "resize_duration",
    "simulate_control",
    "simulate_from_latents",
    "simulate_recording",
    "syllable_measures",
    "syllable_spectrograms",
    "use_style",
]

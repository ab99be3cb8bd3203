"""From a recording of mouse ultrasonic vocalizations to the manifold of its syllables.

The modules follow the chapters of the book: `recordings`, `simulation` and `datasets` give audio
and syllables, `spectrograms` and `measures` what they look like, `normalisation` makes them
comparable, `embedding` puts them on a map, `clustering` groups them, `manifold` draws the figure.
`study` keeps all of these on disk.
"""

__version__ = "0.1.0"

from .clustering import Clusters, cluster
from .datasets import load_recording, load_recordings
from .embedding import Fidelity, embed, map_fidelity
from .errors import DownloadError, MissingFileError, UsvError
from .figures import label_bands_khz, listen, plot_stretch, plot_syllables, use_style
from .manifold import cluster_means, plot_examples, plot_manifold
from .measures import frequency_contours, syllable_measures
from .normalisation import apply_threshold, centre, normalise, pad, resize_duration
from .readers import recording_from_audio
from .recipe import ORIGINAL, Recipe
from .recordings import Recording, recording_from_array
from .simulation import Truth, simulate_recording
from .spectrograms import SyllableSpectrograms, mel_spectrogram, syllable_spectrograms
from .study import Study, open_study

__all__ = [
    "ORIGINAL",
    "Clusters",
    "DownloadError",
    "Fidelity",
    "MissingFileError",
    "Recipe",
    "Recording",
    "Study",
    "SyllableSpectrograms",
    "Truth",
    "UsvError",
    "apply_threshold",
    "centre",
    "cluster",
    "cluster_means",
    "embed",
    "frequency_contours",
    "label_bands_khz",
    "listen",
    "load_recording",
    "load_recordings",
    "map_fidelity",
    "mel_spectrogram",
    "normalise",
    "open_study",
    "pad",
    "plot_examples",
    "plot_manifold",
    "plot_stretch",
    "plot_syllables",
    "recording_from_array",
    "recording_from_audio",
    "resize_duration",
    "simulate_recording",
    "syllable_measures",
    "syllable_spectrograms",
    "use_style",
]

"""The explorer: an interactive map, in one file, of syllables to look at and to listen to."""

from __future__ import annotations

import base64
import dataclasses
import gzip
import itertools
import json
from collections import Counter
from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .._shared import UsvError, as_path, atomic_path, check_type, in_words, whole_number
from ..clustering import Clusters
from ..data import Recording
from ..figures import SLOWDOWN
from ..manifold import check_map, mean_size
from ..measures import frequency_contours
from ..normalisation import normalise
from ..spectrograms import SyllableSpectrograms
from ..study import Study
from .agreement import check_clusters, check_lengths, check_measures, check_recordings
from .atlas import data_uri, mean_png, pack_spectrograms
from .clips import CONTOUR_STEP_S, MARGIN_S, coded_contour, first_clips
from .panels import cluster_colour, colour_scales, map_panel, mean_panel, syllable_panel

if TYPE_CHECKING:
    import pandas

# Spectrograms and sounds of about 1,600 syllables; with Bokeh and all else, a page has 3 MB.
CARRIED_BYTES = 1_850_000
MIN_SOUND_BYTES = 200_000

MAX_NEIGHBOURS = 25  # how many syllables the key N selects

LOUD_PERCENT = 99  # percentile of the syllables' peaks: the end of the colour scale
TYPICAL_PERCENT = 90  # percentile of the durations: such a syllable fills its panel


@dataclasses.dataclass(frozen=True, eq=False)
class Explorer:
    """An interactive map of syllables. It shows itself in a notebook, and can be saved to a file.

    Attributes
    ----------
    page : str
        The whole page as HTML. It needs no other file and no network.
    n_syllables : int
        Number of syllables on the map.

    Examples
    --------
    >>> import usvlib
    >>> study = usvlib.open_study()  # doctest: +SKIP
    >>> usvlib.explore(study).save("map.html")  # doctest: +SKIP
    """

    page: str = dataclasses.field(repr=False)
    n_syllables: int

    def __post_init__(self) -> None:
        check_type("page", self.page, str)
        whole_number("n_syllables", self.n_syllables, 0)

    def save(self, path: str | Path) -> None:
        """Write the page to a file that any browser of 2023 or later opens, without a network.

        Parameters
        ----------
        path : str or path
            Folders that do not exist are made. A file of that name is replaced.

        Raises
        ------
        UsvError
            If the path does not name a file, or the file cannot be written.

        Examples
        --------
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> Explorer(page="<html></html>", n_syllables=0).save(folder / "map.html")
        >>> (folder / "map.html").read_text()
        '<html></html>'
        """
        file = as_path("path", path)
        if not file.name:
            raise UsvError(f"path is {in_words(path)}; it must name a file, such as map.html")
        with atomic_path(file) as partial:
            partial.write_text(self.page, encoding="utf-8", errors="replace")

    def _repr_html_(self):
        """Return the page in a frame, so that it shares no scripts and styles with the notebook."""
        # The page has few single quotes, so the frame uses these; as ASCII, it does not depend on
        # the encoding of the notebook.
        page = self.page.replace("&", "&amp;").replace("'", "&#39;")
        page = page.encode("ascii", "xmlcharrefreplace").decode()
        return (
            f'<iframe class="usv-explorer" title="Explorer of {self.n_syllables:,} syllables" '
            f"style=\"width: 100%; height: 60rem; border: 0\" srcdoc='{page}'></iframe>"
        )


def explore(
    spectrograms: Study | SyllableSpectrograms,
    measures: pandas.DataFrame | None = None,
    coordinates: np.ndarray | None = None,
    clusters: Clusters | None = None,
    recordings: Recording | Iterable[Recording] | None = None,
    *,
    features: np.ndarray | None = None,
) -> Explorer:
    """Make an interactive map of the syllables, on which each can be seen and heard.

    `explore(study)` takes everything from a study. The other arguments are for stages that you
    computed without one.

    Pointing at a syllable, or going there with the arrow keys, shows its spectrogram and measures.
    A click, or Enter, plays it 16 times slower. Dragging over a region, or choosing a cluster,
    shows the mean of its syllables and the syllables themselves. The page holds the recorded sound
    of as many syllables as fit, those nearest to the centroids first. The other syllables, and all
    of them without `recordings`, are heard as a tone along their contour. The page says which of
    the two sounds it plays.

    Parameters
    ----------
    spectrograms : Study or SyllableSpectrograms
        With a study there must be no other argument.
    measures : pandas.DataFrame
        From `syllable_measures` for these spectrograms, one row per syllable.
    coordinates : float array [n_syllables, 2]
        From `embed`; a syllable with NaN is left off the map.
    clusters : Clusters
        From `cluster` for these coordinates.
    recordings : Recording or list of Recording, optional
        The recordings of the spectrograms, for their sound.
    features : float array [n_syllables, n_bands, n_frames], optional
        The normalised spectrograms that are averaged, in log2 units over the noise floor. By
        default `normalise(spectrograms)`, which is the tutorial's recipe; for another recipe the
        features must be given.

    Returns
    -------
    Explorer

    Raises
    ------
    UsvError
        If an argument is missing or of the wrong kind, the arguments describe different syllables,
        or no syllable is on the map.

    Examples
    --------
    The short form, with a study of all recordings in a folder:

    >>> import usvlib
    >>> study = usvlib.open_study("my_recordings/")  # doctest: +SKIP
    >>> usvlib.explore(study).save("map.html")  # doctest: +SKIP

    The long form, here with random places instead of `embed(features)`:

    >>> import numpy as np
    >>> recording = usvlib.simulate_recording(n_syllables=12)
    >>> spectrograms = usvlib.syllable_spectrograms(recording)
    >>> measures = usvlib.syllable_measures(spectrograms)
    >>> coordinates = np.random.default_rng(0).normal(size=(12, 2))
    >>> clusters = usvlib.cluster(coordinates, n_clusters=3)
    >>> usvlib.explore(spectrograms, measures, coordinates, clusters, recordings=recording)
    Explorer(n_syllables=12)
    """
    others = {
        "measures": measures,
        "coordinates": coordinates,
        "clusters": clusters,
        "recordings": recordings,
        "features": features,
    }
    if isinstance(spectrograms, Study):
        for name, value in others.items():
            if value is not None:
                raise UsvError(f"{name} is given besides a study; a study must come alone")
        study, others = spectrograms, {name: getattr(spectrograms, name) for name in others}
        return explore(study.spectrograms, **others)
    check_type("spectrograms", spectrograms, SyllableSpectrograms)
    for name in ("measures", "coordinates", "clusters"):
        if others[name] is None:
            raise UsvError(
                f"{name} is missing; give a study, or spectrograms with measures, coordinates and "
                "clusters"
            )
    check_type("clusters", clusters, Clusters)
    recordings = check_recordings(recordings, spectrograms)
    measures = check_measures(measures, spectrograms)
    features = normalise(spectrograms) if features is None else features
    features, coordinates = check_map(features, coordinates)
    check_lengths(spectrograms, coordinates, clusters)
    check_clusters(clusters, coordinates)
    return _explorer(spectrograms, measures, coordinates, clusters, recordings, features)


def _explorer(spectrograms, measures, coordinates, clusters, recordings, features):
    """Draw the explorer of stages that are known to be of the same syllables."""
    shown = np.flatnonzero(clusters.labels >= 0)
    measures = measures.iloc[shown].reset_index(drop=True)
    labels, coordinates = clusters.labels[shown], coordinates[shown]
    ranks = _ranks(coordinates, labels, clusters.centroids)
    syllables = [spectrograms.spectrograms[i] for i in shown]
    peaks = [image.max() for image in syllables]
    highest = max(float(np.percentile(peaks, LOUD_PERCENT)), 0.1)

    names = [recording.name for recording in recordings]
    names = _distinct(names or [f"recording {i}" for i in range(len(spectrograms.noise_floor))])
    of_each = [names[i] for i in spectrograms.recording_index[shown]] if len(names) > 1 else []
    scales = colour_scales(measures, labels, of_each)
    size = mean_size(coordinates, clusters.centroids, features.shape[1:])
    the_map, models = map_panel(coordinates, scales, clusters.centroids, size)
    typical_ms = 1000 * np.percentile(spectrograms.duration_s[shown], TYPICAL_PERCENT)
    syllable, of_syllable = syllable_panel(spectrograms.frequencies_hz, highest, typical_ms)
    mean, of_mean = mean_panel(*features.shape[1:], spectrograms.frequencies_hz, highest)
    packed, atlases = {}, {}
    for name, images in (("syllables", syllables), ("features", features[shown])):
        webp, places, height = pack_spectrograms(images, highest)
        atlases[name] = data_uri(webp, "image/webp")
        packed[name] = {"places": places.ravel().tolist(), "height": height}
    packed["features"]["columns"] = features.shape[2]
    clips = {}
    if recordings:
        space = CARRIED_BYTES - sum(map(len, atlases.values()))
        max_bytes = max(3 * space // 4, MIN_SOUND_BYTES)  # base64 makes four bytes of three
        nearest_first = shown[np.argsort(ranks, kind="stable")]
        clips = first_clips(spectrograms, recordings, nearest_first, max_bytes)
    contours = frequency_contours(spectrograms)
    every = max(round(CONTOUR_STEP_S / spectrograms.hop_s), 1)
    low_khz, high_khz = spectrograms.frequencies_hz[[0, -1]] / 1000
    carried = {
        "syllable": shown.tolist(),
        "duration_ms": _rounded(measures.duration_ms, 1),
        "mean_frequency_khz": _rounded(measures.mean_frequency_khz, 1),
        "slope_khz_per_ms": _rounded(measures.slope_khz_per_ms, 2),
        "onset_s": _rounded(measures.onset_s, 3),
        "cluster": labels.tolist(),
        "exemplars": np.lexsort((labels, ranks))[: clusters.n_clusters].tolist(),
        "in_time": np.lexsort(
            (spectrograms.onset_s[shown], spectrograms.recording_index[shown])
        ).tolist(),
        "recording": of_each,
        "n_neighbours": max(1, min(MAX_NEIGHBOURS, len(shown) // 5)),
        "hop_ms": 1000 * spectrograms.hop_s,
        "n_frames": [image.shape[1] for image in syllables],
        "highest": highest,
        "slowdown": SLOWDOWN,
        "clips": [clips.get(i) for i in shown],
        "margin_ms": 1000 * MARGIN_S,
        "contours": [coded_contour(contours[i][::every], low_khz, high_khz) for i in shown],
        "contour_step_ms": 1000 * every * spectrograms.hop_s,
        "contour_khz": [low_khz, high_khz],
    } | packed
    page = _page(
        [the_map, syllable, mean],
        models | of_syllable | of_mean,
        carried=carried,
        atlases=atlases,
        scales=list(scales),
        clusters=list(_cluster_buttons(features, clusters, measures, labels)),
        n_syllables=len(shown),
        n_left_out=len(spectrograms) - len(shown),
        recordings=names if recordings else [],
        n_clips=len(clips),
    )
    return Explorer(page, len(shown))


def _distinct(names):
    """Number the names that occur more than once: "mine (1)", "mine (2)"."""
    counts, taken, distinct = Counter(names), set(names), []
    numbers = {name: itertools.count(1) for name in counts}
    for name in names:
        if counts[name] > 1:
            name = next(new for i in numbers[name] if (new := f"{name} ({i})") not in taken)
            taken.add(name)
        distinct.append(name)
    return distinct


def _ranks(coordinates, labels, centroids):
    """Return how many syllables of the same cluster are nearer to the centroid."""
    distances = np.linalg.norm(coordinates - centroids[labels], axis=1)
    ranks = np.empty(len(labels), int)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        ranks[members[np.argsort(distances[members], kind="stable")]] = np.arange(len(members))
    return ranks


def _cluster_buttons(features, clusters, measures, labels):
    """Yield the label, description and mean of each cluster, for its button."""
    means = clusters.means(features)
    highest = means.max() or 1.0
    for label, mean in enumerate(means):
        members = measures[labels == label]
        khz = members.mean_frequency_khz.mean()
        yield {
            "label": label,
            "n": len(members),
            "colour": cluster_colour(label),
            "duration": f"{members.duration_ms.mean():.0f} ms",
            "frequency": f"{khz:.0f} kHz" if np.isfinite(khz) else "no contour",
            "mean": data_uri(mean_png(mean, highest), "image/png"),
        }


def _page(panels, models, carried, **shown):
    """Return the whole page: the panels, the script, and the data that the script needs."""
    from bokeh.document import Document
    from bokeh.embed import file_html
    from bokeh.models import CustomJS
    from bokeh.resources import INLINE, Resources

    folder = resources.files(__package__)
    html_text, css, script = (
        (folder / f"explorer.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js")
    )
    # Compressed to a third of its size; the page decompresses it.
    bokeh = "\n".join(Resources(mode="inline", components=["bokeh"]).js_raw)
    library = gzip.compress(bokeh.encode(), mtime=0)
    document = Document()
    for panel in panels:
        document.add_root(panel)
    document.js_on_event(
        "document_ready", CustomJS(args={"models": models}, code="startExplorer(models)")
    )
    return file_html(
        document,
        INLINE,
        title=f"Explorer of {shown['n_syllables']:,} syllables",
        template=html_text,
        template_variables=shown
        | {
            "css": css,
            "script": script,
            "library": base64.b64encode(library).decode(),
            "carried": carried,
            # The name of a recording may contain anything, even the end tag of a script.
            "carried_json": json.dumps(carried, allow_nan=False).replace("<", "\\u003c"),
        },
    )


def _rounded(values, digits):
    """Return rounded numbers for JSON, which has null instead of NaN."""
    return [round(float(v), digits) if np.isfinite(v) else None for v in values]

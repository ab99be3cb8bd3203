"""The explorer: one figure, in one file, in which every syllable can be seen and heard."""

import base64
import dataclasses
import gzip
import json
from importlib import resources
from pathlib import Path

import numpy as np

from .._shared import UsvError, atomic_path
from ..figures import SLOWDOWN
from ..manifold import check_pictures, cluster_means, picture_size
from ..measures import frequency_contours
from ..normalisation import normalise
from .agreement import (
    check_clusters,
    check_lengths,
    check_measures,
    check_recordings,
    check_types,
)
from .atlas import data_uri, mean_png, pack_pictures
from .clips import CONTOUR_STEP_S, MARGIN_S, coded_contour, first_clips
from .panels import cluster_colour, colour_scales, map_panel, mean_panel, syllable_panel

# Pictures and sounds of 1,600 syllables: with Bokeh and all else a page has 3 MB.
CARRIED_BYTES = 1_850_000
LEAST_SOUND_BYTES = 200_000

MOST_NEIGHBOURS = 25  # that a key selects

LOUD_PERCENT = 99  # of the syllables' peaks: what is louder is drawn alike
TYPICAL_PERCENT = 90  # of the durations: a syllable this long fills its picture


@dataclasses.dataclass(frozen=True, eq=False)
class Explorer:
    """An interactive map of syllables: it shows itself in a notebook, and is saved to one file.

    Attributes
    ----------
    page : str
        The whole of it as HTML, which asks for no other file.
    n_syllables : int
        Number of syllables on the map.
    """

    page: str = dataclasses.field(repr=False)
    n_syllables: int

    def save(self, path):
        """Write the page to a file that any browser of 2023 or later opens, without a network.

        Parameters
        ----------
        path : str or path
            A folder that is not there is made.

        Raises
        ------
        UsvError
            If the file cannot be written.
        """
        path = Path(path).expanduser()
        if not path.name:
            raise UsvError(f"path is {str(path)!r}; it must name a file, such as map.html")
        with atomic_path(path) as partial:
            partial.write_text(self.page, encoding="utf-8")

    def _repr_html_(self):
        # In a frame of its own, so that neither page sees the other's scripts and styles. Within
        # single quotes, since the page has few of them, and ASCII, whatever the page around it is.
        page = self.page.replace("&", "&amp;").replace("'", "&#39;")
        page = page.encode("ascii", "xmlcharrefreplace").decode()
        return (
            f'<iframe class="usv-explorer" title="Explorer of {self.n_syllables:,} syllables" '
            f"style=\"width: 100%; height: 60rem; border: 0\" srcdoc='{page}'></iframe>"
        )


def explore(spectrograms, measures, coordinates, clusters, recordings=None, *, features=None):
    """A map of the syllables on which each can be seen and heard.

    To point at a syllable, or to go there by the arrow keys, shows its spectrogram and measures;
    a click, or Enter, plays it 16 times slower. A region that is dragged over, or a cluster, shows
    its mean and its members. The syllables nearest to each centroid are heard as recorded, as many
    as there is room for; the others, and all without `recordings`, as a tone along their contour.
    The page says which it is.

    Parameters
    ----------
    spectrograms : SyllableSpectrograms
    measures : pandas.DataFrame
        Of `syllable_measures` of these spectrograms, one row a syllable.
    coordinates : float array [n_syllables, 2]
        A syllable with NaN is not on the map.
    clusters : Clusters
    recordings : Recording or list of Recording, optional
        Those of the spectrograms, for their sound.
    features : float array [n_syllables, n_bands, n_frames], optional
        What means are taken of; by default the spectrograms as `normalise` makes them by the
        tutorial's recipe. Of another recipe give them.

    Returns
    -------
    Explorer

    Raises
    ------
    UsvError
        If the arguments do not go together, or no syllable is on the map.
    """
    check_types(spectrograms, clusters)
    features = normalise(spectrograms) if features is None else features
    features, coordinates = check_pictures(features, coordinates)
    recordings = check_recordings(recordings, spectrograms)
    check_lengths(spectrograms, measures, coordinates, clusters)
    check_clusters(clusters, coordinates)
    shown = np.flatnonzero(clusters.labels >= 0)
    measures = check_measures(measures, spectrograms).iloc[shown].reset_index(drop=True)
    labels, coordinates = clusters.labels[shown], coordinates[shown]
    ranks = _ranks(coordinates, labels, clusters.centroids)
    pictures = [spectrograms.spectrograms[i] for i in shown]
    peaks = [picture.max() for picture in pictures]
    highest = max(float(np.percentile(peaks, LOUD_PERCENT)), 0.1)

    names = []
    if len(spectrograms.noise_floor) > 1:
        index = spectrograms.recording_index[shown]
        names = [recordings[i].name if recordings else f"recording {i}" for i in index]
    scales = colour_scales(measures, labels, names)
    size = picture_size(coordinates, clusters.centroids, features.shape[1:])
    the_map, models = map_panel(coordinates, scales, clusters.centroids, size)
    typical_ms = 1000 * np.percentile(spectrograms.duration_s[shown], TYPICAL_PERCENT)
    syllable, more = syllable_panel(spectrograms.frequencies_hz, highest, typical_ms)
    mean, most = mean_panel(*features.shape[1:], spectrograms.frequencies_hz, highest)
    packed, atlases = {}, {}
    for name, of_it in (("syllables", pictures), ("features", features[shown])):
        webp, places, height = pack_pictures(of_it, highest)
        atlases[name] = data_uri(webp, "image/webp")
        packed[name] = {"places": places.ravel().tolist(), "height": height}
    packed["features"]["columns"] = features.shape[2]
    clips = {}
    if recordings:
        room = CARRIED_BYTES - sum(map(len, atlases.values()))
        most_bytes = max(3 * room // 4, LEAST_SOUND_BYTES)  # as text, three bytes are four
        nearest_first = shown[np.argsort(ranks, kind="stable")]
        clips = first_clips(spectrograms, recordings, nearest_first, most_bytes)
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
        "recording": names,
        "n_neighbours": max(1, min(MOST_NEIGHBOURS, len(shown) // 5)),
        "hop_ms": 1000 * spectrograms.hop_s,
        "n_frames": [picture.shape[1] for picture in pictures],
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
        models | more | most,
        carried=carried,
        atlases=atlases,
        scales=list(scales),
        clusters=list(_cluster_buttons(features, clusters, measures, labels)),
        n_syllables=len(shown),
        n_left_out=len(spectrograms) - len(shown),
        recordings=[recording.name for recording in recordings or ()],
        n_clips=len(clips),
    )
    return Explorer(page, len(shown))


def _ranks(coordinates, labels, centroids):
    """How many of its cluster are nearer to the centroid than each syllable."""
    distances = np.linalg.norm(coordinates - centroids[labels], axis=1)
    ranks = np.empty(len(labels), int)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        ranks[members[np.argsort(distances[members], kind="stable")]] = np.arange(len(members))
    return ranks


def _cluster_buttons(features, clusters, measures, labels):
    """What the page says and shows of each cluster."""
    means = cluster_means(features, clusters)
    highest = means.max() or 1.0
    for label, mean in enumerate(means):
        of_it = measures[labels == label]
        khz = of_it.mean_frequency_khz.mean()
        yield {
            "label": label,
            "n": len(of_it),
            "colour": cluster_colour(label),
            "duration": f"{of_it.duration_ms.mean():.0f} ms",
            "frequency": f"{khz:.0f} kHz" if np.isfinite(khz) else "no contour",
            "picture": data_uri(mean_png(mean, highest), "image/png"),
        }


def _page(panels, models, carried, **shown):
    """The whole page: the panels, what the script needs, and the script itself."""
    from bokeh.document import Document
    from bokeh.embed import file_html
    from bokeh.models import CustomJS
    from bokeh.resources import INLINE, Resources

    folder = resources.files(__package__)
    html_text, css, script = (
        (folder / f"explorer.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js")
    )
    # At a third of its size; the page unpacks it.
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
            # A name may hold anything, even the end of a script.
            "carried_json": json.dumps(carried, allow_nan=False).replace("<", "\\u003c"),
        },
    )


def _rounded(values, digits):
    """Numbers as JSON has them, where none stands for NaN."""
    return [round(float(v), digits) if np.isfinite(v) else None for v in values]

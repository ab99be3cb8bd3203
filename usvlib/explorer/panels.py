"""The panels of the explorer that Bokeh draws: the map, and two spectrograms beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..figures import band_ticks, spectrogram_colours

if TYPE_CHECKING:
    import pandas
    from bokeh.plotting import figure as Figure

GREY = "#595959"  # axes and labels
N_COLOURS = 256  # one for each value of the packed spectrograms

EXTREMES_PERCENT = (2, 98)  # the ends of a colour scale, so that one odd syllable cannot set it
LOG_TICKS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000]


def colour_scales(
    measures: pandas.DataFrame, labels: np.ndarray, names: Sequence[str] = ()
) -> dict[str, tuple]:
    """Return the scales by which the syllables can be coloured.

    Parameters
    ----------
    measures : pandas.DataFrame
        One row per syllable.
    labels : int array [n_syllables]
        The cluster of each syllable.
    names : list of str, optional
        The recording of each syllable, if there are several recordings.

    Returns
    -------
    dict of str: (values, mapper)
        By the name of the scale: the values of the syllables, and Bokeh's mapper to colours.
    """
    import colorcet
    from bokeh.models import CategoricalColorMapper, LinearColorMapper, LogColorMapper

    # The map is white, so neither palette may begin or end near white.
    rising, diverging = list(colorcet.CET_L8[:215]), list(colorcet.CET_D4)
    kinds = {"cluster": (labels.astype(str), map(str, range(labels.max() + 1)))}
    if len(names):
        kinds["recording"] = names, dict.fromkeys(names)
    scales = {}
    for name, (values, factors) in kinds.items():
        factors = list(factors)
        palette = [cluster_colour(number) for number in range(len(factors))]
        scales[name] = list(values), CategoricalColorMapper(factors=factors, palette=palette)
    for name, column, mapper, palette in (
        ("duration (ms)", "duration_ms", LogColorMapper, rising),
        ("mean frequency (kHz)", "mean_frequency_khz", LinearColorMapper, rising),
        ("slope (kHz/ms)", "slope_khz_per_ms", LinearColorMapper, diverging),
        ("time in the recording (s)", "onset_s", LinearColorMapper, rising),
    ):
        values = measures[column].to_numpy(float)
        low, high = _span(values[np.isfinite(values)])
        if palette is diverging:
            low, high = -max(-low, high), max(-low, high)
        scales[name] = values, mapper(palette=palette, low=low, high=high, nan_color="#bbbbbb")
    return scales


def cluster_colour(label: int) -> str:
    """Return the colour of a cluster; beyond 256 clusters, colours repeat."""
    import colorcet

    return colorcet.glasbey_dark[label % len(colorcet.glasbey_dark)]


def map_panel(
    coordinates: np.ndarray,
    scales: dict[str, tuple],
    centroids: np.ndarray,
    mean_size: tuple[float, float],
) -> tuple[Figure, dict]:
    """Return the map of the syllables, with means, and a ring around the syllable on display.

    Parameters
    ----------
    coordinates : float array [n_syllables, 2]
    scales : dict
        From `colour_scales`; the first is shown at first.
    centroids : float array [n_clusters, 2]
    mean_size : (float, float)
        Width and height of a mean, in the map's units.

    Returns
    -------
    panel : bokeh figure
    models : dict of bokeh models
        The models that the page's script changes.
    """
    from bokeh.models import (
        BoxSelectTool,
        CategoricalColorMapper,
        ColorBar,
        ColumnDataSource,
        DataRange1d,
        FixedTicker,
        LassoSelectTool,
        LogColorMapper,
        PanTool,
        ResetTool,
        WheelZoomTool,
        ZoomInTool,
        ZoomOutTool,
    )
    from bokeh.plotting import figure

    tools = {
        "box": BoxSelectTool(),
        "lasso": LassoSelectTool(continuous=False),
        "pan": PanTool(),
        "wheel": WheelZoomTool(modifiers="ctrl"),
        "zoom_in": ZoomInTool(),
        "zoom_out": ZoomOutTool(),
        "reset": ResetTool(),
    }
    panel = figure(
        name="map",
        tools=list(tools.values()),
        toolbar_location=None,
        active_drag=tools["box"],
        active_scroll=tools["wheel"],
        x_range=DataRange1d(range_padding=0.05),
        y_range=DataRange1d(range_padding=0.05),
        match_aspect=True,
        sizing_mode="stretch_both",
        min_border=4,
        outline_line_color=None,
    )
    # The units of a map mean nothing.
    panel.axis.visible = panel.grid.visible = False
    # The means lie below the dots. They are blank until the script finds them in the page.
    places = {"x": centroids[:, 0], "y": centroids[:, 1], "url": [""] * len(centroids)}
    width, height = mean_size
    means = panel.image_url(
        url="url",
        w=width,
        h=height,
        anchor="center",
        source=ColumnDataSource(places, name="means"),
        visible=False,
    )
    x, y = coordinates.T
    colours = {name: values for name, (values, _) in scales.items()}
    source = ColumnDataSource({"x": x, "y": y} | colours, name="points")
    first, (_, mapper) = next(iter(scales.items()))
    points = panel.scatter(
        *("x", "y"),
        source=source,
        size=7,
        fill_color={"field": first, "transform": mapper},
        line_color="white",
        line_width=0.4,
        selection_fill_alpha=1,
        nonselection_fill_alpha=0.12,
        nonselection_line_alpha=0,
    )
    ring = ColumnDataSource({"x": x[:1], "y": y[:1]}, name="ring")
    for width, colour in ((5, "white"), (2.5, "black")):  # visible on dots of any colour
        panel.scatter(
            *("x", "y"),
            source=ring,
            size=15,
            fill_color=None,
            line_color=colour,
            line_width=width,
        )
    bars = {}
    for name, (_, mapper) in scales.items():
        if isinstance(mapper, CategoricalColorMapper):
            continue
        bars[name] = ColorBar(
            color_mapper=mapper, title=name, height=8, width=220, visible=False, **_BAR_TEXT
        )
        if isinstance(mapper, LogColorMapper):
            bars[name].ticker = FixedTicker(ticks=LOG_TICKS)
        panel.add_layout(bars[name], "below")
    mappers = {name: mapper for name, (_, mapper) in scales.items()}
    return panel, {
        "map": panel,
        "points": points,
        "means": means,
        "ring": ring,
        "tools": tools,
        "mappers": mappers,
        "bars": bars,
    }


def syllable_panel(
    frequencies_hz: np.ndarray, highest: float, typical_ms: float
) -> tuple[Figure, dict]:
    """Return the spectrogram of one syllable, with a line that moves while it is played.

    Parameters
    ----------
    frequencies_hz : float array [n_bands]
    highest : float
        The value of the last colour, in log2 units over the noise floor.
    typical_ms : float
        The width of the panel, which longer syllables widen.

    Returns
    -------
    panel : bokeh figure
    models : dict of bokeh models
        The models that the page's script changes.
    """
    from bokeh.models import ColorBar, Span

    panel, source, image = _spectrogram_panel("syllable", len(frequencies_hz), typical_ms, highest)
    colours = image.glyph.color_mapper
    _label_khz(panel, frequencies_hz)
    panel.xaxis.axis_label = "time (ms)"
    title = "log₂ over the noise floor"
    bar = ColorBar(color_mapper=colours, title=title, height=8, width=150, **_BAR_TEXT)
    panel.add_layout(bar, "above")
    line = Span(location=0, dimension="height", line_color="black", line_width=2, visible=False)
    panel.add_layout(line)
    return panel, {"syllable": panel, "spectrogram": source, "line": line, "colours": colours}


def mean_panel(
    n_bands: int, n_frames: int, frequencies_hz: np.ndarray, highest: float
) -> tuple[Figure, dict]:
    """Return the mean of the features of the selected syllables, and its model for the script."""
    panel, source, _ = _spectrogram_panel("mean", n_bands, n_frames, highest)
    panel.yaxis.axis_label, panel.xaxis.axis_label = "band", "column, each on its own time scale"
    if n_bands == len(frequencies_hz):  # features that are not centred keep their bands
        _label_khz(panel, frequencies_hz)
    return panel, {"mean": source}


def _spectrogram_panel(name, n_bands, width, highest):
    """Return a panel for one spectrogram, blank at first."""
    from bokeh.models import ColumnDataSource, LinearColorMapper
    from bokeh.plotting import figure
    from matplotlib.colors import to_hex

    palette = [to_hex(colour) for colour in spectrogram_colours()(np.linspace(0, 1, N_COLOURS))]
    panel = figure(
        name=name,
        tools="",
        toolbar_location=None,
        x_range=(0, width),
        y_range=(-0.5, n_bands - 0.5),
        sizing_mode="stretch_both",
        min_border=4,
        outline_line_color=None,
    )
    panel.grid.visible = False
    panel.axis.major_label_text_color = panel.axis.axis_label_text_color = GREY
    panel.axis.axis_label_text_font_style = "normal"
    panel.axis.minor_tick_line_color = None
    blank = {
        "image": [np.zeros((n_bands, 1), np.float32)],
        "width": [width],
        "height": [n_bands],
    }
    source = ColumnDataSource(blank, name=f"{name}-spectrogram")
    image = panel.image(
        image="image",
        x=0,
        y=-0.5,
        dw="width",
        dh="height",
        source=source,
        color_mapper=LinearColorMapper(palette=palette, low=0, high=highest),
    )
    return panel, source, image


def _label_khz(panel, frequencies_hz):
    """Label the vertical axis of a panel in kHz."""
    from bokeh.models import FixedTicker

    positions, khz = band_ticks(frequencies_hz)
    panel.yaxis.ticker = FixedTicker(ticks=list(positions))
    panel.yaxis.major_label_overrides = dict(zip(positions, khz, strict=True))
    panel.yaxis.axis_label = "frequency (kHz)"


def _span(values):
    """Return the ends of a colour scale, also for no value or a single one."""
    if not len(values):
        return 0.0, 1.0
    low, high = np.percentile(values, EXTREMES_PERCENT)
    return (float(low), float(high)) if low < high else (float(low), float(low) + 1)


_BAR_TEXT = {
    "title_text_font_style": "normal",
    "title_text_color": GREY,
    "major_label_text_color": GREY,
    "background_fill_color": None,
    "padding": 2,
    "title_standoff": 2,
    "label_standoff": 3,
}

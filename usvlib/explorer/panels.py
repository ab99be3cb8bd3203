"""The parts of the explorer that Bokeh draws: the map, and the pictures beside it."""

import numpy as np

from ..figures import band_ticks, spectrogram_colours

GREY = "#595959"  # of what stands beside the data
LEVELS = 256  # of the packed pictures

EXTREMES_PERCENT = (2, 98)  # a colour scale ends there, so that one odd syllable does not set it
LOG_TICKS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000]


def colour_scales(measures, labels, names=()):
    """What the syllables can be coloured by.

    Parameters
    ----------
    measures : pandas.DataFrame
        One row a syllable.
    labels : int array [n_syllables]
    names : list of str, optional
        The recording of each syllable, where there are several.

    Returns
    -------
    dict of str: (values, mapper)
        The name of each scale, the values of the syllables, and Bokeh's mapper to colours.
    """
    import colorcet
    from bokeh.models import CategoricalColorMapper, LinearColorMapper, LogColorMapper

    # On white: neither begins or ends near it.
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


def cluster_colour(label):
    """The colour of a cluster, of more than there are in turn."""
    import colorcet

    return colorcet.glasbey_dark[label % len(colorcet.glasbey_dark)]


def map_panel(coordinates, scales, centroids, picture_size):
    """The map of the syllables, with a ring around the one that is shown, and places for means.

    Parameters
    ----------
    coordinates : float array [n_syllables, 2]
    scales : dict
        Of `colour_scales`; the first is the one shown.
    centroids : float array [n_clusters, 2]
    picture_size : (float, float)
        Width and height of a mean, in the map's units.

    Returns
    -------
    panel : bokeh figure
    models : dict of bokeh models
        What the page's own script works with.
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
    # A map's units mean nothing.
    panel.axis.visible = panel.grid.visible = False
    # Below the dots, and blank at first: the page has these pictures already.
    places = {"x": centroids[:, 0], "y": centroids[:, 1], "url": [""] * len(centroids)}
    width, height = picture_size
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
    for width, colour in ((5, "white"), (2.5, "black")):  # seen on dots of any colour
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


def syllable_panel(frequencies_hz, highest, typical_ms):
    """The spectrogram of one syllable, in kHz and ms, and a line where it is being played."""
    from bokeh.models import ColorBar, Span

    panel, source, image = _picture_panel("syllable", len(frequencies_hz), typical_ms, highest)
    colours = image.glyph.color_mapper
    _label_khz(panel, frequencies_hz)
    panel.xaxis.axis_label = "time (ms)"
    title = "log₂ over the noise floor"
    bar = ColorBar(color_mapper=colours, title=title, height=8, width=150, **_BAR_TEXT)
    panel.add_layout(bar, "above")
    line = Span(location=0, dimension="height", line_color="black", line_width=2, visible=False)
    panel.add_layout(line)
    return panel, {"syllable": panel, "spectrogram": source, "line": line, "colours": colours}


def mean_panel(n_bands, n_frames, frequencies_hz, highest):
    """The mean picture of the syllables that are selected."""
    panel, source, _ = _picture_panel("mean", n_bands, n_frames, highest)
    panel.yaxis.axis_label, panel.xaxis.axis_label = "band", "column, each on its own time scale"
    if n_bands == len(frequencies_hz):  # not centred: the bands are those of the spectrograms
        _label_khz(panel, frequencies_hz)
    return panel, {"mean": source}


def _picture_panel(name, n_bands, width, highest):
    """A panel for one picture, blank at first."""
    from bokeh.models import ColumnDataSource, LinearColorMapper
    from bokeh.plotting import figure
    from matplotlib.colors import to_hex

    palette = [to_hex(colour) for colour in spectrogram_colours()(np.linspace(0, 1, LEVELS))]
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
    source = ColumnDataSource(blank, name=f"{name}-picture")
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
    from bokeh.models import FixedTicker

    positions, khz = band_ticks(frequencies_hz)
    panel.yaxis.ticker = FixedTicker(ticks=list(positions))
    panel.yaxis.major_label_overrides = dict(zip(positions, khz, strict=True))
    panel.yaxis.axis_label = "frequency (kHz)"


def _span(values):
    """Where a colour scale begins and ends, for there may be no value, or a single one."""
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

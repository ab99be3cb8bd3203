"""The figures of the manifold: each spectrogram is drawn exactly at its place on the map."""

import itertools
import os
import subprocess
import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sounds import refused

import usvlib
from usvlib import Clusters, cluster, plot_manifold
from usvlib.manifold import MAX_OVERLAP, plot_examples

SHAPE = (40, 30)  # bands and columns of the features


@pytest.fixture(scope="module", autouse=True)
def style():
    # The colour maps stay registered; the rest of the style ends with the module.
    import matplotlib

    with matplotlib.rc_context():
        usvlib.use_style()
        yield


def _map(n_clusters=5, per_cluster=8, scale=10.0, shift=(-8.0, 3.0), seed=0):
    """Features, coordinates and clusters; the features of cluster k are k + 1 all over."""
    rng = np.random.default_rng(seed)
    side = int(np.ceil(np.sqrt(n_clusters)))
    places = np.array(list(itertools.product(range(side), repeat=2)))[:n_clusters] / max(
        side - 1, 1
    )
    labels = rng.permutation(np.repeat(np.arange(n_clusters), per_cluster))
    jitter = 0.1 / side * rng.uniform(-1, 1, (len(labels), 2))
    coordinates = scale * (places[labels] + jitter) + np.array(shift) * scale / 10
    centroids = np.array([coordinates[labels == k].mean(axis=0) for k in range(n_clusters)])
    features = np.ones((len(labels), *SHAPE), np.float32) * (labels[:, np.newaxis, np.newaxis] + 1)
    return features, coordinates, Clusters(labels, centroids)


def _centres_in_pixels(ax):
    """Centre of each image, by its extent, in pixels of the canvas."""
    extents = np.array([image.get_extent() for image in ax.images])
    centres = np.stack([extents[:, :2].mean(axis=1), extents[:, 2:].mean(axis=1)], axis=1)
    return ax.transData.transform(centres)


SCENES = {
    "negative coordinates": {"shift": (-80.0, -55.0)},
    "one cluster": {"n_clusters": 1},
    "two clusters": {"n_clusters": 2},
    "forty clusters": {"n_clusters": 40, "per_cluster": 12},
    "a huge range": {"scale": 1e7},
    "a tiny range": {"scale": 1e-5},
}


@pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES)
@pytest.mark.parametrize(("size", "dpi"), [((8, 8), 100), ((12, 4), 70), ((3, 5), 200)])
def test_each_mean_is_centred_on_its_centroid(scene, size, dpi):
    features, coordinates, clusters = _map(**scene)
    figure, ax = plt.subplots(figsize=size, dpi=dpi, layout="constrained")
    assert plot_manifold(features, coordinates, clusters, ax=ax) is ax
    figure.canvas.draw()
    assert len(ax.images) == clusters.n_clusters
    expected = ax.transData.transform(
        [coordinates[clusters.labels == k].mean(axis=0) for k in range(clusters.n_clusters)]
    )
    assert np.abs(_centres_in_pixels(ax) - expected).max() < 1
    # All of it lies inside the axes.
    box = ax.get_window_extent()
    corners = np.array([image.get_window_extent().corners() for image in ax.images])
    assert corners[..., 0].min() > box.x0 - 1
    assert corners[..., 0].max() < box.x1 + 1
    assert corners[..., 1].min() > box.y0 - 1
    assert corners[..., 1].max() < box.y1 + 1


def _rendered(figure):
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[::-1, :, :3].astype(int)  # lowest row first


@pytest.mark.parametrize(
    ("size", "dpi", "scene"),
    [
        ((8, 8), 100, {"shift": (-80.0, -55.0)}),
        ((10, 5), 60, {"n_clusters": 4, "scale": 1e-4}),
        ((4, 4), 150, {"n_clusters": 1}),
    ],
)
def test_each_mean_is_drawn_around_its_centroid(size, dpi, scene):
    features, coordinates, clusters = _map(**scene)
    figure, ax = plt.subplots(figsize=size, dpi=dpi)
    plot_manifold(features, coordinates, clusters, ax=ax)
    for image in ax.images:
        image.set_visible(False)
    without = _rendered(figure)
    for image, centroid in zip(ax.images, clusters.centroids, strict=True):
        # We show one at a time, since neighbours may overlap.
        image.set_visible(True)
        rows, columns = np.nonzero((_rendered(figure) != without).any(axis=-1))
        image.set_visible(False)
        assert len(rows) > 100
        x, y = ax.transData.transform(centroid)
        assert (columns.min() + columns.max() + 1) / 2 == pytest.approx(x, abs=1)
        assert (rows.min() + rows.max() + 1) / 2 == pytest.approx(y, abs=1)


def test_low_bands_are_below_and_early_frames_at_the_left():
    features, coordinates, clusters = _map(n_clusters=1)
    features[:] = 0
    features[:, :20, :15] = 1  # low and early
    figure, ax = plt.subplots(figsize=(5, 5), dpi=80)
    plot_manifold(features, coordinates, clusters, ax=ax)
    pixels = _rendered(figure)
    (x0, x1, y0, y1) = ax.images[0].get_extent()

    def darkness(x, y):
        column, row = ax.transData.transform((x, y)).astype(int)
        return 255 - pixels[row - 3 : row + 4, column - 3 : column + 4].mean()

    left, right = 0.75 * x0 + 0.25 * x1, 0.25 * x0 + 0.75 * x1
    low, high = 0.75 * y0 + 0.25 * y1, 0.25 * y0 + 0.75 * y1
    assert darkness(left, low) > 100
    # Elsewhere there are only the faint dots of the syllables.
    assert max(darkness(right, low), darkness(left, high), darkness(right, high)) < 40


# Which mean is drawn where


def test_each_image_is_the_mean_of_the_cluster_on_whose_centroid_it_is_drawn():
    rng = np.random.default_rng(5)
    coordinates = rng.normal(-2, 6, (150, 2))
    features = rng.uniform(0, 5, (150, *SHAPE)).astype(np.float32)
    clusters = cluster(coordinates, n_clusters=12)
    ax = plot_manifold(features, coordinates, clusters)
    seen = set()
    for image in ax.images:
        x0, x1, y0, y1 = image.get_extent()
        centre = np.array([(x0 + x1) / 2, (y0 + y1) / 2])
        # Find the cluster from the mean place of its members, without its `centroids`.
        [k] = [
            k
            for k in range(12)
            if np.allclose(coordinates[clusters.labels == k].mean(axis=0), centre)
        ]
        seen.add(k)
        np.testing.assert_allclose(
            image.get_array(), features[clusters.labels == k].mean(axis=0), rtol=1e-5
        )
    assert seen == set(range(12))


def test_the_images_come_in_the_order_of_the_clusters():
    features, coordinates, clusters = _map(n_clusters=6)
    ax = plot_manifold(features, coordinates, clusters)
    assert [float(image.get_array().mean()) for image in ax.images] == [1, 2, 3, 4, 5, 6]


def test_means_leave_out_syllables_without_a_cluster():
    features, coordinates, clusters = _map(n_clusters=3)
    features = np.concatenate([features, np.full((2, *SHAPE), 99, np.float32)])
    coordinates = np.concatenate([coordinates, np.full((2, 2), np.nan)])
    clusters = Clusters(np.append(clusters.labels, [-1, -1]), clusters.centroids)
    means = clusters.means(features)
    np.testing.assert_array_equal(means, np.ones((3, *SHAPE)) * np.arange(1, 4)[:, None, None])
    ax = plot_manifold(features, coordinates, clusters)
    assert len(ax.images) == 3
    assert max(image.get_array().max() for image in ax.images) == 3


# How they look


def test_all_means_share_one_size_and_one_colour_scale():
    features, coordinates, clusters = _map(n_clusters=7)
    ax = plot_manifold(features, coordinates, clusters)
    extents = np.array([image.get_extent() for image in ax.images])
    widths, heights = extents[:, 1] - extents[:, 0], extents[:, 3] - extents[:, 2]
    np.testing.assert_allclose(widths, widths[0])
    np.testing.assert_allclose(heights, heights[0])
    np.testing.assert_allclose(heights / widths, SHAPE[0] / SHAPE[1])
    assert {image.get_clim() for image in ax.images} == {(0, 7)}
    assert {image.get_cmap().name for image in ax.images} == {"cet_CET_L17"}


@pytest.mark.parametrize("aspect", ["equal", "auto"])
def test_one_unit_of_the_map_is_as_long_in_both_directions(monkeypatch, aspect):
    # Distances on the map are then comparable, and a mean keeps its shape.
    monkeypatch.setitem(plt.rcParams, "image.aspect", aspect)
    features, coordinates, clusters = _map()
    figure, ax = plt.subplots(figsize=(9, 4))
    plot_manifold(features, coordinates, clusters, ax=ax)
    figure.canvas.draw()
    origin, right, up = ax.transData.transform([(0, 0), (1, 0), (0, 1)])
    assert right[0] - origin[0] == pytest.approx(up[1] - origin[1], rel=0.01)


@pytest.mark.parametrize("n_clusters", [2, 9, 40])
def test_means_overlap_by_no_more_than_the_limit(n_clusters):
    rng = np.random.default_rng(3)
    coordinates = rng.normal(size=(600, 2))
    features = np.ones((600, *SHAPE), np.float32)
    clusters = cluster(coordinates, n_clusters=n_clusters)
    ax = plot_manifold(features, coordinates, clusters)
    x0, x1, y0, y1 = np.array([image.get_extent() for image in ax.images]).T
    for a, b in itertools.combinations(range(n_clusters), 2):
        across = min(x1[a], x1[b]) - max(x0[a], x0[b])
        along = min(y1[a], y1[b]) - max(y0[a], y0[b])
        assert min(across / (x1[a] - x0[a]), along / (y1[a] - y0[a])) <= MAX_OVERLAP + 1e-9


def test_the_axes_and_the_colours_are_labelled():
    ax = plot_manifold(*_map())
    assert ax.get_xlabel() == "UMAP 1"
    assert ax.get_ylabel() == "UMAP 2"
    [colours] = [other for other in ax.figure.axes if other is not ax]
    assert "noise floor" in colours.get_ylabel()


def test_all_syllables_are_inside_the_axes():
    features, coordinates, clusters = _map()
    ax = plot_manifold(features, coordinates, clusters)
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    assert left < coordinates[:, 0].min() < coordinates[:, 0].max() < right
    assert bottom < coordinates[:, 1].min() < coordinates[:, 1].max() < top


def test_features_that_are_zero_can_be_drawn():
    features, coordinates, clusters = _map()
    ax = plot_manifold(np.zeros_like(features), coordinates, clusters)
    _rendered(ax.figure)
    assert len(ax.images) == 5


def test_a_map_of_one_point_can_be_drawn():
    clusters = cluster(np.zeros((3, 2)), n_clusters=1)
    ax = plot_manifold(np.ones((3, *SHAPE)), np.zeros((3, 2)), clusters)
    _rendered(ax.figure)
    x0, x1, y0, y1 = ax.images[0].get_extent()
    assert (x0 + x1) / 2 == (y0 + y1) / 2 == 0
    assert x1 > x0


def test_it_draws_without_the_style_of_the_book():
    # The first example of the documentation does not call use_style. The test needs a process of
    # its own, since colour maps stay registered.
    code = (
        "import numpy as np, usvlib\n"
        "x = np.random.default_rng(0).normal(size=(20, 2))\n"
        "features = np.ones((20, 40, 30))\n"
        "ax = usvlib.plot_manifold(features, x, usvlib.cluster(x))\n"
        "usvlib.manifold.plot_examples(features, x, 8)\n"
        "usvlib.plot_syllables(features[:3])\n"
        "print(ax.images[0].get_cmap().name)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-500:]
    assert "cet_CET_L17" in run.stdout


# Without a map


@pytest.mark.parametrize("n", [1, 3])
def test_a_figure_without_a_map_says_so(n):
    features, coordinates = np.ones((n, *SHAPE)), np.full((n, 2), np.nan)
    for ax in (
        plot_manifold(features, coordinates, cluster(coordinates)),
        plot_examples(features, coordinates),
    ):
        [text] = ax.texts
        assert "no map: fewer than 4 syllables" in text.get_text()
        assert not ax.images
        _rendered(ax.figure)


@pytest.mark.parametrize("draw", [plot_manifold, plot_examples])
def test_features_and_coordinates_must_be_of_the_same_syllables(draw):
    features, coordinates, clusters = _map()
    rest = [clusters] if draw is plot_manifold else []
    with refused("features has 39", "coordinates has 40"):
        draw(features[1:], coordinates, *rest)
    with refused("features", "(40, 1200)", "[n_syllables, n_bands, n_frames]"):
        draw(features.reshape(40, -1), coordinates, *rest)
    with refused("coordinates", "(40,)"):
        draw(features, coordinates[:, 0], *rest)


def test_labels_must_be_of_the_same_syllables_as_the_features():
    features, coordinates, clusters = _map()
    with refused("features has 40", "labels has 39"):
        plot_manifold(features, coordinates, Clusters(clusters.labels[1:], clusters.centroids))


BAD_ARGUMENTS = itertools.product(["features", "coordinates", "clusters"], [None, "word", 3, ["a"]])


@pytest.mark.parametrize(("argument", "bad"), [*BAD_ARGUMENTS, ("ax", "word"), ("ax", [None])])
def test_arguments_of_another_kind_are_an_error(argument, bad):
    arguments = dict(zip(("features", "coordinates", "clusters"), _map(), strict=True))
    with refused(argument):
        plot_manifold(**arguments | {argument: bad})
    if argument != "clusters":
        del arguments["clusters"]
        with refused(argument):
            plot_examples(**arguments | {argument: bad})
    assert not plt.get_fignums()


def test_labels_in_place_of_clusters_are_an_error():
    features, coordinates, clusters = _map()
    with refused("clusters is of type ndarray", "Clusters"):
        plot_manifold(features, coordinates, clusters.labels)


# The frame of examples


def _examples(ax):
    """Each inset with the point to which it is linked."""
    links = [text for text in ax.texts if getattr(text, "arrow_patch", None) is not None]
    assert len(links) == len(ax.child_axes)
    return list(zip(ax.child_axes, [np.array(link.xy) for link in links], links, strict=True))


@pytest.mark.parametrize("n_examples", [1, 4, 7, 24])
def test_each_example_is_linked_to_its_own_point(n_examples):
    rng = np.random.default_rng(8)
    coordinates = rng.normal(-3, 4, (80, 2))
    features = np.ones((80, *SHAPE), np.float32) * np.arange(80)[:, None, None]
    ax = plot_examples(features, coordinates, n_examples)
    examples = _examples(ax)
    assert len(examples) == n_examples
    linked = []
    for inset, point, link in examples:
        [image] = inset.images
        shown = int(image.get_array().mean())
        np.testing.assert_array_equal(point, coordinates[shown])
        linked.append(shown)
        # The link begins inside the example.
        inside = ax.transAxes.inverted().transform(inset.get_window_extent().get_points())
        assert (inside[0] <= link.xyann).all()
        assert (link.xyann <= inside[1]).all()
    assert len(set(linked)) == n_examples


@pytest.mark.parametrize("seed", range(4))
def test_no_example_is_shown_twice(seed):
    rng = np.random.default_rng(seed)
    coordinates = rng.normal(size=(40, 2)) * rng.choice([1, 5], (40, 1))
    ax = plot_examples(np.ones((40, *SHAPE)), coordinates, 16)
    points = [tuple(point) for _, point, _ in _examples(ax)]
    assert len(set(points)) == 16


def test_examples_come_from_all_parts_of_the_map():
    features, coordinates, _ = _map(n_clusters=9)
    ax = plot_examples(features, coordinates, 9)
    values = {float(inset.images[0].get_array().mean()) for inset, *_ in _examples(ax)}
    assert values == set(range(1, 10))


def test_the_examples_surround_the_map_and_do_not_cover_it():
    features, coordinates, _ = _map(n_clusters=9)
    figure, ax = plt.subplots(figsize=(7, 7))
    plot_examples(features, coordinates, 24, ax=ax)
    figure.canvas.draw()
    points = ax.transData.transform(coordinates)
    boxes = [inset.get_window_extent() for inset in ax.child_axes]
    for box in boxes:
        inside = (points > box.min).all(axis=1) & (points < box.max).all(axis=1)
        assert not inside.any()
    for one, other in itertools.combinations(boxes, 2):
        overlap = np.minimum(one.max, other.max) - np.maximum(one.min, other.min)
        assert overlap.min() <= 1e-6


@pytest.mark.parametrize("seed", range(3))
def test_no_two_links_cross(seed):
    coordinates = np.random.default_rng(seed).normal(size=(100, 2))
    figure, ax = plt.subplots(figsize=(6, 6))
    plot_examples(np.ones((100, *SHAPE)), coordinates, 24, ax=ax)
    figure.canvas.draw()
    ends = [
        (ax.transAxes.transform(link.xyann), ax.transData.transform(point))
        for _, point, link in _examples(ax)
    ]

    def side(a, b, c):
        return np.sign(np.linalg.det([b - a, c - a]))

    for (a, b), (c, d) in itertools.combinations(ends, 2):
        assert side(a, b, c) == side(a, b, d) or side(c, d, a) == side(c, d, b)


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_few_syllables_are_all_shown(n):
    coordinates = np.random.default_rng(0).normal(size=(n, 2))
    ax = plot_examples(np.ones((n, *SHAPE)), coordinates)
    assert len(_examples(ax)) == n
    _rendered(ax.figure)


def test_syllables_off_the_map_are_not_examples():
    coordinates = np.random.default_rng(0).normal(size=(12, 2))
    coordinates[[2, 5]] = np.nan
    features = np.ones((12, *SHAPE)) * np.arange(12)[:, None, None]
    shown = {
        int(inset.images[0].get_array().mean())
        for inset, *_ in _examples(plot_examples(features, coordinates))
    }
    assert shown == set(range(12)) - {2, 5}


def test_examples_have_the_tutorials_colours_and_the_axes_are_labelled():
    features, coordinates, _ = _map()
    ax = plot_examples(features, coordinates, 8)
    images = [inset.images[0] for inset, *_ in _examples(ax)]
    assert {image.get_cmap().name for image in images} == {"cet_CET_L17"}
    assert len({image.get_clim() for image in images}) == 1
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("UMAP 1", "UMAP 2")


@pytest.mark.parametrize("n_examples", [0, -4, 2.5])
def test_an_impossible_number_of_examples_is_an_error(n_examples):
    features, coordinates, _ = _map()
    with refused("n_examples", n_examples):
        plot_examples(features, coordinates, n_examples)


def test_every_syllable_is_a_dot_below_the_means():
    coordinates = np.random.default_rng(0).normal(size=(60, 2))
    coordinates[3] = np.nan
    features = np.random.default_rng(1).uniform(0, 5, (60, 12, 10))
    clusters = usvlib.cluster(coordinates, n_clusters=4)
    ax = usvlib.plot_manifold(features, coordinates, clusters)
    [dots] = ax.collections
    shown = np.isfinite(coordinates).all(axis=1)
    offsets = np.ma.filled(dots.get_offsets(), np.nan)
    np.testing.assert_allclose(offsets[np.isfinite(offsets).all(axis=1)], coordinates[shown])
    assert all(image.get_zorder() > dots.get_zorder() for image in ax.images)


def test_a_mean_is_opaque_from_a_quarter_of_the_highest_value():
    np.testing.assert_allclose(
        usvlib.manifold.opacity(np.array([-1, 0, 0.5, 1, 2, 8]), 8.0), [0, 0, 0.25, 0.5, 1, 1]
    )


@pytest.mark.parametrize("shift", [0, 100])
def test_the_map_keeps_its_share_of_the_axes_wherever_it_lies(shift):
    coordinates = np.random.default_rng(0).uniform(-3, 3, (80, 2)) * (1, 4) + shift
    features = np.random.default_rng(1).uniform(0, 5, (80, 12, 10))
    ax = plot_examples(features, coordinates, 12)
    low, high = coordinates.min(axis=0), coordinates.max(axis=0)
    limits = np.array([ax.get_xlim(), ax.get_ylim()]).T
    np.testing.assert_allclose(limits.mean(axis=0), (low + high) / 2)
    shares = (high - low) / np.ptp(limits, axis=0)
    assert 0.5 < shares[0] < 0.7
    assert shares[0] == pytest.approx(shares[1])

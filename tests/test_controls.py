"""The simulated repertoires of known kind: each is distributed as its description says."""

import numpy as np
import pytest

from usvlib.continuum import controls
from usvlib.data.simulation import LATENTS

N = 20_000


def _drawn(kind, **options):
    """The latents of a control by their names, and the type of each syllable."""
    latents, types = controls.CONTROLS[kind](np.random.default_rng(0), N, **options)
    assert latents.shape == (N, len(LATENTS))
    return dict(zip(LATENTS, latents.T, strict=True)), types


def _others(latents, *names):
    return np.stack([column for name, column in latents.items() if name not in names])


def _assert_clipped_gaussian(columns):
    assert np.abs(columns).max() == 2.5
    np.testing.assert_allclose(columns.mean(axis=1), 0, atol=0.03)
    np.testing.assert_allclose(columns.std(axis=1), 0.98, atol=0.03)


@pytest.mark.parametrize("kind", controls.CONTINUA)
def test_a_continuum_has_one_type(kind):
    assert not _drawn(kind)[1].any()


def test_every_axis_of_the_gaussian_is_clipped_except_that_of_jumps():
    latents, _ = _drawn("gaussian")
    _assert_clipped_gaussian(_others(latents, "jump"))
    assert np.abs(latents["jump"]).max() > 3.5
    assert np.corrcoef(list(latents.values())).round(1).tolist() == np.eye(len(LATENTS)).tolist()


def test_the_skewed_continuum_has_steep_sides_and_heavy_tails():
    latents, _ = _drawn("skewed")
    # Of a gamma distribution with shape 1.5, less its mean: it begins at -1.5 / 1.2.
    assert latents["log_duration"].min() == pytest.approx(-1.25, abs=0.01)
    assert latents["mean_frequency"].max() == pytest.approx(1.25, abs=0.01)
    assert np.median(latents["log_duration"]) == pytest.approx((1.183 - 1.5) / 1.2, abs=0.03)
    assert np.median(latents["mean_frequency"]) == pytest.approx((1.5 - 1.183) / 1.2, abs=0.03)
    for name in ("slope", "curvature"):
        # Quartiles of Student's t with 2.5 degrees of freedom, and more tails than a Gaussian.
        quartiles = np.percentile(latents[name], [25, 50, 75])
        np.testing.assert_allclose(quartiles, [-0.468, 0, 0.468], atol=0.02)
        assert (np.abs(latents[name]) == 2.5).mean() == pytest.approx(0.034, abs=0.01)


def test_the_bent_continuum_is_a_horseshoe():
    latents, _ = _drawn("bent")
    sine, cosine = latents["slope"] / 1.5, (latents["curvature"] + 0.8) / 2.2
    radius = np.hypot(sine, cosine)
    assert np.median(radius) == pytest.approx(1, abs=0.02)
    assert radius.std() == pytest.approx(0.085, abs=0.015)
    angle = np.arctan2(sine, cosine)
    # 1.2 half turns, evenly.
    np.testing.assert_allclose(
        np.percentile(angle, [2, 25, 50]), np.pi * np.array([-0.576, -0.3, 0]), atol=0.06
    )
    residual = latents["log_duration"] - 0.8 * np.cos(angle)
    assert residual.mean() == pytest.approx(0, abs=0.02)
    assert residual.std() == pytest.approx(0.16, abs=0.02)
    wide = np.arctan2(*(_drawn("bent", reach=0.5)[0][name] for name in ("slope", "curvature")))
    assert np.abs(wide).max() < np.pi


def test_the_uneven_continuum_is_a_cube_that_is_dense_at_one_corner():
    latents, _ = _drawn("uneven")
    for name in ("log_duration", "mean_frequency", "slope"):
        share = (latents[name] + 1.7) / 3.4
        assert share.min() >= 0
        assert share.max() <= 1
        np.testing.assert_allclose(
            np.percentile(share, [25, 50, 75]), [0.031, 0.177, 0.487], atol=0.02
        )
    even = (_drawn("uneven", power=1.0)[0]["slope"] + 1.7) / 3.4
    assert np.median(even) == pytest.approx(0.5, abs=0.02)


def test_the_band_is_a_curved_line_with_little_around_it():
    latents, _ = _drawn("band")
    along = latents["slope"]
    assert along.std() == pytest.approx(np.hypot(3.6 / np.sqrt(12), 0.12), abs=0.02)
    for name, expected in (("log_duration", 0.6 * along), ("mean_frequency", 0.8 * np.sin(along))):
        residual = latents[name] - expected
        assert residual.mean() == pytest.approx(0, abs=0.01)
        assert residual.std() < 0.16
    rest = _others(latents, "slope", "log_duration", "mean_frequency")
    np.testing.assert_allclose(rest.std(axis=1), 0.12, atol=0.01)


def test_the_halo_mixes_scales_evenly_on_a_logarithmic_axis():
    latents, _ = _drawn("halo")
    columns = _others(latents)
    assert np.abs(columns).max() == 2.5
    scale = np.sqrt((columns**2).mean(axis=0))
    # Between 0.15 and 1.6, whose geometric mean is 0.49.
    assert np.median(scale) == pytest.approx(0.48, abs=0.04)
    np.testing.assert_allclose(np.percentile(scale, [2, 98]), [0.11, 1.60], atol=0.03)


def test_a_satellite_is_a_small_group_in_one_direction():
    latents, types = _drawn("satellite", separation=8.0)
    assert types.mean() == controls.SATELLITE_SHARE
    apart = types == 1
    four = np.stack(list(latents.values())[:4])
    towards = np.array([-0.5, 0.6, -0.6, -0.2])
    np.testing.assert_allclose(four[:, apart].mean(axis=1), 2.4 * towards, atol=0.02)
    np.testing.assert_allclose(four[:, apart].std(axis=1), 0.15, atol=0.01)
    np.testing.assert_allclose(four[:, ~apart].mean(axis=1), 0, atol=0.02)
    np.testing.assert_allclose(four[:, ~apart].std(axis=1), 0.6 * 0.98, atol=0.02)
    jump = latents["jump"]
    assert np.abs(jump).max() == pytest.approx(0.9, abs=0.01)
    assert jump.std() == pytest.approx(1.8 / np.sqrt(12), abs=0.01)
    assert _drawn("satellite", share=0.3)[1].mean() == 0.3


def test_jumps_have_the_size_that_is_asked_for_and_occur_in_long_syllables():
    latents, types = _drawn("jumps", size_khz=12.0)
    assert types.mean() == controls.JUMP_SHARE
    broken = types == 1
    assert not latents["jump"][~broken].any()
    # The simulator turns 1 + x into a jump of 20 x kHz.
    size_khz = 20 * (np.abs(latents["jump"][broken]) - 1)
    assert size_khz.mean() == pytest.approx(12, abs=0.1)
    assert size_khz.std() == pytest.approx(2.5, abs=0.1)
    assert (latents["jump"][broken] > 0).mean() == pytest.approx(0.5, abs=0.02)
    long = latents["log_duration"][broken]
    assert long.min() == pytest.approx(-0.5, abs=0.01)
    assert np.median(long) == pytest.approx(-0.5 + 0.674, abs=0.03)
    assert latents["log_duration"][~broken].std() == pytest.approx(0.98, abs=0.03)


def test_types_are_equally_common_and_as_far_apart_as_asked_for():
    _, types = _drawn("types", n_types=4, separation=6.0)
    assert np.bincount(types).tolist() == [N // 4] * 4


@pytest.mark.parametrize(("n_types", "separation"), [(3, 6.0), (6, 4.0)])
def test_the_nearest_two_types_have_the_separation(n_types, separation):
    # What the simulator makes of the latents, without sound, gives the axes of the types back.
    from usvlib.data import simulate_from_latents

    latents, types = controls.types(np.random.default_rng(1), 1200, n_types, separation)
    truth = simulate_from_latents(latents, 1).truth.syllables
    log_duration = np.log(truth.duration_ms.to_numpy() / 1000) / controls.WITHIN[0]
    centres = [np.median(log_duration[types == t]) for t in range(n_types)]
    spread = [log_duration[types == t].std() for t in range(n_types)]
    np.testing.assert_allclose(spread, 1, atol=0.15)
    assert np.ptp(centres) > 1


def test_types_too_far_apart_for_a_mouse_are_an_error():
    from sounds import refused

    with refused("separation is 60", "3 types", "cannot be farther apart than about"):
        controls.types(np.random.default_rng(0), 30, 3, 60.0)


def test_options_have_the_values_of_the_documentation_unless_given():
    rng = np.random.default_rng
    for kind, options in (
        ("types", {"n_types": 6, "separation": 8.0}),
        ("mean_frequency_types", {"n_types": 3, "separation": 5.0}),
        ("satellite", {"share": 0.12, "separation": 8.0}),
        ("jumps", {"share": 0.25, "size_khz": 20.0, "spread_khz": 2.5}),
        ("bent", {"reach": 1.2, "noise": 0.15}),
        ("band", {"noise": 0.12}),
        ("uneven", {"power": 2.5}),
    ):
        default, given = (controls.CONTROLS[kind](rng(0), 300, **o) for o in ({}, options))
        np.testing.assert_array_equal(default[0], given[0])
        np.testing.assert_array_equal(default[1], given[1])


@pytest.mark.parametrize(
    ("kind", "option", "values"),
    [
        ("jumps", "spread_khz", (0, 0.5)),
        ("band", "noise", (0, 0.5)),
        ("jumps", "share", (0.001, 0.999)),
        ("satellite", "separation", (0.001, 50)),
    ],
)
def test_the_bounds_of_an_option_are_those_of_its_message(kind, option, values):
    for value in values:
        assert controls._check_options(kind, {option: value}) == {option: value}


@pytest.mark.parametrize("separation", [3.0, 6.0])
def test_the_oracle_gives_the_separation_of_the_nearest_two_types(separation):
    rng = np.random.default_rng(0)
    types = np.arange(3000) % 3
    space = rng.standard_normal((3000, 4)) * [1, 5, 1, 0.2]
    space[:, 0] += np.array([0, separation, 40])[types]
    assert controls.oracle_separation(space, types) == pytest.approx(separation, rel=0.05)
    assert np.isnan(controls.oracle_separation(space, np.zeros(3000, int)))

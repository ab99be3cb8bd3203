"""The stored table of controls: the tool computes the same rows, and its summaries are right."""

import importlib.util
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

import usvlib
from usvlib.continuum import plot_power, power
from usvlib.continuum.controls import CONTINUA

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("controls_tool", ROOT / "tools" / "controls.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_has_all_repetitions_of_every_cell_and_no_other_rows(tool):
    table = power.control_results()
    keys = ["control", "n_syllables", "n_types", "separation", "size_khz"]
    counts = table.groupby(keys, dropna=False).size()
    assert (counts >= 25).all()
    stored = {tuple(None if value != value else value for value in key) for key in counts.index}
    asked = {
        (kind, n_syllables, *(options.get(key) for key in keys[2:]))
        for kind, n_syllables, options in tool.all_cells()
    }
    assert stored == asked
    assert table.duplicated([*keys, "seed"]).sum() == 0


@pytest.mark.parametrize(
    ("control", "n_syllables", "n_types", "separation"),
    [
        ("gaussian", 300, None, None),
        ("skewed", 300, None, None),
        ("bent", 300, None, None),
        ("band", 300, None, None),
        ("types", 300, 6, 8),
        ("types", 300, 6, 4),
        ("mean_frequency_types", 600, 2, 7),
        ("satellite", 600, None, 12),
        ("jumps", 600, None, None),
    ],
)
def test_recomputed_rows_agree_with_stored_ones(tool, control, n_syllables, n_types, separation):
    table = power.control_results()
    rows = table[(table.control == control) & (table.n_syllables == n_syllables)]
    if n_types:
        rows = rows[rows.n_types == n_types]
    if separation:
        rows = rows[rows.separation == separation]
    stored = rows.iloc[len(rows) // 2]
    names = ("n_types", "separation", "size_khz")
    options = {name: stored[name] for name in names if np.isfinite(stored[name])}
    if "n_types" in options:
        options["n_types"] = int(options["n_types"])
    row = tool.one_row(control, n_syllables, options, int(stored.seed))
    assert row["verdict"] == stored.verdict
    assert row["n_found"] == stored.n_found
    assert row["support"] == pytest.approx(stored.support, abs=0.1)
    if np.isfinite(stored.oracle):
        assert row["oracle"] == pytest.approx(stored.oracle, abs=0.05)


def test_false_alarms_are_rare():
    """At most one in a hundred continua is called types, and at most two of each kind."""
    table = power.false_alarms()
    assert set(table.index) == {*CONTINUA, "all"}
    share = table["called types"] / table.repertoires
    assert share["all"] <= 0.01
    assert (table["called types"].drop("all") <= 2).all()
    assert (table.low <= share).all()
    assert (share <= table.high).all()


def test_clearly_separated_types_are_found_and_counted():
    table = power.control_results()
    table = table[(table.control == "types") & (table.n_syllables == 600)]
    apart = table[table.oracle >= 5]
    found = (apart.verdict == "separated types").groupby(apart.n_types).mean()
    assert len(found) == 3
    assert (found >= 0.9).all()
    clear = table[table.oracle >= 6]
    assert len(clear) >= 10
    right = (clear.n_found - clear.n_types).abs() <= 0.2 * clear.n_types
    assert right.mean() >= 0.9
    assert power.detected_separation() <= 6


def test_the_verdict_rarely_depends_on_the_seed():
    asked = power.control_results().agreeing.dropna()
    assert len(asked) >= 50
    assert asked.mean() >= 9.5
    assert (asked == 10).mean() >= 0.9


def test_the_detected_separation_is_read_from_the_bins(monkeypatch):
    import pandas

    oracle = np.repeat([2.5, 3.5, 4.5, 5.5], 10)
    found = np.repeat([0.0, 0.5, 1.0, 0.9], 10)
    verdict = np.where(np.tile(np.arange(10) / 10, 4) < found, "separated types", "continuum")
    table = pandas.DataFrame(
        {
            "control": "types",
            "n_types": 6,
            "n_syllables": 600,
            "oracle": oracle,
            "verdict": verdict,
        }
    )
    monkeypatch.setattr(power, "control_results", lambda: table)
    assert power.detected_separation() == 4
    # With several numbers of types, the one that is detected last counts.
    worse = table.assign(n_types=3, oracle=oracle + 2)
    both = pandas.concat([worse, table])
    monkeypatch.setattr(power, "control_results", lambda: both)
    assert power.detected_separation() == 6
    monkeypatch.setattr(power, "control_results", lambda: table[table.oracle < 4])
    assert power.detected_separation() == np.inf


@pytest.mark.parametrize(
    ("n_syllables", "rule"),
    [(500, ".* 200, 300"), (0, "it must be a whole"), ("x", "it must be a")],
)
def test_a_number_of_syllables_that_is_not_in_the_table_is_an_error(n_syllables, rule):
    with pytest.raises(usvlib.UsvError, match=f"n_syllables is {n_syllables!r}; {rule}"):
        power.detected_separation(n_syllables)


def test_the_figure_has_a_line_for_each_number_of_types():
    figure = plot_power()
    labels = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert labels == ["3 types", "6 types", "12 types"]
    assert all(ax.get_xlabel() for ax in figure.axes)
    plt.close(figure)


def test_a_part_of_the_table_needs_an_output_of_its_own(tool, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["controls.py", "--only", "jumps"])
    monkeypatch.setattr(tool, "cache_folder", lambda _: pytest.fail("rows are computed"))
    with pytest.raises(SystemExit):
        tool.main()
    assert "--output" in capsys.readouterr().err


def test_cached_rows_differ_by_the_number_of_seeds(tool, monkeypatch, tmp_path):
    monkeypatch.setattr(tool, "one_row", lambda *task: {"agreeing": task[-1]})
    rows = [tool.cached_row(tmp_path, ("jumps", 600, {"size_khz": 6.0}, 1, n)) for n in (1, 10)]
    assert [row["agreeing"] for row in rows] == [1, 10]


def test_the_cache_folder_changes_with_the_rule_and_with_the_features(tool, monkeypatch, tmp_path):
    monkeypatch.setenv("USVLIB_CACHE_DIR", str(tmp_path))
    about = {"rule": "a", "upstream": {"gaussian": [1.0, 2.0]}}
    folders = {
        tool.cache_folder(given)
        for given in (about, about | {"rule": "b"}, about | {"upstream": {"gaussian": [1.0, 2.5]}})
    }
    assert len(folders) == 3
    assert tool.cache_folder(dict(about)) in folders


def test_the_figure_shows_the_power_of_six_types_over_the_number_of_syllables():
    figure = plot_power()
    last = figure.axes[2]
    labels = [text.get_text() for text in last.get_legend().get_texts()]
    assert labels == ["4 apart", "5 apart", "6 apart", "8 apart"]
    for lines in last.containers:
        assert lines.lines[0].get_xdata().tolist() == [200, 300, 600, 1600]
    # The farther types are apart, the more often they are found.
    means = [lines.lines[0].get_ydata().mean() for lines in last.containers]
    assert means == sorted(means)
    assert last.get_xscale() == "log"
    assert last.get_xticks().tolist() == [200, 300, 600, 1600]
    plt.close(figure)

"""Stored tables say what they were computed with, and the code as it is still matches."""

import json
from pathlib import Path

import calibrate_dimension
import controls as controls_tool
import numpy as np
import pandas
import pytest

import usvlib
from usvlib._shared import syntax_digest
from usvlib.continuum import dimension, power, provenance


def test_the_controls_were_computed_with_this_code():
    stored = provenance.read_provenance(power.TABLE)
    changes = provenance.outdated(stored, provenance.verdict_provenance())
    assert not changes, (
        f"changed since {power.TABLE.name} was computed: {' and '.join(changes)}. Run `make "
        "controls`, or `.venv/bin/python tools/controls.py --check 40` if the edit cannot change "
        "results; docs/decisions/verdict-constants.md explains both"
    )


def test_the_calibration_was_computed_with_this_code():
    stored = provenance.read_provenance(dimension.CALIBRATION)
    changes = provenance.outdated(stored, calibrate_dimension.calibration_provenance())
    assert not changes, (
        f"changed since {dimension.CALIBRATION.name} was computed: {' and '.join(changes)}. Run "
        "`.venv/bin/python tools/calibrate_dimension.py`"
    )


OLD_RULE = "0" * 64


@pytest.fixture
def tiny_table(tmp_path):
    """A table of three small repertoires, whose header names another rule."""
    rows = [controls_tool.one_row("gaussian", 30, {}, seed) for seed in (1, 2)]
    rows.append(controls_tool.one_row("types", 30, {"n_types": 2, "separation": 8}, 3))
    about = provenance.verdict_provenance() | {"rule": OLD_RULE}
    path = tmp_path / "controls.csv"
    path.write_text(provenance.header("seeds from 1 on", about) + table_text(rows))
    return path


def table_text(rows):
    """Return rows as a text of comma-separated values."""
    return pandas.DataFrame(rows).to_csv(index=False)


def test_checked_rows_that_agree_renew_the_header_and_nothing_else(tiny_table, capsys):
    before = tiny_table.read_text().splitlines()
    controls_tool.check(tiny_table, n_rows=2, processes=1)
    after = tiny_table.read_text().splitlines()
    assert "2 rows agree" in capsys.readouterr().out
    stored = provenance.read_provenance(tiny_table)
    assert stored["rule"] == syntax_digest(provenance.VERDICT_RULE)
    assert after[0] == before[0]
    assert "2 rows drawn at random were computed again and agreed" in after[1]
    assert after[3:] == before[2:]
    controls_tool.check(tiny_table, n_rows=99, processes=1)  # the header is up to date now
    assert tiny_table.read_text().splitlines() == after


@pytest.mark.parametrize(
    ("column", "value"), [("verdict", "continuum"), ("n_found", 2), ("support", 0.042)]
)
def test_a_checked_row_that_differs_leaves_the_table_as_it_is(tiny_table, column, value):
    table = pandas.read_csv(tiny_table, comment="#")
    table[column] = value
    about = provenance.read_provenance(tiny_table)
    tiny_table.write_text(provenance.header("seeds from 1 on", about) + table_text(table))
    before = tiny_table.read_text()
    with pytest.raises(SystemExit, match="3 of 3 rows differ: run make controls"):
        controls_tool.check(tiny_table, n_rows=3, processes=1)
    assert tiny_table.read_text() == before


def test_rows_are_not_checked_after_a_change_of_the_features(tiny_table):
    about = provenance.read_provenance(tiny_table)
    about["upstream"]["types"][5] += 0.1
    tiny_table.write_text(provenance.header("seeds from 1 on", about))
    with pytest.raises(SystemExit, match="features or measures have changed"):
        controls_tool.check(tiny_table, n_rows=3, processes=1)


@pytest.mark.parametrize(
    ("module", "before", "after"),
    [
        (
            "valleys",
            "BRIDGE_SPARSENESS, MIN_IN_MIDDLE = 0.6, 3",
            "BRIDGE_SPARSENESS, MIN_IN_MIDDLE = 0.3, 3",
        ),
        ("alignment", "LEVEL_WEIGHT = 0.4", "LEVEL_WEIGHT = 1.0"),
        ("assessment", "MIN_SUPPORT = 3, 0.8", "MIN_SUPPORT = 3, 0.7"),
        ("controls", "GAP_S = 0.045", "GAP_S = 0.090"),
    ],
)
def test_a_constant_of_the_rule_that_changes_puts_the_table_out_of_date(
    tmp_path, module, before, after
):
    edited = []
    for source in provenance.VERDICT_RULE:
        text = source.read_text()
        if source.stem == module:
            assert text.count(before) == 1
            text = text.replace(before, after)
        edited.append(tmp_path / source.name)
        edited[-1].write_text(text)
    stored = provenance.read_provenance(power.TABLE)
    current = stored | {"rule": syntax_digest(edited)}
    assert provenance.outdated(stored, current) == ["the modules of the rule"]


def test_comments_and_docstrings_leave_the_table_up_to_date(tmp_path):
    copies = [tmp_path / source.name for source in provenance.VERDICT_RULE]
    for source, copy in zip(provenance.VERDICT_RULE, copies, strict=True):
        copy.write_text(f"# A comment.\n{source.read_text()}")
    assert syntax_digest(copies) == syntax_digest(provenance.VERDICT_RULE)


@pytest.fixture(scope="module")
def probe():
    return usvlib.continuum.simulate_control(*provenance.PROBES[0], seed=0)[:2]


def _same(before, after):
    before, after = ({"rule": "", "upstream": {"probe": numbers}} for numbers in (before, after))
    return provenance.outdated(before, after) == []


def test_the_fingerprint_tolerates_rounding_and_nothing_more(probe):
    features, measures = probe
    numbers = provenance.fingerprint(features, measures)
    rng = np.random.default_rng(0)
    rounding = 1 + 1e-5 * rng.standard_normal(features.shape)
    assert _same(numbers, provenance.fingerprint(features * rounding, measures * (1 + 1e-5)))
    assert not _same(numbers, provenance.fingerprint(1.02 * features, measures))
    assert not _same(numbers, provenance.fingerprint(np.roll(features, 1, axis=1), measures))
    assert not _same(numbers, provenance.fingerprint(np.roll(features, 1, axis=2), measures))
    assert not _same(numbers, provenance.fingerprint(features[:, :, :-1], measures))
    blurred = (features[:, :, :-1] + 31 * features[:, :, 1:]) / 32
    blurred = np.concatenate([features[:, :, :1], blurred], axis=2)
    assert not _same(numbers, provenance.fingerprint(blurred, measures))
    louder = measures.assign(level_db=measures.level_db + 0.5)
    assert not _same(numbers, provenance.fingerprint(features, louder))
    assert not _same(numbers, provenance.fingerprint(features))


@pytest.mark.parametrize(
    "changes",
    [{"threshold": 0.5}, {"time_scaling": 8.2}, {"n_fft": 1024}, {"low_hz": 41_000}],
)
def test_the_fingerprint_sees_a_change_of_the_spectrograms_or_the_normalisation(probe, changes):
    recipe = usvlib.Recipe(**changes)
    other = usvlib.continuum.simulate_control(*provenance.PROBES[0], seed=0, recipe=recipe)[:2]
    assert not _same(provenance.fingerprint(*probe), provenance.fingerprint(*other))


def test_a_header_is_read_back_and_is_no_part_of_the_table(tmp_path):
    about = {"rule": "a", "upstream": {"probe": [1.0, 2.5]}}
    path = tmp_path / "table.csv"
    path.write_text(provenance.header("seed 0", about) + "x,y\n1,2\n")
    assert provenance.read_provenance(path) == about
    assert pandas.read_csv(path, comment="#").to_numpy().tolist() == [[1, 2]]
    assert json.dumps(about) in path.read_text()


def test_a_table_without_provenance_is_an_error(tmp_path):
    path = Path(tmp_path) / "old.csv"
    path.write_text("# seed 0\nx\n1\n")
    with pytest.raises(usvlib.UsvError, match=r"old\.csv has no line '# provenance"):
        provenance.read_provenance(path)

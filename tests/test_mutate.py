"""The tool that changes the code: what it changes, and whether it tells who is caught."""

import ast

import mutate
import pytest

MODULE = b'''"""A docstring with the number 3."""

import math

__all__ = ["tenth", "least"]
LIMIT: int = 10


def tenth(value: float = 1.0) -> float:
    """Return a tenth, not 2."""
    if value < 0:
        raise ValueError(f"value is {value + 1}")
    return value / LIMIT


def least(values):
    ax.set_xlabel("ms", fontsize=9)
    ax.plot(values, color="0.5", lw=2, step=3)
    return min(values)
'''
TESTS = """
from tinylib.tiny import tenth


def test_a_tenth_is_a_tenth():
    assert tenth(5) == 0.5
"""


def _all_variants():
    found = mutate.places("tinylib/tiny.py", MODULE)
    return {
        (MODULE[start:stop].decode(), text)
        for options in found.values()
        for _, start, stop, text in options
    }


def test_every_kind_of_place_is_changed_and_no_text_or_style_is():
    assert _all_variants() == {
        *(("10", text) for text in ("20", "11", "-10")),
        *(("1.0", text) for text in ("2.0", "-1.0")),
        *(("0", text) for text in ("1",)),
        *(("value < 0", text) for text in ("value <= 0", "value > 0", "True", "False")),
        ('raise ValueError(f"value is {value + 1}")', "pass"),
        *(("value / LIMIT", text) for text in ("value * LIMIT", "value")),
        ('ax.plot(values, color="0.5", lw=2, step=3)', "pass"),
        ('ax.plot(values, color="0.5", lw=2, step=3)', "ax.plot(values, color='0.5', lw=2)"),
        *(("3", text) for text in ("6", "4", "-3")),
        *(("min(values)", text) for text in ("max(values)", "values")),
    }


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("x = a and not b", {"a or not b", "b"}),
        ("x = y[1]", {"1 + 1", "1 - 1"}),
        ("x = y[i:]", {"i + 1", "i - 1"}),
        ("x = True", {"False"}),
        ("f(a=None)", {"0", "pass", "f()"}),
        ("x += 1", {"x -= 1", "2", "-1", "pass"}),
        ("x = a is None", {"a is not None"}),
        ("if TYPE_CHECKING:\n    x = 1", set()),
        ("warnings.warn('no', UsvWarning, stacklevel=2)", set()),
        ("x = folder / 'name'", set()),
    ],
)
def test_each_kind_of_code_has_its_changes(code, expected):
    found = mutate.places("m.py", code.encode())
    assert {text for options in found.values() for *_, text in options} == expected


def test_a_draw_is_the_same_for_one_seed_and_each_mutant_differs_in_one_place():
    draws = [list(mutate.draw({"tinylib/tiny.py": MODULE}, seed)) for seed in (1, 1, 2)]
    assert draws[0] == draws[1] != draws[2]
    assert len(draws[0]) == len(mutate.places("tinylib/tiny.py", MODULE))
    for _, mutant, mutated in draws[0]:
        assert ast.dump(ast.parse(mutated)) != ast.dump(ast.parse(MODULE))
        line = MODULE.decode().splitlines()[mutant["line"] - 1]
        assert mutant["before"].split()[0] in line
    # An edit elsewhere leaves the draw as it is.
    longer = MODULE.replace(b"import math", b"import math\n\nMORE = 2.5")
    drawn = {key for key, *_ in mutate.draw({"tinylib/tiny.py": longer}, 1)}
    assert {key for key, *_ in draws[0]} < drawn


def test_a_mutant_is_caught_or_survives(tmp_path):
    folder = tmp_path / "copy"
    for name, text in (
        ("tinylib/__init__.py", ""),
        ("tinylib/tiny.py", MODULE.decode()),
        ("tests/test_tiny.py", TESTS),
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    usual_s = {}
    for before, after, expected in (
        (b"value / LIMIT", b"value * LIMIT", "tests/test_tiny.py::test_a_tenth_is_a_tenth"),
        (b"value < 0", b"value <= 0", None),
        (b"return value", b"while True: value", "time"),
    ):
        limits = {"tests/test_tiny.py": 1.0} if expected != "time" else {"tests/test_tiny.py": -6.3}
        mutated = MODULE.replace(before, after)
        tests = [["tests/test_tiny.py"]]
        how = folder, "tinylib/tiny.py", mutated, tests, usual_s | limits
        assert mutate.caught_by(*how) == expected
        assert (folder / "tinylib/tiny.py").read_bytes() == MODULE


def test_tests_that_fail_without_a_mutant_stop_the_campaign(monkeypatch, tmp_path):
    monkeypatch.setattr(mutate, "failing", lambda *_: "tests/test_tiny.py::test_a_tenth")
    with pytest.raises(SystemExit, match=r"test_tiny.py fails without a mutant"):
        mutate.limit(tmp_path, ["tests/test_tiny.py"], {})


def test_every_module_has_tests_that_exist():
    modules = [path.relative_to(mutate.ROOT) for path in mutate.ROOT.glob("usvlib/**/*.py")]
    assert len(modules) > 40
    for module in modules:
        tests = [test for stage in mutate.stages(module.as_posix()) for test in stage]
        assert module.as_posix() in tests
        assert len(tests) > 1
        assert all((mutate.ROOT / test).is_file() for test in tests)
        own = f"tests/test_{module.stem}.py"
        assert tests[0] == own or not (mutate.ROOT / own).is_file() or own in tests
    listed = [
        test for line in mutate.TESTS.split("\n") if line for test in line.split(":")[1].split()
    ]
    assert "provenance" in listed

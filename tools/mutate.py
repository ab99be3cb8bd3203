"""Change the code of usvlib at random places, one at a time, and ask whether a test notices.

    python tools/mutate.py [--seed 12] [--number 100] [--only usvlib/measures.py] [--output FILE]

Each mutant is one small change of one module. The tests of that module run first, with the examples
in its docstrings, and then those of modules that use it, until one fails. A mutant that no test
notices survives; either a test is missing, or the code does nothing. Everything runs with low
priority in a copy of the last commit, in a temporary folder.

Places are drawn by a hash of the seed and of the code there, so that edits elsewhere leave the draw
as it is. Results are kept in _build/mutants: the same command resumes, and after a new commit it
first runs the test that noticed a mutant before.

No mutant changes docstrings and other text, messages of errors and warnings, type hints, imports,
`__all__`, decorators, progress bars, or the style of figures (STYLE, STYLING). test_provenance.py
notices any edit of the verdict's modules by its digest. It is run for provenance.py only.
"""

import argparse
import ast
import collections
import contextlib
import copy
import hashlib
import importlib
import itertools
import json
import multiprocessing
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LARGE = "bokeh.plotting hypothesis IPython jupytext librosa matplotlib.pyplot nbformat numba pandas"
LARGE += " pooch pytest scipy.signal scipy.stats sklearn.cluster sklearn.neighbors soundfile umap"

# Tests by module or package: its own, and after the bar those of modules that use it. A test file
# that is named after the module runs before them.
TESTS = """
_engine: spectrograms floors | measures reference
_shared: files recordings | study package clustering datasets
continuum: continuum verdict | power
data: recordings readers | study datasets spectrograms
explorer: explorer
usvlib: study | embedding manifold explorer callclasses reference
kernels: kernels melfilters noisefloor floors spectrograms | measures reference
paths: measures | reference
errors kinds: recordings clustering | study datasets
digests: study provenance
alignment assessment: valleys continuum | power
estimators: dimension | continuum
annotations: readers recordings
cache: recordings files study | datasets
downloads: datasets
synthesis: simulation | recordings measures floors
"""

SWAPPED = {"min": "max", "any": "all", "argmin": "argmax", "minimum": "maximum", "nanmin": "nanmax"}
SWAPPED |= {after: before for before, after in SWAPPED.items()}
COMPARED = {"Lt": "LtE Gt", "LtE": "Lt GtE", "Gt": "GtE Lt", "GtE": "Gt LtE", "Eq": "NotEq"}
COMPARED |= {"NotEq": "Eq", "Is": "IsNot", "IsNot": "Is", "In": "NotIn", "NotIn": "In"}
CALCULATED = {"Add": "Sub", "Sub": "Add", "Mult": "Div", "Div": "Mult", "FloorDiv": "Mult"}
CALCULATED |= {"Mod": "Mult", "Pow": "Mult", "BitOr": "BitAnd", "BitAnd": "BitOr"}
CALCULATED |= {"LShift": "RShift", "RShift": "LShift", "And": "Or", "Or": "And"}

STYLE = re.compile(
    r"([xy]|sup|)label|axis_label|\w*(colou?r|alpha|width|linewidths?|location)|c|cmap|lw|ls|ms|s|y|"
    r"style|size|height|\w+_ratios|marker|markersize|fontsize|figsize|loc|ha|va|pad|shrink|titles?|"
    r"zorder|layout|fmt|"
    r"text\w*|arrowprops|capsize|min_border|range_padding|tools|toolbar_\w+|active_\w+|sizing_mode|"
    r"strict|stacklevel|optimize|method|encoding"
)
STYLING = re.compile(
    r"set_(title|[xy]?label|axis_off|aspect|visible)|sup[xy]label|legend|text|annotate|grid|"
    r"tick_params|minorticks_off|colorbar|axes_of_figure|warn|\w*Error|progress_bar"
)


def called(node):
    """Return the name of the function that a node calls, or an empty text."""
    function = node.func if isinstance(node, ast.Call) else None
    return getattr(function, "attr", getattr(function, "id", ""))


def left_out(node, parent):
    """Return whether no mutant changes a node, by the rule at the top of this file."""
    if isinstance(parent, ast.If) and ast.unparse(parent.test).endswith("TYPE_CHECKING"):
        return True
    if isinstance(node, ast.Assign):
        return any(getattr(target, "id", "") == "__all__" for target in node.targets)
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.keyword):
        return bool(STYLE.fullmatch(node.arg or ""))
    if called(node) == "set":
        return all(left_out(keyword, node) for keyword in node.keywords)
    text = isinstance(node, (ast.Import, ast.ImportFrom, ast.JoinedStr))
    return text or bool(STYLING.fullmatch(called(node)))


def walk(node, parent=None):
    """Yield each node that may be changed, with its parent."""
    yield node, parent
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list", "op", "ops", "ctx"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not left_out(child, node):
                yield from walk(child, node)


def changed(node, **fields):
    """Return a copy of a node with other fields."""
    node = copy.copy(node)
    vars(node).update(fields)
    return node


def moved(node):
    """Return what an index or the end of a slice becomes: one more, and one less."""
    return [ast.BinOp(node, operator, ast.Constant(1)) for operator in (ast.Add(), ast.Sub())]


def variants(node, parent):
    """Yield a list for each place that can be changed: nodes, and what replaces each of them."""
    if isinstance(node, ast.Compare):
        for i, op in enumerate(node.ops):
            names = COMPARED[type(op).__name__].split()
            ops = [[*node.ops[:i], getattr(ast, name)(), *node.ops[i + 1 :]] for name in names]
            yield [(node, changed(node, ops=one)) for one in ops]
    elif isinstance(node, (ast.BinOp, ast.AugAssign, ast.BoolOp)):
        # Paths and texts have no other operator.
        text = any(isinstance(getattr(part, "value", 0), str) for part in ast.walk(node))
        other = CALCULATED.get(type(node.op).__name__)
        if other and not (text and not isinstance(node, ast.BoolOp)):
            yield [(node, changed(node, op=getattr(ast, other)()))]
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.USub)):
        yield [(node, node.operand)]
    elif isinstance(node, ast.Constant) and isinstance(node.value, (int, float, type(None))):
        value = node.value
        if isinstance(parent, ast.Subscript):
            yield [(node, one) for one in moved(node)]
        elif isinstance(value, bool):
            yield [(node, ast.Constant(not value))]
        elif value is not None:
            new = {2 * value, value + 1, -value} - {value}
            yield [(node, ast.Constant(one)) for one in sorted(new)]
        elif not isinstance(parent, ast.Compare):
            yield [(node, ast.Constant(0))]
    elif isinstance(node, ast.Slice):
        for end in filter(None, (node.lower, node.upper)):
            yield [(end, one) for one in moved(end)]
    elif isinstance(node, ast.Call):
        if other := SWAPPED.get(called(node)):
            name = "attr" if isinstance(node.func, ast.Attribute) else "id"
            yield [(node, changed(node, func=changed(node.func, **{name: other})))]
        for i, keyword in enumerate(node.keywords):
            if not left_out(keyword, node):
                yield [(node, changed(node, keywords=node.keywords[:i] + node.keywords[i + 1 :]))]
    elif isinstance(node, (ast.If, ast.IfExp)):
        if "TYPE_CHECKING" not in ast.unparse(node.test):
            yield [(node.test, ast.Constant(value)) for value in (True, False)]
    elif isinstance(node, ast.Return) and isinstance(node.value, (ast.BinOp, ast.BoolOp, ast.Call)):
        value = node.value
        parts = getattr(value, "values", None) or getattr(value, "args", None) or []
        first = value.left if isinstance(value, ast.BinOp) else (parts or [None])[0]
        if first is not None and not left_out(value, node):
            yield [(value, first)]
    removable = (ast.Expr, ast.AugAssign, ast.Raise, ast.Continue, ast.Break, ast.Delete)
    stored = isinstance(node, ast.Assign) and not isinstance(node.targets[0], (ast.Name, ast.Tuple))
    if (isinstance(node, removable) or stored) and not left_out(getattr(node, "value", node), node):
        yield [(node, ast.Pass())]


def places(path, source):
    """Return a dict of the places of a module: what each may become, by a key that stays."""
    starts = [0, *itertools.accumulate(map(len, source.splitlines(keepends=True)))]
    found, seen = {}, collections.Counter()
    for node, parent in walk(ast.parse(source)):
        for place in variants(node, parent):
            options = []
            for old, new in place:
                start = starts[old.lineno - 1] + old.col_offset
                stop = starts[old.end_lineno - 1] + old.end_col_offset
                options.append(
                    (old.lineno, start, stop, ast.unparse(ast.fix_missing_locations(new)))
                )
            _, start, stop, text = options[0]
            first = f"{path} {source[start:stop].decode()} {text}"
            seen[first] += 1
            found[f"{first} {seen[first]}"] = options
    return found


def draw(sources, seed):
    """Yield mutants in random order: a key, what was changed where, and the changed module."""
    drawn = {}
    for path, source in sources.items():
        for key, options in places(path, source).items():
            drawn[hashlib.sha256(f"{seed} {key}".encode()).hexdigest()] = path, options
    for name in sorted(drawn):
        path, options = drawn[name]
        line, start, stop, text = options[int(name, 16) % len(options)]
        source = sources[path]
        # Parentheses, where they are possible, keep the order of operations.
        for new in (f"({text})", text):
            mutated = source[:start] + new.encode() + source[stop:]
            with contextlib.suppress(SyntaxError):
                if ast.dump(ast.parse(mutated)) != ast.dump(ast.parse(source)):
                    before = " ".join(source[start:stop].decode().split())
                    mutant = {"file": path, "line": line, "before": before, "after": text}
                    yield f"{name[:16]} {text}", mutant, mutated
                    break


def stages(path):
    """Return lists of tests for a module: its own, with its examples, and those of its users."""
    table = dict(line.split(":") for line in TESTS.strip().split("\n"))
    table = {name: tests for names, tests in table.items() for name in names.split()}
    package, name = Path(path).parent.name, Path(path).stem
    parts = table.get(name, table.get(package, "")).split("|")
    parts = [[f"tests/test_{test}.py" for test in part.split()] for part in parts]
    own = f"tests/test_{name}.py"
    if (ROOT / own).exists() and own not in parts[0]:
        return [[own, path], *parts]
    return [[*parts[0], path], *parts[1:]]


def failing(folder, tests, limit_s=None):
    """Return the first test that fails, "time" if they do not end in time, or None."""
    # A fork has the large packages already, whose imports would take longer than most tests.
    process = multiprocessing.get_context("fork").Process(target=run_pytest, args=(folder, tests))
    process.start()
    process.join(limit_s)
    if late := process.is_alive():
        os.killpg(process.pid, signal.SIGKILL)
        process.join()
    if late or process.exitcode in (0, 5):  # 5: no tests, as in a module without examples
        return "time" if late else None
    output = (folder.parent / "output.txt").read_text()
    named = re.search(r"^(?:FAILED|ERROR) (.*?)(?: - |$)", output, re.MULTILINE)
    return named[1] if named else f"exit {process.exitcode}: {output[-300:]}"


def run_pytest(folder, tests):
    """Run tests in a copy of the project, and end the process with pytest's exit status."""
    import pytest

    os.setsid()
    os.nice(10)
    os.chdir(folder)
    for name in [name for name in os.environ if name.startswith("USVLIB_")]:
        del os.environ[name]
    os.environ |= {"PYTHONPATH": str(folder), "HOME": str(folder.parent), "COLUMNS": "300"}
    os.environ |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(folder))
    with open(folder.parent / "output.txt", "w") as output:
        sys.stdout = sys.stderr = output
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
        status = pytest.main(["-x", "-q", "-p", "no:cacheprovider", *tests])
    os._exit(int(status))


def limit(folder, tests, usual_s):
    """Return three times what the tests usually take; they must pass on the code as it is."""
    for test in tests:
        if test not in usual_s:
            start = time.monotonic()
            if failed := failing(folder, [test]):
                sys.exit(f"{test} fails without a mutant: {failed}")
            usual_s[test] = round(time.monotonic() - start, 1)
    return 20 + 3 * sum(usual_s[test] for test in tests)


def caught_by(folder, path, mutated, all_tests, usual_s):
    """Return the test that notices a mutant, or None."""
    original = (folder / path).read_bytes()
    for tests in all_tests:
        limit_s = limit(folder, tests, usual_s)
        try:
            (folder / path).write_bytes(mutated)
            if caught := failing(folder, tests, limit_s):
                return caught
        finally:
            (folder / path).write_bytes(original)
            shutil.rmtree(folder / "_build", ignore_errors=True)
    return None


@contextlib.contextmanager
def copy_of(commit):
    """Check a commit out into a temporary folder, beside a link to ../shared."""
    git = ["git", "-C", str(ROOT), "worktree"]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "copy"
        subprocess.run([*git, "add", "-q", "--detach", folder, commit], check=True)
        if (ROOT.parent / "shared").is_dir():
            (folder.parent / "shared").symlink_to(ROOT.parent / "shared")
        try:
            yield folder
        finally:
            subprocess.run([*git, "remove", "--force", folder], check=False)


def main():
    """Try the mutants of a draw, print a line for each, and end with the share that was caught."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seed", type=int, default=12)
    parser.add_argument("--number", type=int, default=100)
    parser.add_argument("--only", default="", help="a module or a folder, such as usvlib/explorer")
    parser.add_argument("--output", type=Path, help="a JSON file of all mutants and their outcomes")
    arguments = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    for name in LARGE.split():
        importlib.import_module(name)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped; the same command resumes"))
    kept = ROOT / "_build" / "mutants" / "results.json"
    kept.parent.mkdir(parents=True, exist_ok=True)
    state = json.loads(kept.read_text()) if kept.exists() else {"usual_s": {}, "results": {}}
    head = ["git", "-C", str(ROOT), "rev-parse", "HEAD"]
    commit = subprocess.check_output(head, text=True).strip()
    if state.get("commit") != commit:  # then all tests must pass once more without a mutant
        state |= {"commit": commit, "usual_s": {}}
    drawn = []
    with copy_of(commit) as folder:
        files = [file for file in folder.glob("usvlib/**/*.py")]
        sources = {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}
        sources = {p: text for p, text in sources.items() if p.startswith(arguments.only)}
        mutants = itertools.islice(draw(sources, arguments.seed), arguments.number)
        for key, mutant, mutated in mutants:
            one = state["results"].get(key, mutant | {"caught_by": None, "commit": None})
            if one["commit"] != commit:
                tests, known = stages(mutant["file"]), one["caught_by"] or ""
                if "::" in known and not failing(folder, [known]):
                    tests.insert(0, [known])
                    state["usual_s"][known] = 60.0
                caught = caught_by(folder, mutant["file"], mutated, tests, state["usual_s"])
                one = mutant | {"caught_by": caught, "commit": commit}
                state["results"][key] = one
                kept.write_text(json.dumps(state, indent=1))
            drawn.append(one)
            outcome = f"caught by {one['caught_by']}" if one["caught_by"] else "SURVIVED"
            where = f"{one['file']}:{one['line']}: {one['before']} -> {one['after']}"
            print(f"{len(drawn):3} {outcome}\n    {where[:200]}", flush=True)
    if arguments.output:
        arguments.output.write_text(json.dumps(drawn, indent=1))
    n_caught = sum(one["caught_by"] is not None for one in drawn)
    print(f"{n_caught} of {len(drawn)} mutants caught (seed {arguments.seed})")


if __name__ == "__main__":
    main()

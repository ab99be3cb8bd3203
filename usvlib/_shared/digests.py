"""Digests of source code that only change when the code does something else."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path


def syntax_digest(paths: Iterable[Path], sources: Mapping[Path, bytes] | None = None) -> str:
    """Return the SHA-256 of what Python files do, in hexadecimal.

    Comments, docstrings and the layout of the lines do not change it.

    Parameters
    ----------
    paths : iterable of path
        Python files. Their order matters, their folders do not.
    sources : mapping of path to bytes, optional
        The contents of the files, if they should not be read from disk.

    Returns
    -------
    str

    Examples
    --------
    >>> contents = [b"LIMIT = 2", b"LIMIT = 2  # of two", b"LIMIT = 3"]
    >>> file = Path("rule.py")
    >>> first, commented, changed = (syntax_digest([file], {file: text}) for text in contents)
    >>> first == commented, first == changed
    (True, False)
    """
    digest = hashlib.sha256()
    for path in paths:
        content = Path(path).read_bytes() if sources is None else sources[path]
        digest.update(f"{Path(path).name}\n{_plain(ast.parse(content))}\n".encode())
    return digest.hexdigest()


def imported_modules(paths: Iterable[Path], sources: Mapping[Path, bytes]) -> list[Path]:
    """Return the modules that modules of a package import, directly or not, with themselves.

    A name that is imported from a package is followed to the module that defines it. Imports that
    only serve type checkers are left out.

    Parameters
    ----------
    paths : iterable of path
        Modules to begin with.
    sources : mapping of path to bytes
        All modules of the package, by their absolute paths.

    Returns
    -------
    list of path
        Sorted.

    Examples
    --------
    >>> package = Path("/package")
    >>> sources = {
    ...     package / "steps.py": b"from ._engine import fast",
    ...     package / "_engine" / "__init__.py": b"from .loops import fast, slow",
    ...     package / "_engine" / "loops.py": b"import math",
    ...     package / "figures.py": b"from .steps import step",
    ... }
    >>> [path.name for path in imported_modules([package / "steps.py"], sources)]
    ['loops.py', 'steps.py']
    """
    found, left = set(), list(paths)
    while left:
        path = left.pop()
        if path not in found:
            found.add(path)
            for base, name in _relative_imports(path, ast.parse(sources[path])):
                left.append(_defining_module(base, name, sources))
    return sorted(found)


def _relative_imports(path, tree) -> Iterator[tuple[Path, str]]:
    """Yield what a module imports from its package: from where (without an ending), which name."""
    nodes = [tree]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            nodes += node.orelse
            continue
        if isinstance(node, ast.ImportFrom) and node.level:
            base = path.parents[node.level - 1].joinpath(*(node.module or "").split("."))
            yield from ((base, alias.name) for alias in node.names)
        nodes += ast.iter_child_nodes(node)


def _defining_module(base, name, sources):
    """Return the module that defines a name imported from a module or a package."""
    for candidate in (base.with_name(f"{base.name}.py"), base / f"{name}.py"):
        if candidate in sources:
            return candidate
    door = (base / name if base / name / "__init__.py" in sources else base) / "__init__.py"
    for inner, inner_name in _relative_imports(door, ast.parse(sources[door])):
        if inner_name == name:
            return _defining_module(inner, inner_name, sources)
    return door


def _plain(node):
    """Return the tree as lists and texts, the same in every version of Python."""
    if isinstance(node, list):
        return [_plain(item) for item in node]
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = dict(ast.iter_fields(node))
    body = fields.get("body")
    if isinstance(body, list) and body and _is_docstring(node, body[0]):
        fields["body"] = body[1:]
    # Newer versions have more fields, which are empty where nothing new is used.
    present = {name: _plain(value) for name, value in fields.items() if value not in (None, [])}
    return [type(node).__name__, present]


def _is_docstring(parent, statement):
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return (
        isinstance(parent, documented)
        and isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )

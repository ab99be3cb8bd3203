"""Digests of source code that only change when the code does something else."""

import ast
import hashlib
from collections.abc import Iterable
from pathlib import Path


def syntax_digest(paths: Iterable[Path]) -> str:
    """Return the SHA-256 of what Python files do, in hexadecimal.

    Comments, docstrings and the layout of the lines do not change it.

    Parameters
    ----------
    paths : iterable of path
        Python files. Their order matters, their folders do not.

    Returns
    -------
    str

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "rule.py"
    ...     digests = []
    ...     for source in ("LIMIT = 2", "LIMIT = 2  # of two", "LIMIT = 3"):
    ...         _ = file.write_text(source)
    ...         digests.append(syntax_digest([file]))
    >>> digests[0] == digests[1], digests[0] == digests[2]
    (True, False)
    """
    digest = hashlib.sha256()
    for path in paths:
        tree = ast.parse(Path(path).read_bytes())
        digest.update(f"{Path(path).name}\n{_plain(tree)}\n".encode())
    return digest.hexdigest()


def _plain(node):
    """The tree as lists and texts that every version of Python writes alike."""
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

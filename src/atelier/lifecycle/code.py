"""The digest of the code that a result depends on: a function's module, and all of ours that it imports."""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Callable, Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

PACKAGE = __name__.split(".", maxsplit=1)[0]
PLUMBING = {
    *("errors", "settings", "registry", "versioning", "release", "index", "lifecycle", "contracts"),
    *("delivery", "styling", "collage", "serving", "services", "cli", "places", "progress", "telemetry"),
}
"""Rooms that carry values without shaping them: where things are kept, how they are shown."""


def code_digest(*functions: Callable[..., Any]) -> str:
    """Hash the modules of some functions and every module of ours that these import, late imports too.

    Comments, docstrings and the layout of the code do not count, nor do imports for type checkers alone and
    the rooms in `PLUMBING`: a change of these cannot change what the functions return.
    """
    modules = sorted({name for function in functions for name in import_closure(function.__module__)})
    return hashlib.sha256("\n".join(f"{name} {_digest(name)}" for name in modules).encode()).hexdigest()


def import_closure(module: str) -> set[str]:
    """Return the module and all modules of the package that it imports, directly or through others."""
    found, to_read = {module}, [module]
    while to_read:
        new = {name for name in _imports(to_read.pop()) if name not in found and not _is_plumbing(name)}
        found |= new
        to_read += new
    return found


def _is_plumbing(module: str) -> bool:
    parts = module.split(".")
    return parts[0] == PACKAGE and len(parts) > 1 and parts[1] in PLUMBING


@cache
def _imports(module: str) -> frozenset[str]:
    """Modules of the package, and of the module's own package, that a module imports."""
    ours = {PACKAGE, module.split(".", maxsplit=1)[0]}
    names = [name for name in _imported_names(_tree(module)) if name.split(".", maxsplit=1)[0] in ours]
    return frozenset(name for name in names if _path(name) is not None)


def _imported_names(tree: ast.AST) -> Iterator[str]:
    """Every name that could be a module: `from a import b` may mean `a` and `a.b`."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        yield from _imported_names(node)


@cache
def _digest(module: str) -> str:
    return hashlib.sha256(ast.dump(_without_docstrings(_tree(module))).encode()).hexdigest()


def _without_docstrings(tree: ast.Module) -> ast.Module:
    """The tree without strings that stand alone: docstrings of modules, functions, classes and fields."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [each for each in body if not _is_bare_string(each)]  # type: ignore[attr-defined]
    return tree


def _is_bare_string(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _tree(module: str) -> ast.Module:
    path = _path(module)
    assert path is not None, f"{module} was imported"
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def _path(module: str) -> Path | None:
    """The file of a module; None for a name that is no module."""
    first, *rest = module.split(".")
    if first == PACKAGE:  # by its place: looking for a module by name would import the package it lies in
        base = Path(__file__).parents[1].joinpath(*rest)
        for path in (base.with_suffix(".py"), base / "__init__.py"):
            if path.is_file():
                return path
        if module not in sys.modules:
            return None
    try:
        spec = find_spec(module)
    except (ModuleNotFoundError, AttributeError, ValueError):
        return None
    return Path(spec.origin) if spec is not None and spec.origin and spec.origin.endswith(".py") else None

"""The shape of the house, held: no circle of files, short functions, the same file names in each family.

`tests/test_architecture.py` holds who may import whom.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from test_architecture import ROOT, source_files

from atelier.families import known_families
from atelier.jobs.families import FAMILIES
from atelier.lifecycle.family import Family

MAX_FUNCTION_LINES = 50
FAMILY_FILES = {"config", "model", "losses", "task", "training", "metrics", "presets", "export", "inference"}
"""In `families/<name>/`; CARD.md too."""
JOB_FILES = {"champion", "evaluate", "exam", "family", "gate", "material", "release"}
"""In `jobs/<name>/`; `evaluate` only where a folder can hold what the family is scored on."""


def imported_modules(tree: ast.AST, known: Mapping[str, Path]) -> Iterator[str]:
    """List our modules that are imported anywhere in a file, late or for type checkers alone too."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            yield from (name for name in names if name in known)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        yield from imported_modules(node, known)


def circles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """Groups of files that reach each other: strongly connected components of more than one (Tarjan 1972)."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        number[name] = lowest[name] = len(number)
        stack.append(name)
        for other in graph[name]:
            if other not in number:
                visit(other)
                lowest[name] = min(lowest[name], lowest[other])
            elif other in stack:
                lowest[name] = min(lowest[name], number[other])
        if lowest[name] == number[name]:
            start = stack.index(name)
            if len(stack) - start > 1:
                found.append(sorted(stack[start:]))
            del stack[start:]

    for name in graph:
        if name not in number:
            visit(name)
    return found


def test_files_do_not_import_each_other_in_circles() -> None:
    paths = dict(source_files())
    graph = {
        module: {
            other
            for other in imported_modules(ast.parse(path.read_text()), paths)
            if other != module and not module.startswith(f"{other}.")  # a package is loaded before its files
        }
        for module, path in paths.items()
    }
    assert len(graph) > 100, "the files were not found"
    assert circles(graph) == []


def test_a_circle_of_files_is_found() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]


def test_functions_are_short_enough_to_be_read_at_once() -> None:
    long_functions = [
        f"{path.relative_to(ROOT)}: {node.name} has {length} lines (at most {MAX_FUNCTION_LINES})"
        for _, path in source_files()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or 0) - node.lineno + 1) > MAX_FUNCTION_LINES
    ]
    assert "\n".join(long_functions) == ""


def test_every_family_is_in_the_list_and_every_name_in_the_list_has_its_folders() -> None:
    names = {family.name for family in FAMILIES}
    assert names == set(known_families())
    assert all((ROOT / "src" / "atelier" / "jobs" / name / "family.py").is_file() for name in names)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_a_reader_finds_the_same_file_names_in_each_family(family: Family[Any]) -> None:
    name = family.name
    source = ROOT / "src" / "atelier"
    own = {path.stem for path in (source / "families" / name).glob("*.py")}
    assert own >= FAMILY_FILES, f"families/{name} lacks {sorted(FAMILY_FILES - own)}"
    assert (source / "families" / name / "CARD.md").is_file()
    wanted = JOB_FILES if family.evaluate else JOB_FILES - {"evaluate"}
    jobs = {path.stem for path in (source / "jobs" / name).glob("*.py")}
    assert jobs >= wanted, f"jobs/{name} lacks {sorted(wanted - jobs)}"


def test_what_happens_to_any_family_names_none() -> None:
    for path in (ROOT / "src" / "atelier" / "lifecycle").glob("*.py"):
        tree = ast.parse(path.read_text())
        modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
        words = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
        for family in FAMILIES:
            assert family.name not in words, f"{path.name} names the family '{family.name}'"
            assert not any(f"families.{family.name}" in module for module in modules), path.name

"""Tests mirror the sources: a module with behaviour has a test file of its path.

`src/atelier/serving/live.py` is tested by `tests/serving/test_serving_live.py` or by files that add a detail
(`test_serving_live_reload.py`). Names drop a leading `families`, and `__init__.py` is named after its folder.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[1]
MIN_SHARE = 0.9
"""What is left over is mostly thin: a list of files, a flow of one step."""


def has_behaviour(source: str) -> bool:
    """Tell whether a function or method does something, which is more than a docstring, `...` or `pass`.

    Constants, protocols and dataclasses without methods have nothing to test.
    """
    return any(
        not all(_says_nothing(statement) for statement in node.body)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def _says_nothing(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Pass) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )


def path_of_test(module: PurePosixPath) -> PurePosixPath:
    """Name the test file of a module: 'families/nn/losses.py' -> 'families/nn/test_nn_losses.py'."""
    place = module.parent if module.name == "__init__.py" else module.with_suffix("")
    named = place.parts[1:] if place.parts[0] == "families" and len(place.parts) > 1 else place.parts
    return module.parent / f"test_{'_'.join(named)}.py"


def untested(modules: Iterable[PurePosixPath], tests: Iterable[PurePosixPath]) -> list[PurePosixPath]:
    """List the modules without a test file; one with a detail counts for the longest name it begins with."""
    module_at = {path_of_test(module).with_suffix(""): module for module in modules}
    tested = set()
    for test in tests:
        words = test.stem.split("_")
        starts = (test.with_name("_".join(words[:length])) for length in range(len(words), 1, -1))
        tested.add(next((module_at[start] for start in starts if start in module_at), None))
    return sorted(set(module_at.values()) - tested)


def modules_with_behaviour() -> list[PurePosixPath]:
    """List every such module, relative to `src/atelier` (to the root for those of `flows/`)."""
    files = [(path.relative_to(ROOT / "src/atelier"), path) for path in (ROOT / "src/atelier").rglob("*.py")]
    files += [(path.relative_to(ROOT), path) for path in (ROOT / "flows").rglob("*.py")]
    return [PurePosixPath(relative) for relative, path in files if has_behaviour(path.read_text())]


def all_tests() -> list[PurePosixPath]:
    """List every test file, relative to `tests/`."""
    tests = ROOT / "tests"
    return [PurePosixPath(path.relative_to(tests)) for path in tests.rglob("test_*.py")]


def test_nine_modules_in_ten_have_a_test_file_of_their_path() -> None:
    modules = modules_with_behaviour()
    assert len(modules) > 100, "the files were not found"
    missing = untested(modules, all_tests())
    share = 1 - len(missing) / len(modules)
    named = "\n".join(f"{module}: write tests/{path_of_test(module)}" for module in missing)
    assert share >= MIN_SHARE, (
        f"{share:.0%} of {len(modules)} modules with behaviour have a test file of their path "
        f"(expected {MIN_SHARE:.0%}); without one:\n{named}"
    )


def test_no_two_test_files_share_a_name() -> None:
    counts = Counter(path.name for path in all_tests())
    assert [name for name, count in counts.items() if count > 1] == []


@pytest.mark.parametrize(
    ("module", "test"),
    [
        ("serving/live.py", "serving/test_serving_live.py"),
        ("families/retrieval/losses.py", "families/retrieval/test_retrieval_losses.py"),
        ("jobs/retrieval/exam.py", "jobs/retrieval/test_jobs_retrieval_exam.py"),
        ("simulate/garments/draw.py", "simulate/garments/test_simulate_garments_draw.py"),
        ("cli/__init__.py", "cli/test_cli.py"),
        ("pictures.py", "test_pictures.py"),
        ("families/wire.py", "families/test_wire.py"),
    ],
)
def test_a_test_file_is_named_after_the_path_of_its_module(module: str, test: str) -> None:
    assert path_of_test(PurePosixPath(module)) == PurePosixPath(test)


def test_a_detail_counts_for_the_longest_module_it_names_and_only_in_its_folder() -> None:
    modules = [PurePosixPath(f"index/{name}.py") for name in ("build", "build_graph", "query")]
    tests = [
        PurePosixPath("index/test_index_build_graph_by_size.py"),
        PurePosixPath("serving/test_index_query.py"),
    ]
    assert untested(modules, tests) == [PurePosixPath("index/build.py"), PurePosixPath("index/query.py")]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('"""Constants."""\nSIZES = (1, 2)', False),
        (
            "class Task(Protocol):\n    def loss(self) -> float:\n        '''Of a batch.'''\n        ...",
            False,
        ),
        ("@dataclass\nclass Box:\n    left: int\n    top: int = 0", False),
        ("class Gone(Exception):\n    pass", False),
        ("@dataclass\nclass Box:\n    left: int\n    def area(self):\n        return 1", True),
        ("async def answer():\n    '''Answer.'''\n    return 1", True),
    ],
)
def test_behaviour_is_a_function_or_method_that_does_something(source: str, expected: bool) -> None:
    assert has_behaviour(source) is expected

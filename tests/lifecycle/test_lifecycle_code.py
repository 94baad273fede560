"""The digest of code changes with what a function can do, and with nothing else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib import import_module, invalidate_caches
from pathlib import Path

import pytest

from atelier.families.training import Training
from atelier.lifecycle import code
from atelier.lifecycle.code import code_digest, import_closure

SHOP = {
    "__init__": '"""A package of its own."""\n',
    "work": '"""Works."""\nfrom shop.sizes import SIZE\n\n\ndef area() -> int:\n    return SIZE * SIZE\n',
    "sizes": "SIZE = 3\n",
    "other": "COLOUR = 'red'\n",
}


@pytest.fixture
def digest_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """The digest of `shop.work.area` when some modules of `shop` read otherwise."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def digest(**changed: str) -> str:
        (tmp_path / "shop").mkdir(exist_ok=True)
        for name, text in {**SHOP, **changed}.items():
            (tmp_path / "shop" / f"{name}.py").write_text(text)
        _forget()
        invalidate_caches()
        return code_digest(import_module("shop.work").area)

    yield digest
    _forget()


def _forget() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "shop"]:
        del sys.modules[name]
    for known in (code._imports, code._digest, code._path):
        known.cache_clear()


def test_a_changed_constant_of_an_imported_module_is_another_digest(
    digest_with: Callable[..., str],
) -> None:
    assert digest_with() == digest_with()
    assert digest_with(sizes="SIZE = 4\n") != digest_with()


@pytest.mark.parametrize(
    "changed",
    [
        {"sizes": "# A comment.\nSIZE = (\n    3\n)\n"},
        {"sizes": '"""Another docstring."""\nSIZE = 3\n"""Of a field."""\n'},
        {"work": SHOP["work"].replace("return", '"""Compute."""\n    return')},
        {"other": "COLOUR = 'blue'\n"},
    ],
    ids=["comment and layout", "docstrings", "docstring of a function", "a module that is not imported"],
)
def test_what_cannot_change_a_result_is_the_same_digest(
    digest_with: Callable[..., str], changed: dict[str, str]
) -> None:
    assert digest_with(**changed) == digest_with()


@pytest.mark.parametrize(
    "imports",
    [
        "def area() -> str:\n    from shop.other import COLOUR\n\n    return COLOUR\n",
        "def area() -> str:\n    from shop import other\n\n    return other.COLOUR\n",
        "import shop.other\n\n\ndef area() -> str:\n    return shop.other.COLOUR\n",
    ],
    ids=["late", "the module itself", "by its whole name"],
)
def test_every_way_to_import_counts(digest_with: Callable[..., str], imports: str) -> None:
    assert digest_with(work=imports) != digest_with(work=imports, other="COLOUR = 'blue'\n")


def test_imports_for_type_checkers_do_not_count(digest_with: Callable[..., str]) -> None:
    work = (
        "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from shop.other import COLOUR\n\n\n"
        "def area() -> int:\n    return 1\n"
    )
    assert digest_with(work=work) == digest_with(work=work, other="COLOUR = 'blue'\n")


def test_modules_that_import_each_other_are_read_once(digest_with: Callable[..., str]) -> None:
    circle = {"other": "def late() -> int:\n    from shop.work import area\n\n    return area()\n"}
    work = SHOP["work"] + "\n\ndef there() -> None:\n    from shop import other  # noqa: F401\n"
    digest_with(work=work, **circle)
    assert import_closure("shop.work") == {"shop", "shop.work", "shop.sizes", "shop.other"}


def test_the_order_of_functions_does_not_matter_but_their_modules_do() -> None:
    first, second = code_digest, Training.__init__
    assert code_digest(first, second) == code_digest(second, first) != code_digest(first)


def test_the_closure_of_a_family_leaves_out_the_plumbing() -> None:
    closure = import_closure("atelier.families.ranking.training")
    assert {"atelier.families.ranking.model", "atelier.families.ranking.losses", "atelier.nn"} & closure
    assert "atelier.families.ranking.model" in closure
    rooms = {name.split(".")[1] for name in closure if name.startswith("atelier.")}
    assert not rooms & code.PLUMBING
    assert not [name for name in closure if name.startswith("torch")], "libraries are no code of ours"

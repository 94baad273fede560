"""The tree of errors is the one that its docstring draws."""

from __future__ import annotations

import inspect
import re
from collections import defaultdict

from atelier import errors
from atelier.errors import AtelierError, PartFailedError


def drawn_parents() -> dict[str, set[str]]:
    """Error -> its parents, by the indentation of the drawing."""
    parents: dict[str, set[str]] = defaultdict(set)
    above: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"(?P<branch>[│├└─ ]*)(?P<name>[A-Z]\w+)(\s{2,}|$)", line)
        if found is None:
            continue
        depth = len(found["branch"]) // 4
        above[depth:] = [found["name"]]
        if depth:
            parents[found["name"]].add(above[depth - 1])
    return parents


def test_every_error_is_drawn_beneath_its_parent_and_nothing_else_is() -> None:
    classes = [each for _, each in inspect.getmembers(errors, inspect.isclass) if each is not AtelierError]
    assert drawn_parents() == {
        each.__name__: {parent.__name__ for parent in each.__bases__} for each in classes
    }
    assert all(issubclass(each, AtelierError) for each in classes)


def test_a_run_that_failed_in_part_hands_on_what_came_of_the_whole() -> None:
    error = PartFailedError("1 of 2 drops was not taken in", {"published": True})
    assert (str(error), error.summary) == ("1 of 2 drops was not taken in", {"published": True})

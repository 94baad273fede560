"""A template as JSON: objects whose fields are known, numbers within bounds, texts, colours."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import ClassVar

import yaml

from atelier.document import DocumentValue
from atelier.errors import TemplateError

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


class Value(DocumentValue):
    """One value of a template."""

    error: ClassVar = TemplateError
    language: ClassVar[str] = "JSON"
    mapping_word: ClassVar[str] = "an object"

    def fields(self, required: tuple[str, ...], optional: tuple[str, ...] = ()) -> dict[str, Value]:
        """Return the values of an object by key. Wrong: no object, a key missing, unknown or standing
        twice.
        """
        found = self.mapping(required + optional)
        for key in required:
            if key not in found:
                self.wrong(f"'{key}' is missing")
        return found

    def numbers(self, count: int) -> tuple[float, ...]:
        """Return a list of so many numbers."""
        members = self.items()
        if len(members) != count:
            self.wrong(f"expected {count} numbers, found {len(members)}")
        return tuple(member.number() for member in members)

    def number(self, low: float = -1e9, high: float = 1e9) -> float:
        """Return a number within bounds."""
        value = super().number()
        if not low <= value <= high:
            self.wrong(f"expected {low:g} to {high:g}, found {value:g}")
        return value

    def text(self) -> str:
        value = self.plain()
        if not isinstance(value, str) or not value.strip():
            self.wrong(f"expected a text, found {self.shown}")
        return value

    def texts(self, least: int = 0) -> tuple[str, ...]:
        return tuple(member.text() for member in self.items(least))

    def yes(self) -> bool:
        value = self.plain()
        if not isinstance(value, bool):
            self.wrong(f"expected true or false, found {self.shown}")
        return value

    def one_of(self, known: tuple[str, ...]) -> str:
        value = self.text()
        if value not in known:
            self.wrong(f"expected {', '.join(known[:-1])} or {known[-1]}, found '{value}'")
        return value

    def colour(self) -> tuple[int, int, int]:
        """Parse '#RRGGBB' to (red, green, blue)."""
        value = self.text()
        if not _COLOUR.fullmatch(value):
            self.wrong(f"expected a colour like #F4EFE8, found '{value}'")
        return int(value[1:3], 16), int(value[3:5], 16), int(value[5:7], 16)


def parse_document(text: str, file: str) -> Value:
    """Parse the document in a JSON text; `file` is its name in errors."""
    try:
        json.loads(text, parse_int=str, parse_constant=str)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise TemplateError(f"{file}, {where}: not JSON: {error.msg}") from error
    except RecursionError:
        pass  # the syntax tree has a limit of its own and says where it was met
    # JSON is YAML but for tabs; YAML's syntax tree knows the line of everything.
    document = Value.parse(text.replace("\t", " "), file)
    assert document is not None, "JSON has a value"
    for node in _scalars(document.node):
        if node.style is None and node.value in {"NaN", "Infinity", "-Infinity"}:
            Value(node, file, "").wrong(f"not JSON: {node.value} is no number")
    return document


def _scalars(node: yaml.Node) -> Iterator[yaml.ScalarNode]:
    if isinstance(node, yaml.ScalarNode):
        yield node
        return
    for each in node.value:
        for inner in each if isinstance(each, tuple) else (each,):
            yield from _scalars(inner)

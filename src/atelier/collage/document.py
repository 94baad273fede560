"""A JSON document whose values know where they stand, so that an error can name file, line and place."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

import yaml

from atelier.errors import TemplateError

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True)
class Value:
    """One value of a document."""

    node: yaml.Node
    file: str
    place: str
    """'boxes[2].slots'; '' for the whole document."""

    def wrong(self, message: str) -> NoReturn:
        """Raise TemplateError: file, line, place and message."""
        place = f"{self.place}: " if self.place else ""
        raise TemplateError(f"{self.file}, line {self.node.start_mark.line + 1}: {place}{message}")

    def fields(self, required: tuple[str, ...], optional: tuple[str, ...] = ()) -> dict[str, Value]:
        """Return the values of an object by key. Wrong: no object, a key missing, unknown or standing
        twice.
        """
        if not isinstance(self.node, yaml.MappingNode):
            self.wrong(f"expected an object, found {_seen(self.node)}")
        found: dict[str, Value] = {}
        for key_node, value_node in self.node.value:
            key = str(key_node.value)
            inner = Value(value_node, self.file, f"{self.place}.{key}".lstrip("."))
            if key in found:
                inner.wrong("stands there twice")
            if key not in required + optional:
                inner.wrong(f"unknown key '{key}' (known: {', '.join(required + optional)})")
            found[key] = inner
        for key in required:
            if key not in found:
                self.wrong(f"'{key}' is missing")
        return found

    def items(self, least: int = 0) -> list[Value]:
        """List the members of a list."""
        if not isinstance(self.node, yaml.SequenceNode):
            self.wrong(f"expected a list, found {_seen(self.node)}")
        if len(self.node.value) < least:
            self.wrong(f"expected at least {least}, found {len(self.node.value)}")
        return list(self._members())

    def numbers(self, count: int) -> tuple[float, ...]:
        """Return a list of so many numbers."""
        members = self.items()
        if len(members) != count:
            self.wrong(f"expected {count} numbers, found {len(members)}")
        return tuple(member.number() for member in members)

    def number(self, low: float = -1e9, high: float = 1e9) -> float:
        value = self._scalar()
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.wrong(f"expected a number, found {_seen(self.node)}")
        if not low <= value <= high:
            self.wrong(f"expected {low:g} to {high:g}, found {value:g}")
        return float(value)

    def text(self) -> str:
        value = self._scalar()
        if not isinstance(value, str) or not value.strip():
            self.wrong(f"expected a text, found {_seen(self.node)}")
        return value

    def texts(self, least: int = 0) -> tuple[str, ...]:
        return tuple(member.text() for member in self.items(least))

    def yes(self) -> bool:
        value = self._scalar()
        if not isinstance(value, bool):
            self.wrong(f"expected true or false, found {_seen(self.node)}")
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

    def _members(self) -> Iterator[Value]:
        for position, node in enumerate(self.node.value):
            yield Value(node, self.file, f"{self.place}[{position}]")

    def _scalar(self) -> object:
        """A scalar as JSON reads it: a quoted 12 is a text."""
        if not isinstance(self.node, yaml.ScalarNode):
            self.wrong(f"expected one value, found {_seen(self.node)}")
        value: object = self.node.value if self.node.style else json.loads(self.node.value)
        return value


def parse_document(text: str, file: str) -> Value:
    """Parse the document in a JSON text; `file` is its name in errors."""
    try:
        json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise TemplateError(f"{file}, line {error.lineno}: not JSON: {error.msg}") from error
    except (ValueError, RecursionError) as error:
        raise TemplateError(f"{file}: not JSON: {error}") from error
    # JSON is YAML but for tabs; YAML's syntax tree knows the line of everything.
    try:
        node = yaml.compose(text.replace("\t", " ").lstrip("\ufeff"), Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError) as error:
        why = "nested too deep" if isinstance(error, RecursionError) else str(error)
        raise TemplateError(f"{file}: cannot be read: {why}") from error
    assert node is not None, "JSON has a value"
    return Value(node, file, "")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _seen(node: yaml.Node) -> str:
    if isinstance(node, yaml.ScalarNode):
        return f"'{node.value}'"
    return "an object" if isinstance(node, yaml.MappingNode) else "a list"

"""A YAML 1.2 document whose values know where they stand, so that an error names file, line and column."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import yaml

from atelier.errors import RulesError
from atelier.rules.yaml12 import compose, plain_value


@dataclass(frozen=True)
class Value:
    """One value of a document."""

    node: yaml.Node
    file: str
    place: str
    """'slots.top.category'; '' for the whole document."""

    def wrong(self, message: str) -> NoReturn:
        """Raise RulesError: file, line, column, place and message."""
        place = f"{self.place}: " if self.place else ""
        raise RulesError(f"{self.file}, {_position(self.node.start_mark)}: {place}{message}")

    @property
    def is_mapping(self) -> bool:
        return isinstance(self.node, yaml.MappingNode)

    @property
    def is_list(self) -> bool:
        return isinstance(self.node, yaml.SequenceNode)

    def mapping(self, known: tuple[str, ...] | None = None, what: str = "key") -> dict[str, Value]:
        """Return the values by key. Wrong: no mapping, a key that stands twice or that is not `known`."""
        if not isinstance(self.node, yaml.MappingNode):
            self.wrong(f"expected a mapping, {_seen(self.node)}")
        found: dict[str, Value] = {}
        for key_node, value_node in self.node.value:
            key = Value(key_node, self.file, self.place).key()
            place = f"{self.place}.{key}".lstrip(".")
            if key in found:
                Value(key_node, self.file, place).wrong("stands there twice")
            if known is not None and key not in known:
                Value(key_node, self.file, place).wrong(f"unknown {what} '{key}' (known: {', '.join(known)})")
            found[key] = Value(value_node, self.file, place)
        return found

    def items(self) -> Iterator[Value]:
        """List the members of a list."""
        if not isinstance(self.node, yaml.SequenceNode):
            self.wrong(f"expected a list, {_seen(self.node)}")
        for position, node in enumerate(self.node.value):
            yield Value(node, self.file, f"{self.place}[{position}]")

    def one_or_more(self) -> list[Value]:
        """List the members of a list, or the one value that stands there without one."""
        return list(self.items()) if self.is_list else [self]

    def key(self) -> str:
        """Return a key of a mapping, as it is written."""
        if not isinstance(self.node, yaml.ScalarNode) or not self.node.value.strip():
            self.wrong(f"expected a word as key, {_seen(self.node)}")
        if self.node.value == "<<" and self.node.style is None:
            self.wrong("YAML 1.2 has no merge key '<<'; write the keys out")
        return str(self.node.value)

    def plain(self) -> Any:
        """Read a scalar as YAML 1.2 does: text, number, true or false, None."""
        if not isinstance(self.node, yaml.ScalarNode):
            self.wrong(f"expected one value, {_seen(self.node)}")
        try:
            return plain_value(self.node)
        except ValueError as error:
            self.wrong(str(error))

    def text(self) -> str:
        """Return a text as it is written: `No` and `12` are texts here."""
        value = self.plain()
        if value is None or not str(self.node.value).strip():
            self.wrong("expected a text, found nothing")
        return str(self.node.value)

    def text_or_none(self) -> str | None:
        return None if self.plain() is None else self.text()

    def number(self) -> float:
        value = self.plain()
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.wrong(f"expected a number, found '{_shown(self.node)}'")
        if not math.isfinite(value):
            self.wrong(f"expected a finite number, found {_shown(self.node)}; for no limit, leave it out")
        return float(value)

    def whole_number(self, low: int, high: int) -> int:
        value = self.number()
        if value != int(value) or not low <= value <= high:
            self.wrong(f"expected a whole number from {low} to {high}, found {_shown(self.node)}")
        return int(value)


def read_document(path: Path) -> Value:
    """Read the document in a file. RulesError: no such file, not UTF-8, not YAML, empty, or more than one."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise RulesError(f"{path} does not exist; `atelier rules list` shows the ready-made ones") from None
    except (OSError, UnicodeDecodeError) as error:
        raise RulesError(f"{path} cannot be read: {error}") from error
    return parse_document(text, str(path))


def parse_document(text: str, file: str) -> Value:
    """Parse the document in a text; `file` is its name in errors."""
    try:
        node = compose(text)
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        raise RulesError(
            f"{file}, line {line}, column {column}: not YAML we can read: {error.reason}"
        ) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f", {_position(mark)}" if mark else ""
        raise RulesError(f"{file}{where}: not YAML we can read: {error.problem or error}") from error
    if node is None:
        raise RulesError(f"{file} is empty; expected slots and sets (docs/reference/rules.md)")
    return Value(node, file, "")


def _position(mark: yaml.Mark) -> str:
    return f"line {mark.line + 1}, column {mark.column + 1}"


def _shown(node: yaml.Node) -> str:
    return str(node.value)[:80]


def _seen(node: yaml.Node) -> str:
    if isinstance(node, yaml.ScalarNode):
        return f"found '{_shown(node)}'"
    return "found a mapping" if isinstance(node, yaml.MappingNode) else "found a list"

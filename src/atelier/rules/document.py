"""A YAML document whose values know where they stand, so that an error can name file, line and place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import yaml

from atelier.errors import RulesError


@dataclass(frozen=True)
class Value:
    """One value of a document."""

    node: yaml.Node
    file: str
    place: str
    """'slots.top.category'; '' for the whole document."""

    def wrong(self, message: str) -> NoReturn:
        """Raise RulesError: file, line, place and message."""
        place = f"{self.place}: " if self.place else ""
        raise RulesError(f"{self.file}, line {self.node.start_mark.line + 1}: {place}{message}")

    @property
    def is_mapping(self) -> bool:
        return isinstance(self.node, yaml.MappingNode)

    @property
    def is_list(self) -> bool:
        return isinstance(self.node, yaml.SequenceNode)

    def mapping(self, known: tuple[str, ...] | None = None, what: str = "key") -> dict[str, Value]:
        """The values by key. Wrong: no mapping, a key that stands twice or that is not `known`."""
        if not isinstance(self.node, yaml.MappingNode):
            self.wrong(f"expected a mapping, {_seen(self.node)}")
        found: dict[str, Value] = {}
        for key_node, value_node in self.node.value:
            key = str(key_node.value)
            inner = Value(value_node, self.file, f"{self.place}.{key}".lstrip("."))
            if key in found:
                inner.wrong("stands there twice")
            if known is not None and key not in known:
                inner.wrong(f"unknown {what} '{key}' (known: {', '.join(known)})")
            found[key] = inner
        return found

    def items(self) -> Iterator[Value]:
        """The members of a list."""
        if not isinstance(self.node, yaml.SequenceNode):
            self.wrong(f"expected a list, {_seen(self.node)}")
        for position, node in enumerate(self.node.value):
            yield Value(node, self.file, f"{self.place}[{position}]")

    def one_or_more(self) -> list[Value]:
        """The members of a list, or the one value that stands there without one."""
        return list(self.items()) if self.is_list else [self]

    def plain(self) -> Any:
        """A scalar as YAML reads it: text, number, true or false, None."""
        if not isinstance(self.node, yaml.ScalarNode):
            self.wrong(f"expected one value, {_seen(self.node)}")
        return yaml.safe_load(yaml.serialize(self.node))

    def text(self) -> str:
        """A text as it is written: `No` and `12` are texts here."""
        value = self.plain()
        if value is None or not str(self.node.value).strip():
            self.wrong("expected a text, found nothing")
        return str(self.node.value)

    def text_or_none(self) -> str | None:
        return None if self.plain() is None else self.text()

    def number(self) -> float:
        value = self.plain()
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.wrong(f"expected a number, found '{self.node.value}'")
        return float(value)

    def whole_number(self, low: int, high: int) -> int:
        value = self.number()
        if value != int(value) or not low <= value <= high:
            self.wrong(f"expected a whole number from {low} to {high}, found {self.node.value}")
        return int(value)


def read_document(path: Path) -> Value:
    """The document in a file. RulesError: no such file, not UTF-8, not YAML, empty, or more than one."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise RulesError(f"{path} does not exist; `atelier rules list` shows the ready-made ones") from None
    except (OSError, UnicodeDecodeError) as error:
        raise RulesError(f"{path} cannot be read: {error}") from error
    return parse_document(text, str(path))


def parse_document(text: str, file: str) -> Value:
    """The document in a text; `file` is what errors call it."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise RulesError(f"{file}{line}: not YAML: {getattr(error, 'problem', None) or error}") from error
    if node is None:
        raise RulesError(f"{file} is empty; expected slots and sets (docs/reference/rules.md)")
    return Value(node, file, "")


def _seen(node: yaml.Node) -> str:
    if isinstance(node, yaml.ScalarNode):
        return f"found '{node.value}'"
    return "found a mapping" if isinstance(node, yaml.MappingNode) else "found a list"

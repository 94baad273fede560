"""A document, YAML 1.2 or JSON, whose values know where they stand: errors name line, column and place.

A room that reads documents has a `Value` of its own, with its error, its words and its kinds of scalars.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, NoReturn, Self

import yaml

from atelier.errors import AtelierError
from atelier.yaml12 import Scalar, compose, plain_value


@dataclass(frozen=True)
class DocumentValue:
    """One value of a document: a mapping, a list or a scalar."""

    error: ClassVar[type[AtelierError]]
    """Raised by `wrong`."""
    language: ClassVar[str] = "YAML"
    """Its name in errors."""
    mapping_word: ClassVar[str] = "a mapping"
    """The language's name of a mapping."""

    node: yaml.Node
    file: str
    place: str
    """'slots.top.category', 'boxes[2].slots'; '' for the whole document."""

    @classmethod
    def parse(cls, text: str, file: str) -> Self | None:
        """Parse the document in a text; None for an empty one. `file` is its name in errors.

        `error`: it is not the language, too deep or too large, with line and column.
        """
        try:
            node = compose(text)
        except yaml.reader.ReaderError as error:
            before = text[: error.position]
            line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
            raise cls.error(
                f"{file}, line {line}, column {column}: not {cls.language} we can read: {error.reason}"
            ) from error
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            where = f", {_position(mark)}" if mark else ""
            raise cls.error(
                f"{file}{where}: not {cls.language} we can read: {error.problem or error}"
            ) from error
        return None if node is None else cls(node, file, "")

    def wrong(self, message: str) -> NoReturn:
        """Raise `error`: file, line, column, place and message."""
        place = f"{self.place}: " if self.place else ""
        raise self.error(f"{self.file}, {_position(self.node.start_mark)}: {place}{message}")

    @property
    def is_mapping(self) -> bool:
        return isinstance(self.node, yaml.MappingNode)

    @property
    def is_list(self) -> bool:
        return isinstance(self.node, yaml.SequenceNode)

    @property
    def shown(self) -> str:
        """The value as an error quotes it."""
        if isinstance(self.node, yaml.ScalarNode):
            return f"'{str(self.node.value)[:80]}'"
        return self.mapping_word if self.is_mapping else "a list"

    def mapping(self, known: tuple[str, ...] | None = None, what: str = "key") -> dict[str, Self]:
        """Return the values by key. Wrong: no mapping, a key that stands twice or that is not `known`."""
        if not isinstance(self.node, yaml.MappingNode):
            self.wrong(f"expected {self.mapping_word}, found {self.shown}")
        found: dict[str, Self] = {}
        for key_node, value_node in self.node.value:
            key = self._at(key_node, self.place).key()
            place = f"{self.place}.{key}".lstrip(".")
            if key in found:
                self._at(key_node, place).wrong("stands there twice")
            if known is not None and key not in known:
                self._at(key_node, place).wrong(f"unknown {what} '{key}' (known: {', '.join(known)})")
            found[key] = self._at(value_node, place)
        return found

    def items(self, least: int = 0) -> list[Self]:
        """List the members of a list. Wrong: no list, or fewer than `least`."""
        if not isinstance(self.node, yaml.SequenceNode):
            self.wrong(f"expected a list, found {self.shown}")
        if len(self.node.value) < least:
            self.wrong(f"expected at least {least}, found {len(self.node.value)}")
        return [self._at(node, f"{self.place}[{position}]") for position, node in enumerate(self.node.value)]

    def key(self) -> str:
        """Return a key of a mapping, as it is written."""
        if not isinstance(self.node, yaml.ScalarNode) or not self.node.value.strip():
            self.wrong(f"expected a word as key, found {self.shown}")
        if self.node.value == "<<" and self.node.style is None:
            self.wrong("YAML 1.2 has no merge key '<<'; write the keys out")
        return str(self.node.value)

    def plain(self) -> Scalar:
        """Read a scalar as YAML 1.2 and JSON do: text, number, true or false, None."""
        if not isinstance(self.node, yaml.ScalarNode):
            self.wrong(f"expected one value, found {self.shown}")
        try:
            return plain_value(self.node)
        except ValueError as error:
            self.wrong(str(error))

    def number(self) -> float:
        """Return a number; infinity for one that no float holds."""
        value = self.plain()
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.wrong(f"expected a number, found {self.shown}")
        try:
            return float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf

    def _at(self, node: yaml.Node, place: str) -> Self:
        return type(self)(node, self.file, place)


def _position(mark: yaml.Mark) -> str:
    return f"line {mark.line + 1}, column {mark.column + 1}"

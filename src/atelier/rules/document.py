"""A rule file as YAML 1.2: texts as they are written, finite numbers, one value or a list of them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import ClassVar

from atelier.document import DocumentValue
from atelier.errors import RulesError


class Value(DocumentValue):
    """One value of a rule file."""

    error: ClassVar = RulesError

    def one_or_more(self) -> list[Value]:
        """List the members of a list, or the one value that stands there without one."""
        return self.items() if self.is_list else [self]

    def text(self) -> str:
        """Return a text as it is written: `No` and `12` are texts here."""
        value = self.plain()
        if value is None or not str(self.node.value).strip():
            self.wrong("expected a text, found nothing")
        return str(self.node.value)

    def text_or_none(self) -> str | None:
        return None if self.plain() is None else self.text()

    def number(self) -> float:
        """Return a finite number."""
        value = super().number()
        if not math.isfinite(value):
            self.wrong(f"expected a finite number, found {self._written}; for no limit, leave it out")
        return value

    def whole_number(self, low: int, high: int) -> int:
        value = self.number()
        if value != int(value) or not low <= value <= high:
            self.wrong(f"expected a whole number from {low} to {high}, found {self._written}")
        return int(value)

    @property
    def _written(self) -> str:
        return str(self.node.value)[:80]


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
    document = Value.parse(text, file)
    if document is None:
        raise RulesError(f"{file} is empty; expected slots and sets (docs/reference/rules.md)")
    return document

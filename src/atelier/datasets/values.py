"""From the loose values of a file to a typed row: text of a CSV cell, or a plain value from Parquet."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping
from typing import Any

from atelier.datasets.tables import Row, column_types
from atelier.vocabulary import ROW_CLASSES

_SEPARATORS = {"categories": ";"}
"""Between the texts of a list in a CSV cell; blanks where a column is not named here, for ids have none."""
_TRUTH = {"true": True, "1": True, "false": False, "0": False}


def to_row(table: str, values: Mapping[str, Any]) -> Row:
    """Build the table's row; an absent or empty value is `None`.

    Raises ValueError, worded for a reader, at the first value that is missing or has the wrong type. Whether
    a value is in its range is a matter for the contracts.
    """
    return ROW_CLASSES[table](
        **{
            column: _convert(column, kind, optional, values.get(column))
            for column, (kind, optional) in column_types(table).items()
        }
    )


def _convert(column: str, kind: Any, optional: bool, value: Any) -> Any:
    if isinstance(value, str):
        value = checked_text(column, value).strip()
    if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
        if optional:
            return None
        raise ValueError(f"{column} is empty; expected a value")
    if kind is str:
        return _text(column, value)
    if kind is int:
        return _integer(column, value)
    if kind is float:
        return _number(column, value)
    if kind is bool:
        return _truth(column, value)
    return _texts(column, value)


def checked_text(column: str, text: str) -> str:
    """Compose a text (NFC), so that two ways to write an id name one row. ValueError: it is no Unicode."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{column} holds bytes that are not UTF-8: {ascii(text)[:80]}") from None
    if "\0" in text:
        raise ValueError(f"{column} holds NUL bytes: {ascii(text)[:80]}")
    return unicodedata.normalize("NFC", text)


def _text(column: str, value: Any) -> str:
    if isinstance(value, str | int) and not isinstance(value, bool):
        return str(value)
    raise ValueError(f"{column} is {str(value)[:80]!r}; expected text")


def _integer(column: str, value: Any) -> int:
    number = _number(column, value)
    if number != int(number) or abs(number) > 2**53:
        raise ValueError(f"{column} is {str(value)[:80]!r}; expected a whole number")
    return int(number)


def _number(column: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if isinstance(value, bool) or not math.isfinite(number):
        raise ValueError(f"{column} is {str(value)[:80]!r}; expected a number")
    return number


def _truth(column: str, value: Any) -> bool:
    truth = value if isinstance(value, bool) else _TRUTH.get(str(value).lower())
    if truth is None:
        raise ValueError(f"{column} is {str(value)[:80]!r}; expected true or false")
    return truth


def _texts(column: str, value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        separator = _SEPARATORS.get(column)
        return tuple(filter(None, map(str.strip, value.split(separator))))
    if isinstance(value, list | tuple) and all(isinstance(text, str) for text in value):
        return tuple(checked_text(column, text) for text in value)
    raise ValueError(f"{column} is {str(value)[:80]!r}; expected a list of texts")

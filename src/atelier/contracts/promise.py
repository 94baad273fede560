"""The words in which a table's contract is written: each makes one `Promise`.

A contract is a list of promises that a reader takes in at a glance. `validation.py` turns each into one
expectation of Great Expectations. Where that library has no word for a promise (a box that lies inside its
picture), `holds` says which rows keep it, and the expectation is that all do.

A missing value breaks `present` and nothing else: every other promise speaks of the values that are there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

import pandas as pd


@dataclass(frozen=True)
class KnownKeys:
    """Keys of rows that were accepted before, to which a new drop may refer."""

    items: frozenset[str] = frozenset()
    photos: frozenset[str] = frozenset()
    outfits: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Surroundings:
    """The rows that a row may refer to: the good rows of the tables before its own, and accepted rows."""

    good: Mapping[str, pd.DataFrame]
    known: KnownKeys


Holds = Callable[[pd.DataFrame, Surroundings], "pd.Series[bool]"]


@dataclass(frozen=True)
class Promise:
    """One thing that a table promises about one or several of its columns."""

    columns: tuple[str, ...]
    """The columns it speaks of; a broken promise shows their values."""
    expected: str
    """What was expected, as the end of a reason: 'a number from 0 to 5'."""
    expectation: str
    """The expectation's class in `great_expectations.expectations`."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """Its arguments, less the column."""
    holds: Holds | None = None
    """Which rows keep it, for a promise that the library has no word for."""
    of_raw_values: bool = False
    """`holds` sees the rows as they came, not with values of a wrong type left out."""
    only_warns: bool = False
    """Shown in the report, but no row is bad because of it."""


def present(column: str) -> Promise:
    return Promise((column,), "a value", "ExpectColumnValuesToNotBeNull")


def mostly_present(column: str, share: float) -> Promise:
    """Warn where fewer rows than `share` have a value, unless none has: then the source lacks the column."""

    def holds(rows: pd.DataFrame, _: Surroundings) -> pd.Series[bool]:
        missing = rows[column].isna()
        return ~missing | bool(missing.all() or (~missing).mean() >= share)

    expected = f"a value in at least {share:.0%} of the rows, or in none"
    return replace(promised((column,), expected, holds), only_warns=True)


def unique(*columns: str) -> Promise:
    """Require that the columns together name one row. The first row of a name stays, those after it are
    bad.
    """
    expected = "a name of its own: an earlier row has this one"
    if len(columns) == 1:
        return Promise(columns, expected, "ExpectColumnValuesToBeUnique")
    return Promise(columns, expected, "ExpectCompoundColumnsToBeUnique")


def one_line(column: str, longest: int = 200) -> Promise:
    """Require a text in any script: not blank, no control characters."""
    pattern = rf"\A *[^\x00-\x20\x7f][^\x00-\x1f\x7f]{{0,{longest - 1}}}\Z"
    return matches(column, pattern, f"one line of 1 to {longest} printable characters")


def matches(column: str, pattern: str, expected: str) -> Promise:
    return Promise((column,), expected, "ExpectColumnValuesToMatchRegex", {"regex": pattern})


def one_of(column: str, values: Sequence[str]) -> Promise:
    return Promise(
        (column,), f"one of {', '.join(values)}", "ExpectColumnValuesToBeInSet", {"value_set": list(values)}
    )


def between(column: str, lowest: float, highest: float | None = None, *, above: bool = False) -> Promise:
    """Require a number from `lowest` (excluded where `above`) to `highest`."""
    expected = f"a number {'above' if above else 'from'} {lowest}"
    expected += "" if highest is None else f" to {highest}"
    limits = {"min_value": lowest, "max_value": highest, "strict_min": above}
    return Promise((column,), expected, "ExpectColumnValuesToBeBetween", limits)


def refers_to(column: str, table: Literal["items", "photos", "outfits"]) -> Promise:
    """Require that the row of a value is accepted: with this drop, or before."""
    key = f"{table[:-1]}_id"

    def holds(rows: pd.DataFrame, around: Surroundings) -> pd.Series[bool]:
        accepted = set(around.good[table][key]) | getattr(around.known, table)
        return rows[column].isna() | rows[column].isin(accepted)

    return promised((column,), f"the id of one of the {table} accepted with this drop or before", holds)


def promised(columns: tuple[str, ...], expected: str, holds: Holds) -> Promise:
    """Define a promise by a function: `holds` selects the rows that keep it."""
    return Promise(columns, expected, "ExpectColumnValuesToBeInSet", {"value_set": [True]}, holds)


def moment_in_utc(column: str) -> Promise:
    def holds(rows: pd.DataFrame, _: Surroundings) -> pd.Series[bool]:
        values = rows[column].astype(object)
        return values.map(lambda text: not isinstance(text, str) or _is_utc(text)).astype(bool)

    return promised((column,), "a moment in ISO 8601 and UTC, such as 2026-03-01T09:30:00Z", holds)


def _is_utc(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).utcoffset() == timedelta(0)
    except ValueError:
        return False


BOX = ("x0", "y0", "x1", "y1")


def whole_box() -> Promise:
    """Require all four corners or none, with positive sides."""

    def holds(rows: pd.DataFrame, _: Surroundings) -> pd.Series[bool]:
        absent = rows[list(BOX)].isna()
        upright = (rows.x0 < rows.x1) & (rows.y0 < rows.y1)
        return absent.all(axis=1) | (~absent.any(axis=1) & upright)

    return promised(BOX, "a box with x0 < x1 and y0 < y1, or four empty values", holds)


def inside(rows: pd.DataFrame, width: pd.Series[float], height: pd.Series[float]) -> pd.Series[bool]:
    """Test which boxes are inside pictures of that size in pixels; a row without box or size passes."""
    too_wide = rows.x1.fillna(0) > width.astype("float64").fillna(float("inf"))
    too_high = rows.y1.fillna(0) > height.astype("float64").fillna(float("inf"))
    return ~(too_wide | too_high | (rows.x0.fillna(0) < 0) | (rows.y0.fillna(0) < 0))

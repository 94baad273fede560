"""The columns and types of every table, from the fields of its class in `vocabulary`."""

from __future__ import annotations

import math
import types
import typing
from collections.abc import Callable
from dataclasses import fields, replace
from numbers import Real

import pandas as pd

from atelier.contracts.promise import Promise, Surroundings, present, promised
from atelier.errors import ContractError
from atelier.vocabulary import ROW_CLASSES


def check_columns(table: str, rows: pd.DataFrame) -> None:
    """Check the columns of `table`, no more and no fewer, in any order; ContractError names those that
    differ.
    """
    expected, seen = [field.name for field in fields(ROW_CLASSES[table])], list(rows.columns)
    missing = [name for name in expected if name not in seen]
    unknown = [name for name in seen if name not in expected]
    twice = sorted({str(name) for name in seen if seen.count(name) > 1})
    if missing or unknown or twice:
        raise ContractError(
            f"{table}: expected the columns {', '.join(expected)}; "
            f"missing: {_listed(missing)}, unknown: {_listed(unknown)}, there twice: {_listed(twice)}. "
            f"Rename or remove columns in the drop; docs/reference/drop-layout.md lists them."
        )


def schema_promises(table: str) -> list[Promise]:
    """Require that required values exist, and that every value has its column's type."""
    promises = [present(name) for name, (_, required) in _column_types(table).items() if required]
    return promises + [_typed_promise(name, kind) for name, (kind, _) in _column_types(table).items()]


def typed(table: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Return `rows` with values of a wrong type left out, so that the other promises need not expect them.

    Numbers come as float64 with NaN for a missing one, everything else as objects with None.
    """
    columns = {}
    for name, (kind, _) in _column_types(table).items():
        kept = rows[name].astype(object).where(_has_type(rows[name], kind) & rows[name].notna(), None)
        columns[name] = kept.astype("float64") if kind in (int, float) else kept
    return pd.DataFrame(columns, index=rows.index)


def _column_types(table: str) -> dict[str, tuple[type, bool]]:
    """Column -> its type, and whether every row must have a value."""
    hints = typing.get_type_hints(ROW_CLASSES[table])
    result = {}
    for name, hint in hints.items():
        options = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
        kind = next(option for option in options if option is not type(None))
        result[name] = (typing.get_origin(kind) or kind, type(None) not in options)
    return result


NAMES: dict[type, str] = {
    str: "text",
    int: "a whole number",
    float: "a finite number",
    bool: "true or false",
    tuple: "a list of texts",
}


def _typed_promise(column: str, kind: type) -> Promise:
    def holds(rows: pd.DataFrame, _: Surroundings) -> pd.Series[bool]:
        return _has_type(rows[column], kind)

    return replace(promised((column,), NAMES[kind], holds), of_raw_values=True)


def _has_type(values: pd.Series[typing.Any], kind: type) -> pd.Series[bool]:
    fits = _FITS[kind]
    return values.isna() | pd.Series([fits(value) for value in values], index=values.index, dtype=bool)


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def _is_list_of_texts(value: object) -> bool:
    return (
        not isinstance(value, str) and hasattr(value, "__iter__") and all(isinstance(v, str) for v in value)
    )


_FITS: dict[type, Callable[[typing.Any], bool]] = {
    str: lambda value: isinstance(value, str),
    int: lambda value: _is_number(value) and float(value).is_integer(),
    float: _is_number,
    bool: pd.api.types.is_bool,
    tuple: _is_list_of_texts,
}


def _listed(names: list[str]) -> str:
    return ", ".join(map(str, names)) or "none"

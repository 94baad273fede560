"""Columns and types of tables follow from their classes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from contracts_world import CLICK, ITEM, OUTFIT, around, broken, frame

from atelier.contracts.schema import check_columns, schema_promises, typed
from atelier.errors import ContractError
from atelier.vocabulary import ROW_CLASSES


def test_columns_may_come_in_any_order_and_others_are_named() -> None:
    rows = frame([ITEM])
    check_columns("items", rows[rows.columns[::-1]])
    other = rows.rename(columns={"colour": "color"})
    with pytest.raises(ContractError, match="missing: colour, unknown: color, there twice: none"):
        check_columns("items", other)
    with pytest.raises(ContractError, match="there twice: title"):
        check_columns("items", pd.concat([rows, rows[["title"]]], axis=1))


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("title", 7, "text"),
        ("year", 2011.5, "a whole number"),
        ("year", True, "a whole number"),
        ("price", float("inf"), "a finite number"),
        ("price", "12", "a finite number"),
    ],
)
def test_a_value_of_another_type_is_told_and_left_out(column: str, value: object, expected: str) -> None:
    rows = frame([ITEM])
    rows[column] = pd.Series([value], dtype=object)
    told = [p.expected for p in schema_promises("items") if p.holds and not p.holds(rows, around()).all()]
    assert told == [expected]
    assert typed("items", rows)[column].isna().all()


def test_good_rows_break_nothing_and_keep_their_values() -> None:
    assert broken("items", schema_promises("items"), [ITEM], around()) == [[]]
    assert broken("outfits", schema_promises("outfits"), [OUTFIT], around()) == [[]]
    assert broken("clicks", schema_promises("clicks"), [CLICK], around()) == [[]]
    assert typed("outfits", frame([OUTFIT])).item_ids.iat[0] == ("i1", "i2")


def test_numbers_come_as_floats_with_nan_and_all_else_as_objects_with_none() -> None:
    checked = typed("items", frame([ITEM]))
    assert checked.price.dtype == np.float64
    assert checked.gender.dtype == object
    assert checked.gender.iat[0] is None


@pytest.mark.parametrize("table", sorted(ROW_CLASSES))
def test_what_every_row_must_have_is_promised_present(table: str) -> None:
    present = {p.columns[0] for p in schema_promises(table) if p.expected == "a value"}
    required = {name for name, hint in ROW_CLASSES[table].__annotations__.items() if "None" not in str(hint)}
    assert present == required

"""Promises go through the real library: each broken one comes back with the positions of its rows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
from contracts_world import ITEM, around, frame

from atelier.contracts.promise import between, one_of, present, promised, unique
from atelier.contracts.validation import ContractValidation, show


def test_every_broken_promise_names_the_positions_of_its_rows(tmp_path: Path) -> None:
    cheap = promised(("price",), "a fair price", lambda rows, _: ~(rows.price > 50))
    promises = [present("title"), unique("item_id"), between("price", 0), one_of("gender", ["Men"]), cheap]
    rows = [
        replace(ITEM, price=1.0),
        replace(ITEM, item_id="i2", price=-1.0, gender="Women"),
        replace(ITEM, price=99.0),
    ]
    validation = ContractValidation(tmp_path / "docs")
    broken = validation.run("items", frame(rows), promises, around())
    assert {(each.promise.expected, tuple(each.rows)) for each in broken} == {
        (unique("item_id").expected, (0, 2)),
        ("a number from 0", (1,)),
        ("one of Men", (1,)),
        ("a fair price", (2,)),
    }
    validation.write_docs()
    page = next((tmp_path / "docs").rglob("validations/items/**/*.html")).read_text()
    assert "price=99.0" in page


def test_values_are_shown_as_a_reader_sees_them() -> None:
    rows = pd.DataFrame(
        {"a": ["it's", None], "b": [1.5, float("nan")], "c": ["x" * 200, ("p", "q")]}, dtype=object
    )
    promise = promised(("a", "b", "c"), "", lambda frame, _: frame.a.notna())
    assert show(rows, 0, promise) == "a=\"it's\", b=1.5, c='" + "x" * 76 + "..."
    assert show(rows, 1, promise) == "a=missing, b=missing, c=('p', 'q')"

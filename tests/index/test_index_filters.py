"""Filters are exact, and an unknown value is refused with a near one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from index_world import (
    build_index,
    catalogue,
    vector_of,
)

from atelier.errors import QueryError
from atelier.index.filters import ItemFilters
from atelier.index.query import IndexReader
from atelier.index.schema import IndexItem
from atelier.settings import Settings

ITEMS = catalogue(60)
QUERY = vector_of("0123456789")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(home=tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def reader(settings: Settings) -> IndexReader:
    return IndexReader.open(settings, build_index(settings, ITEMS).version)


def expected(items: list[IndexItem], k: int) -> list[str]:
    """The obvious slow search."""
    scores = {row.item.item_id: float(vector_of(row.picture_sha256) @ QUERY) for row in items}
    return sorted(scores, key=lambda item_id: (-scores[item_id], item_id))[:k]


def found(reader: IndexReader, **filters: object) -> list[str]:
    return [hit.item_id for hit in reader.search(QUERY, 10, **filters)]  # type: ignore[arg-type]


def test_filters_cost_no_recall(reader: IndexReader) -> None:
    """Each filtered answer is the best of those that pass, also where the unfiltered best do not."""

    def passing(wanted: object) -> list[IndexItem]:
        return [row for row in ITEMS if wanted(row.item)]  # type: ignore[operator]

    assert found(reader, categories=["Jeans"]) == expected(passing(lambda i: i.category == "Jeans"), 10)
    assert found(reader, categories=("Jeans", "Watches")) == expected(
        passing(lambda i: i.category in ("Jeans", "Watches")), 10
    )
    assert found(reader, max_price=5) == expected(passing(lambda i: i.price <= 5), 6)
    assert found(reader, in_stock=True) == expected(passing(lambda i: i.stock > 0), 10)
    assert found(reader, gender="Women") == expected(passing(lambda i: i.gender == "Women"), 10)
    assert found(reader, gender="Women", in_stock=True, max_price=20, categories=["Jeans"]) == expected(
        passing(lambda i: i.gender and i.stock > 0 and i.price <= 20 and i.category == "Jeans"), 10
    )


def test_a_filter_that_nothing_passes_gives_no_hits(reader: IndexReader) -> None:
    assert reader.search(QUERY, 5, max_price=-1) == []
    assert reader.search(QUERY, 5, categories=[]) == []


def test_an_unknown_category_is_refused_with_a_near_one(reader: IndexReader) -> None:
    with pytest.raises(QueryError, match="'Jean'; expected one of 4 values, such as Jeans"):
        reader.search(QUERY, 5, categories=["Jean"])
    with pytest.raises(QueryError, match="gender: no item has 'x'"):
        reader.search(QUERY, 5, gender="x")


FACTS = pa.table(
    {
        "category": ["Jeans", "Shirts", None, "Jeans"],
        "gender": ["Women", None, "Men", "Men"],
        "season": pa.array([None, None, None, None], pa.string()),
        "price": [10.0, None, 30.0, 40.0],
        "stock": pa.array([0, 5, None, 2], pa.int64()),
    }
)


@pytest.mark.parametrize(
    ("asked", "rows"),
    [
        ({"categories": ["Jeans"]}, [0, 3]),
        ({"categories": ["Shirts", "Jeans"]}, [0, 1, 3]),
        ({"categories": []}, []),
        ({"gender": "Men"}, [2, 3]),
        ({"max_price": 30.0}, [0, 2]),
        ({"in_stock": True}, [1, 3]),
        ({"categories": ["Jeans"], "gender": "Men", "in_stock": True}, [3]),
    ],
)
def test_what_is_not_known_passes_no_filter_on_it(asked: dict[str, object], rows: list[int]) -> None:
    selection = ItemFilters(FACTS).selection(**asked)  # type: ignore[arg-type]
    assert selection is not None
    assert selection.rows.tolist() == rows


def test_no_filter_selects_nothing_and_the_same_filter_is_made_once() -> None:
    filters = ItemFilters(FACTS)
    assert filters.selection() is None
    first = filters.selection(categories=["Jeans", "Shirts"])
    assert filters.selection(categories=("Shirts", "Jeans", "Jeans")) is first


def test_the_known_values_are_those_of_some_row() -> None:
    filters = ItemFilters(FACTS)
    assert filters.known == {"category": ["Jeans", "Shirts"], "gender": ["Men", "Women"], "season": []}
    with pytest.raises(QueryError, match="season: no item has 'Fall'; expected one of 0 values"):
        filters.selection(season="Fall")


def test_filters_agree_with_a_walk_through_the_rows() -> None:
    rng = np.random.default_rng(0)
    kinds = ["Jeans", "Shirts", "Bags"]
    rows: list[dict[str, Any]] = [
        {
            "category": [*kinds, None][rng.integers(4)],
            "gender": ["Women", "Men", None][rng.integers(3)],
            "season": "Fall",
            "price": float(rng.integers(100)) if rng.random() < 0.9 else None,
            "stock": int(rng.integers(-1, 3)),
        }
        for _ in range(300)
    ]
    filters = ItemFilters(pa.Table.from_pylist(rows))
    selection = filters.selection(["Jeans", "Bags"], "Women", "Fall", 50.0, True)
    assert selection is not None
    assert selection.rows.tolist() == [
        number
        for number, row in enumerate(rows)
        if row["category"] in ("Jeans", "Bags")
        and row["gender"] == "Women"
        and row["price"] is not None
        and row["price"] <= 50
        and row["stock"] > 0
    ]

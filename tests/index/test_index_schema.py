"""Contracts and rows as the index sees them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from index_world import CONTRACT, DIMENSION, OTHER_CONTRACT, build_index, catalogue

from atelier.errors import EmbeddingContractError
from atelier.index.schema import (
    FACTS,
    ContractText,
    content_key,
    facts_schema,
    picture_schema,
    table_schema,
    wanted_rows,
)
from atelier.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


def test_a_contract_without_dimension_is_refused(settings: Settings) -> None:
    with pytest.raises(EmbeddingContractError, match="dimension"):
        build_index(settings, catalogue(4), contract="{}")


CONTRACT_TEXT = ContractText(CONTRACT)


def test_a_contract_is_known_by_its_text_and_says_its_dimensions() -> None:
    assert CONTRACT_TEXT.dimension == DIMENSION
    assert CONTRACT_TEXT.relevance_dimension == 0
    assert ContractText(json.dumps({"dimension": 8, "relevance_dimension": 4})).relevance_dimension == 4
    assert CONTRACT_TEXT.digest != ContractText(CONTRACT + " ").digest


@pytest.mark.parametrize(
    "text", ["", "[]", "null", '{"dimension": "wide"}', '{"dimension": 0}', '{"dimension": null}']
)
def test_a_contract_that_does_not_say_its_dimension_is_refused(text: str) -> None:
    with pytest.raises(EmbeddingContractError, match="dimension"):
        _ = ContractText(text).dimension


def test_every_fact_of_an_item_but_its_split_has_a_column() -> None:
    schema = facts_schema()
    assert tuple(schema.names) == FACTS
    assert "split" not in FACTS
    assert not schema.field("item_id").nullable
    assert schema.field("gender").nullable
    assert schema.field("price").type == pa.float64()


def test_a_second_vector_is_kept_in_half_precision_where_there_is_one() -> None:
    two = ContractText(json.dumps({"dimension": 8, "relevance_dimension": 4}))
    assert "relevance" not in picture_schema(CONTRACT_TEXT).names
    assert picture_schema(two).field("relevance").type == pa.list_(pa.float16(), 4)
    assert table_schema(two).metadata == {b"contract": two.text.encode()}


def test_rows_keep_order_and_facts() -> None:
    items = catalogue(3)
    rows = wanted_rows(items[::-1])
    assert rows["item_id"].to_pylist() == ["00002", "00001", "00000"]
    assert rows["gender"].to_pylist() == [None, "Women", None]
    assert rows["picture_sha256"].to_pylist() == [row.picture_sha256 for row in items[::-1]]


def test_equal_content_has_equal_keys_and_any_change_another() -> None:
    items = catalogue(5)
    rows = wanted_rows(items)
    key = content_key(rows, CONTRACT_TEXT, "d1", "")
    assert len(key) == 16
    assert content_key(wanted_rows(catalogue(5)), CONTRACT_TEXT, "d1", "") == key
    dearer = [replace(items[0], item=replace(items[0].item, price=1.5)), *items[1:]]
    redrawn = [replace(items[0], picture_sha256="0" * 64), *items[1:]]
    others = {
        content_key(wanted_rows(dearer), CONTRACT_TEXT, "d1", ""),
        content_key(wanted_rows(redrawn), CONTRACT_TEXT, "d1", ""),
        content_key(wanted_rows(items[:4]), CONTRACT_TEXT, "d1", ""),
        content_key(rows, ContractText(OTHER_CONTRACT), "d1", ""),
        content_key(rows, CONTRACT_TEXT, "d2", ""),
        content_key(rows, CONTRACT_TEXT, "d1", "w"),
    }
    assert len(others | {key}) == 7


def test_keys_do_not_depend_on_how_rows_lie_in_chunks() -> None:
    rows = wanted_rows(catalogue(5))
    pieces = pa.concat_tables([rows.slice(0, 2), rows.slice(2)])
    assert content_key(pieces, CONTRACT_TEXT, "d1", "") == content_key(rows, CONTRACT_TEXT, "d1", "")
    assert np.array_equal(pieces["price"].to_numpy(), rows["price"].to_numpy())

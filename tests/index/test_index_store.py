"""A version opens pinned, or is refused by name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from index_world import (
    build_index,
    catalogue,
    vector_of,
)

from atelier.errors import CatalogueIndexError, QueryError
from atelier.index.query import IndexReader
from atelier.index.retention import drop_all_but
from atelier.index.schema import IndexVersion
from atelier.index.store import (
    connect,
    find_table,
    open_version,
    read_facts,
    read_relevance,
    read_rows,
    require_verified,
    rows_by_item,
    seems_present,
)
from atelier.settings import Settings

ITEMS = catalogue(60)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(home=tmp_path_factory.mktemp("home"))


def test_a_collected_or_changed_index_is_refused_by_name(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    version = build_index(settings, ITEMS).version
    connect(settings).open_table(version.table).delete("item_id = '00001'")
    assert len(IndexReader.open(settings, version)) == len(ITEMS)  # pinned: the deletion is a later version
    drop_all_but(settings, [])
    with pytest.raises(CatalogueIndexError, match=f"{version.table} is gone"):
        IndexReader.open(settings, version)


@pytest.fixture(scope="module")
def version(settings: Settings) -> IndexVersion:
    return build_index(settings, ITEMS[::-1]).version


def test_rows_come_in_the_order_of_their_ids_with_their_own_vectors(
    settings: Settings, version: IndexVersion
) -> None:
    rows = read_rows(open_version(settings, version))
    ids = rows.facts["item_id"].to_pylist()
    assert ids == sorted(ids) == [row.item.item_id for row in ITEMS]
    np.testing.assert_array_equal(rows.vectors_ND, [vector_of(row.picture_sha256) for row in ITEMS])
    assert rows.relevance_NR is None
    assert rows.read_thumbnail(7) == f"thumbnail of {ITEMS[7].picture_sha256}".encode()


def test_facts_are_read_by_condition(settings: Settings, version: IndexVersion) -> None:
    assert read_facts(settings, version).num_rows == 60
    some = read_facts(settings, version, "gender = 'Women' AND price < 6")
    assert some["item_id"].to_pylist() == ["00001", "00003", "00005"]


@pytest.mark.parametrize("where", ["price <", "no_such_column = 1", "1; DROP TABLE x"])
def test_a_wrong_condition_is_refused_with_an_example(
    settings: Settings, version: IndexVersion, where: str
) -> None:
    with pytest.raises(QueryError, match="expected a condition on item_id"):
        read_facts(settings, version, where)


def test_a_condition_that_no_item_meets_is_refused(settings: Settings, version: IndexVersion) -> None:
    with pytest.raises(QueryError, match="no item of index"):
        read_facts(settings, version, "price > 1000")


def test_a_version_without_second_vectors_says_so(settings: Settings, version: IndexVersion) -> None:
    with pytest.raises(CatalogueIndexError, match="no relevance vectors"):
        read_relevance(settings, version)


def test_an_unverified_version_does_not_go_live(settings: Settings, version: IndexVersion) -> None:
    with pytest.raises(CatalogueIndexError, match="was never verified"):
        require_verified(settings, version)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"table": "catalogue-none"}, "catalogue-none is gone"),
        ({"version": 999}, "no version 999 any more"),
        ({"rows": 61}, "expected 61 rows.*seen 60 rows"),
        ({"contract_digest": "0" * 64}, "under contract 000000000000"),
    ],
)
def test_a_version_that_is_not_what_it_says_is_refused(
    settings: Settings, version: IndexVersion, change: dict[str, object], message: str
) -> None:
    with pytest.raises(CatalogueIndexError, match=message):
        open_version(settings, replace(version, **change))  # type: ignore[arg-type]


def test_whether_a_version_is_there_is_told_without_opening_it(
    settings: Settings, version: IndexVersion
) -> None:
    assert seems_present(settings, version)
    assert not seems_present(settings, replace(version, version=999))
    assert not seems_present(settings, replace(version, table="none"))
    assert find_table(connect(settings), "none") is None


def test_items_are_compared_by_facts_and_picture(settings: Settings, version: IndexVersion) -> None:
    rows = rows_by_item(settings, version)
    assert sorted(rows) == [row.item.item_id for row in ITEMS]
    assert rows["00004"][-1] == ITEMS[4].picture_sha256
    assert 4.0 in rows["00004"]

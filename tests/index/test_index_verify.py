"""No index goes out that is incomplete, unsound, or does not find its own items."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import lance
import numpy as np
import pyarrow as pa
import pytest
from index_world import CATEGORIES, DIMENSION, CountingEncoder, build_index, catalogue, vector_of

from atelier.errors import CatalogueIndexError, IndexRejected
from atelier.index.query import IndexReader
from atelier.index.schema import Embedded, IndexItem, IndexVersion
from atelier.index.store import connect, require_verified
from atelier.index.verify import Bars, verify
from atelier.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


def counts(items: Sequence[IndexItem]) -> dict[str, int]:
    return Counter(row.item.category for row in items)


def test_a_sound_index_passes_and_may_go_live(settings: Settings) -> None:
    items = catalogue(300)
    version = build_index(settings, items).version
    with pytest.raises(CatalogueIndexError, match="never verified"):
        require_verified(settings, version)
    seen = verify(settings, version, counts(items))
    assert (seen.rows, seen.num_categories, seen.num_queries) == (300, 4, 256)
    assert (seen.recall_at_10, seen.approximate_recall_at_10, seen.worst_self_recall) == (1.0, None, 1.0)
    assert 0 < seen.search_p95_seconds < 0.25
    require_verified(settings, version)
    assert replace(verify(settings, version, counts(items)), search_p95_seconds=0) == replace(
        seen, search_p95_seconds=0
    )


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0, 2.0])
def test_a_damaged_vector_is_found(settings: Settings, value: float) -> None:
    items = catalogue(40)
    version = build_index(settings, items).version
    damaged = damage_vector(settings, version, 7, value)
    with pytest.raises(IndexRejected, match=r"1 vectors are not of length 1, such as that of item '00007'"):
        verify(settings, damaged, counts(items))
    with pytest.raises(CatalogueIndexError, match="never verified"):
        require_verified(settings, damaged)


def test_missing_rows_and_doubled_ids_are_named_together(settings: Settings) -> None:
    items = catalogue(40)
    version = build_index(settings, items).version
    damaged = damage(settings, version, "item_id = '00007'", {"item_id": "00008"})
    with pytest.raises(IndexRejected, match=r"40 rows, expected the catalogue's 41; 1 item ids occur twice"):
        verify(settings, damaged, counts(catalogue(41)))


def test_other_counts_of_a_category_are_found(settings: Settings) -> None:
    items = catalogue(40)
    version = build_index(settings, items).version
    moved = damage(settings, version, "item_id = '00000'", {"category": "Jeans"})
    with pytest.raises(IndexRejected, match="'Dresses' with 9 rows, expected 10"):
        verify(settings, moved, counts(items))


def test_a_category_whose_vectors_collapsed_is_found(settings: Settings) -> None:
    """All watches look the same to this encoder: an average over categories would hide it."""
    items = catalogue(100)
    watches = {row.picture_sha256 for row in items if row.item.category == CATEGORIES[3]}

    class Collapsed(CountingEncoder):
        def __call__(self, pictures: Sequence[str]) -> Embedded:
            embedded = super().__call__(pictures)
            rows = [row for row, picture in enumerate(pictures) if picture in watches]
            embedded.vectors[rows] = vector_of(sorted(watches)[0])
            return embedded

    version = build_index(settings, items, Collapsed()).version
    with pytest.raises(IndexRejected, match="only 40% of 'Watches' are found by their own picture"):
        verify(settings, version, counts(items))


class CollapsedAmong(CountingEncoder):
    """Embeds these pictures all alike, and every other one as it should."""

    def __init__(self, collapsed: set[str]) -> None:
        super().__init__()
        self.collapsed = collapsed

    def __call__(self, pictures: Sequence[str]) -> Embedded:
        embedded = super().__call__(pictures)
        rows = [row for row, picture in enumerate(pictures) if picture in self.collapsed]
        embedded.vectors[rows] = vector_of("0" * 64)
        return embedded


def test_of_a_small_change_searches_are_asked_about_the_change(settings: Settings) -> None:
    items = catalogue(800)
    whole = verify(settings, build_index(settings, items).version, counts(items))
    assert (whole.num_queries, whole.num_changed) == (256, None)
    more = catalogue(808)
    built = build_index(settings, more, data_version="d2")
    assert built.changes is not None
    seen = verify(settings, built.version, counts(more), changed=built.changes.upserted)
    assert (seen.num_queries, seen.num_changed, seen.recall_at_10) == (64, 8, 1.0)
    assert seen.worst_self_recall == 1.0
    require_verified(settings, built.version)


def test_few_new_items_whose_vectors_collapsed_are_found_in_a_large_category(settings: Settings) -> None:
    """Sixteen bad watches among 216: a random sample of 32 would rarely hold enough of them."""
    items = catalogue(800)
    verify(settings, build_index(settings, items).version, counts(items))
    new = [
        IndexItem(replace(row.item, category=CATEGORIES[3]), row.picture_sha256)
        for row in catalogue(16, first=800)
    ]
    built = build_index(
        settings,
        [*items, *new],
        CollapsedAmong({row.picture_sha256 for row in new}),
        data_version="d2",
    )
    assert built.changes is not None
    with pytest.raises(IndexRejected, match="of 'Watches' are found by their own picture"):
        verify(settings, built.version, counts([*items, *new]), changed=built.changes.upserted)
    with pytest.raises(CatalogueIndexError, match="never verified"):
        require_verified(settings, built.version)


def test_every_row_is_looked_at_also_where_only_a_change_is_examined(settings: Settings) -> None:
    items = catalogue(40)
    version = build_index(settings, items).version
    damaged = damage_vector(settings, version, 7, np.nan)
    with pytest.raises(IndexRejected, match=r"1 vectors are not of length 1"):
        verify(settings, damaged, counts(items), changed=[])
    with pytest.raises(IndexRejected, match=r"40 rows, expected the catalogue's 41"):
        verify(settings, version, counts(catalogue(41)), changed=[])


def test_duplicates_of_one_product_may_find_each_other(settings: Settings) -> None:
    same = [
        IndexItem(replace(row.item, category="Shirts", duplicate_group="7"), row.picture_sha256)
        for row in catalogue(30)
    ]

    class SameVector(CountingEncoder):
        def __call__(self, pictures: Sequence[str]) -> Embedded:
            embedded = super().__call__(pictures)
            embedded.vectors[:] = embedded.vectors[0]
            return embedded

    assert (
        verify(settings, build_index(settings, same, SameVector()).version, counts(same)).worst_self_recall
        == 1
    )


def test_the_approximate_index_of_a_large_table_is_held_against_exact_search(settings: Settings) -> None:
    items = catalogue(1_000)
    version = build_index(settings, items, approximate_from=1_000).version
    # 16 random dimensions are the worst case for one bit each: hence less than the default bar asks.
    bars = Bars(min_approximate_recall=0.5, num_queries=32)
    seen = verify(settings, version, counts(items), bars)
    assert seen.approximate_recall_at_10 is not None
    assert 0.5 <= seen.approximate_recall_at_10 < 1
    with pytest.raises(IndexRejected, match=r"recall_at_10 of the table .* expected at least 1\.01"):
        verify(settings, version, counts(items), replace(bars, min_approximate_recall=1.01))


def test_every_missed_bar_is_named(settings: Settings) -> None:
    items = catalogue(40)
    version = build_index(settings, items).version
    with pytest.raises(IndexRejected) as rejected:
        verify(settings, version, counts(items), Bars(min_recall=1.1, max_p95_seconds=0, min_self_recall=1.1))
    for bar in ("recall_at_10 1.000", "of searches took", "found by their own picture"):
        assert bar in str(rejected.value)


def test_recall_is_that_of_an_obvious_search(settings: Settings) -> None:
    """`Verification` of a sound index says 1.0; here the reader's own answers against a plain sort."""
    items = catalogue(200)
    reader = IndexReader.open(settings, build_index(settings, items).version)
    query = vector_of("f" * 64)
    expected = sorted(
        items, key=lambda row: (-float(vector_of(row.picture_sha256) @ query), row.item.item_id)
    )
    assert [hit.item_id for hit in reader.search(query, 20)] == [row.item.item_id for row in expected[:20]]


def damage(settings: Settings, version: IndexVersion, where: str, values: dict[str, object]) -> IndexVersion:
    """The version that results when somebody changes rows of a table behind our back."""
    table = connect(settings).open_table(version.table)
    table.update(where=where, values=values)
    return replace(version, version=table.version)


def damage_vector(settings: Settings, version: IndexVersion, row: int, value: float) -> IndexVersion:
    """The same for the vector of one row, past LanceDB's own check for NaN."""
    dataset = connect(settings).open_table(version.table).to_lance()
    rows = dataset.to_table()
    vectors = np.array(rows["vector"].to_pylist(), np.float32)
    vectors[row] = value
    column = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), DIMENSION)
    position = rows.schema.get_field_index("vector")
    damaged = rows.set_column(position, rows.schema.field("vector"), column)
    return replace(version, version=lance.write_dataset(damaged, dataset.uri, mode="overwrite").version)

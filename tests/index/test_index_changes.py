"""A publication costs what changed: rows are merged in one commit, from the last state that was sound."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from index_world import (
    OTHER_CONTRACT,
    build_index,
    catalogue,
    vector_of,
)

from atelier.errors import CatalogueIndexError, EmbeddingContractError
from atelier.index.build import Build, build_without
from atelier.index.changes import Changes, changes_between, compare
from atelier.index.query import IndexReader
from atelier.index.schema import IndexItem, wanted_rows
from atelier.index.store import open_version
from atelier.index.verify import verify
from atelier.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


def publish(
    settings: Settings, items: Sequence[IndexItem], data_version: str = "d1", **more: object
) -> Build:
    """Build and verify, as the job does."""
    built = build_index(settings, items, data_version=data_version, **more)  # type: ignore[arg-type]
    changed = None if built.changes is None else built.changes.upserted
    verify(settings, built.version, Counter(row.item.category for row in items), changed=changed)
    return built


def priced(row: IndexItem, price: float | None) -> IndexItem:
    return IndexItem(replace(row.item, price=price), row.picture_sha256)


def num_fragment_rows(settings: Settings, built: Build) -> list[int]:
    return [each.physical_rows for each in open_version(settings, built.version).to_lance().get_fragments()]


def answers(settings: Settings, built: Build) -> list[object]:
    reader = IndexReader.open(settings, built.version)
    hits = [reader.search(vector_of(f"{number:064d}"), 5) for number in range(20)]
    return [*hits, [reader.thumbnail(item_id) for item_id in reader.item_ids]]


def test_changes_are_told_apart_also_where_a_fact_is_unknown() -> None:
    before = catalogue(6)
    before[1] = priced(before[1], None)
    after = [*before[1:5], priced(before[5], None), *catalogue(2, first=6)]
    assert compare(wanted_rows(before), wanted_rows(after)) == Changes(
        added=["00006", "00007"], updated=["00005"], removed=["00000"]
    )
    assert len(compare(wanted_rows(before), wanted_rows(before[::-1]))) == 0


def test_only_changed_rows_are_written_and_the_answers_are_those_of_a_whole_build(settings: Settings) -> None:
    first = publish(settings, catalogue(100))
    items = [priced(catalogue(100)[3], 999.0), *catalogue(96, first=4), *catalogue(2, first=100)]
    second = publish(settings, items, "d2")
    assert second.changes == Changes(["00100", "00101"], ["00003"], ["00000", "00001", "00002"])
    assert (second.embedded, second.version.rows, second.version.table) == (2, 99, first.version.table)
    assert num_fragment_rows(settings, second) == [100, 3]
    whole = Settings(home=settings.home / "whole")
    assert answers(settings, second) == answers(whole, publish(whole, items, "d2"))
    assert len(IndexReader.open(settings, first.version)) == 100
    assert changes_between(settings, first.version, second.version) == second.changes


def test_item_ids_may_hold_quotes(settings: Settings) -> None:
    items = catalogue(40)
    odd = [
        IndexItem(replace(row.item, item_id=f"it's '{row.item.item_id}' --"), row.picture_sha256)
        for row in items
    ]
    publish(settings, odd)
    assert publish(settings, odd[2:], "d2").version.rows == 38


def test_the_same_content_again_is_the_same_version_also_after_another(settings: Settings) -> None:
    first = publish(settings, catalogue(60))
    publish(settings, catalogue(62), "d2")
    again = publish(settings, catalogue(60))
    assert again.version == first.version
    assert again.changes == Changes([], [], [])


def test_new_data_with_the_same_catalogue_writes_no_row(settings: Settings) -> None:
    first = publish(settings, catalogue(60))
    second = publish(settings, catalogue(60), "d2")
    assert (second.version.data_version, second.changes) == ("d2", Changes([], [], []))
    assert second.version.version > first.version.version
    assert num_fragment_rows(settings, second) == [60]


def test_many_changes_write_the_table_anew_and_leave_older_states(settings: Settings) -> None:
    first = publish(settings, catalogue(100))
    before = answers(settings, first)
    second = publish(settings, catalogue(100, first=50), "d2")
    assert second.changes is None
    assert num_fragment_rows(settings, second) == [100]
    assert answers(settings, first) == before


def test_a_rebuild_writes_everything_and_embeds_nothing(settings: Settings) -> None:
    first = publish(settings, catalogue(50))
    second = publish(settings, catalogue(50), rebuild=True)
    assert (second.embedded, second.changes) == (0, None)
    assert second.version.version > first.version.version
    assert answers(settings, second) == answers(settings, first)


def test_an_approximate_index_covers_rows_that_came_later(settings: Settings) -> None:
    publish(settings, catalogue(50), approximate_from=10_000)
    build_index(settings, catalogue(1_000), data_version="d2", approximate_from=1_000)
    second = build_index(settings, catalogue(1_020), data_version="d3", approximate_from=1_000)
    table = open_version(settings, second.version)
    stats = table.index_stats("vector_idx")
    assert stats is not None
    assert (second.version.search, stats.num_indexed_rows, stats.num_unindexed_rows) == ("ivf_rq", 1_020, 0)


def test_an_index_without_some_items_needs_no_model(settings: Settings) -> None:
    first = publish(settings, catalogue(40))
    built = build_without(settings, first.version, ["00003", "nobody"], "w")
    reader = IndexReader.open(settings, built.version)
    assert (len(reader), reader.item("00003"), built.version.withdrawn) == (39, None, "w")
    assert built.changes == Changes([], [], ["00003"])
    with pytest.raises(CatalogueIndexError, match="would be empty"):
        build_without(settings, first.version, [row.item.item_id for row in catalogue(40)], "w")


def test_versions_of_two_models_cannot_be_compared(settings: Settings) -> None:
    one, other = publish(settings, catalogue(9)), publish(settings, catalogue(9), contract=OTHER_CONTRACT)
    assert other.embedded == 9
    with pytest.raises(EmbeddingContractError, match="different embedding contracts"):
        changes_between(settings, one.version, other.version)

"""Building an index: only what changed is embedded, and a killed build goes on where it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from index_world import CONTRACT, OTHER_CONTRACT, CountingEncoder, build_index, catalogue, sha256, vector_of

from atelier.errors import CatalogueIndexError, IndexRejected
from atelier.index import pictures
from atelier.index.query import IndexReader
from atelier.index.schema import Embedded
from atelier.index.store import connect, contract_of, find_table, open_version
from atelier.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


def test_a_built_index_holds_every_item_with_its_vector_and_thumbnail(settings: Settings) -> None:
    items = catalogue(30)
    built = build_index(settings, list(reversed(items)))
    assert (built.version.rows, built.embedded, built.reused, built.version.search) == (30, 30, 0, "flat")
    reader = IndexReader.open(settings, built.version)
    for row in items:
        found = reader.search(vector_of(row.picture_sha256), k=1)[0]
        assert (found.item_id, found.score) == (row.item.item_id, 1.0)
        assert reader.item(row.item.item_id) == row.item
        assert reader.thumbnail(row.item.item_id) == f"thumbnail of {row.picture_sha256}".encode()


def test_the_table_carries_its_contract_and_data_version(settings: Settings) -> None:
    table = open_version(settings, build_index(settings, catalogue(4)).version)
    assert contract_of(table).text == CONTRACT
    assert table.to_lance().metadata["data_version"] == "d1"


def test_building_the_same_again_changes_nothing(settings: Settings) -> None:
    first = build_index(settings, catalogue(20))
    encoder = CountingEncoder()
    second = build_index(settings, catalogue(20), encoder)
    assert (second.version, second.embedded, second.reused, encoder.asked) == (first.version, 0, 20, [])


def test_only_new_pictures_are_embedded(settings: Settings) -> None:
    before = build_index(settings, catalogue(20))
    encoder = CountingEncoder()
    after = build_index(settings, catalogue(22, first=1), encoder, data_version="d2")
    assert sorted(encoder.asked) == sorted(sha256(f"picture {number}") for number in (20, 21, 22))
    assert (after.embedded, after.reused) == (3, 19)
    assert after.version.table == before.version.table
    assert after.version.version > before.version.version
    assert len(IndexReader.open(settings, before.version)) == 20


def test_a_new_model_embeds_everything_again(settings: Settings) -> None:
    build_index(settings, catalogue(20))
    assert build_index(settings, catalogue(20), contract=OTHER_CONTRACT).embedded == 20


def test_items_that_share_a_picture_are_embedded_once(settings: Settings) -> None:
    items = catalogue(8)
    shared = [type(row)(row.item, items[0].picture_sha256) for row in items]
    built = build_index(settings, shared)
    assert (built.version.rows, built.embedded) == (8, 1)
    hits = IndexReader.open(settings, built.version).search(vector_of(items[0].picture_sha256), k=3)
    assert [hit.item_id for hit in hits] == ["00000", "00001", "00002"]


def test_a_killed_build_goes_on_after_its_last_batch(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "KEEP_EVERY", 10)
    killed = CountingEncoder(die_after=25)
    with pytest.raises(KeyboardInterrupt):
        build_index(settings, catalogue(40), killed)
    resumed = CountingEncoder()
    built = build_index(settings, catalogue(40), resumed)
    assert len(killed.asked) == 20
    assert (built.embedded, built.reused) == (20, 20)
    assert not set(killed.asked) & set(resumed.asked)
    assert len(IndexReader.open(settings, built.version)) == 40


def test_many_small_batches_are_compacted_and_stay_readable(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "KEEP_EVERY", 1)
    monkeypatch.setattr(pictures, "_MANY_FRAGMENTS", 8)
    built = build_index(settings, catalogue(12))
    reader = IndexReader.open(settings, built.version)
    assert all(
        reader.search(vector_of(row.picture_sha256), 1)[0].item_id == row.item.item_id
        for row in catalogue(12)
    )
    assert build_index(settings, catalogue(12), data_version="d2").embedded == 0


def test_the_leftovers_of_a_killed_writer_are_no_table(settings: Settings) -> None:
    built = build_index(settings, catalogue(4))
    leftovers = settings.home / "indexes" / "catalogue-0123456789abcdef.lance" / "data"
    leftovers.mkdir(parents=True)
    assert find_table(connect(settings), "catalogue-0123456789abcdef") is None
    assert find_table(connect(settings), built.version.table) is not None


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0, 0.9])
def test_an_encoder_without_unit_vectors_is_refused_and_nothing_of_it_is_kept(
    settings: Settings, value: float
) -> None:
    class Broken(CountingEncoder):
        def __call__(self, pictures: list[str]) -> Embedded:  # type: ignore[override]
            embedded = super().__call__(pictures)
            embedded.vectors[1] = value * embedded.vectors[1]
            return embedded

    with pytest.raises(IndexRejected, match=sha256("picture 1")):
        build_index(settings, catalogue(4), Broken())
    assert build_index(settings, catalogue(4)).embedded == 4


def test_an_empty_catalogue_and_a_doubled_item_are_refused(settings: Settings) -> None:
    with pytest.raises(CatalogueIndexError, match="no item"):
        build_index(settings, [])
    with pytest.raises(CatalogueIndexError, match="'00003' is there twice"):
        build_index(settings, [*catalogue(5), catalogue(1, first=3)[0]])


def test_a_large_catalogue_gets_an_approximate_index_over_all_rows(settings: Settings) -> None:
    built = build_index(settings, catalogue(1_000), approximate_from=1_000)
    assert built.version.search == "ivf_rq"
    stats = open_version(settings, built.version).index_stats("vector_idx")
    assert stats is not None
    assert (stats.num_indexed_rows, stats.index_type) == (1_000, "IVF_RQ")

"""What nobody can reach any more leaves the disk: states, the bytes of deleted rows, pictures."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from index_world import build_index, catalogue, sha256

from atelier.index.pictures import embedding, pictures_table_name
from atelier.index.query import IndexReader
from atelier.index.retention import Dropped, drop_all_but
from atelier.index.schema import IndexVersion
from atelier.index.store import connect, require_verified, seems_present
from atelier.index.verify import verify
from atelier.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


def publish(settings: Settings, num_items: int, first: int = 0) -> IndexVersion:
    items = catalogue(num_items, first)
    built = build_index(settings, items, data_version=f"d{first}-{num_items}")
    changed = None if built.changes is None else built.changes.upserted
    verify(settings, built.version, Counter(row.item.category for row in items), changed=changed)
    return built.version


def holds(settings: Settings, text: str) -> list[str]:
    """The files of the database in which some bytes occur: thumbnails of the test world are plain text."""
    return [
        str(path.relative_to(settings.home))
        for path in (settings.home / "indexes").rglob("*")
        if path.is_file() and text.encode() in path.read_bytes()
    ]


def test_states_that_nobody_keeps_go_and_kept_ones_answer(settings: Settings) -> None:
    first, second, third = publish(settings, 60), publish(settings, 61), publish(settings, 62)
    dropped = drop_all_but(settings, [second, third])
    assert (dropped.tables, dropped.num_pictures) == ((), 0)
    assert dropped.num_versions > 0
    assert not seems_present(settings, first)
    for version in (second, third):
        require_verified(settings, version)
        assert len(IndexReader.open(settings, version)) == version.rows
    assert drop_all_but(settings, [second, third]) == Dropped((), 0, 0)


def test_a_deleted_item_leaves_the_files_once_no_kept_state_shows_it(settings: Settings) -> None:
    thumbnail = f"thumbnail of {sha256('picture 0')}"
    before = publish(settings, 100)
    after = publish(settings, 99, first=1)
    drop_all_but(settings, [before, after])
    assert IndexReader.open(settings, before).thumbnail("00000") == thumbnail.encode()

    drop_all_but(settings, [after])  # only the live state is left, whose file still holds the dead row
    assert any("pictures" in path for path in holds(settings, thumbnail)) is False
    following = publish(settings, 98, first=2)  # starts from what the clean-up compacted
    drop_all_but(settings, [following])
    assert holds(settings, thumbnail) == []
    assert len(IndexReader.open(settings, following)) == 98
    assert IndexReader.open(settings, following).thumbnail("00002") is not None


def test_a_refused_state_goes_and_the_kept_one_is_gone_on_from(settings: Settings) -> None:
    kept = publish(settings, 100)
    refused = build_index(settings, catalogue(103), data_version="refused").version
    drop_all_but(settings, [kept])
    assert not seems_present(settings, refused)
    assert drop_all_but(settings, [kept]) == Dropped((), 0, 0)
    following = build_index(settings, catalogue(101), data_version="d2")
    assert following.changes is not None
    assert following.changes.added == ["00100"]


def test_many_small_publications_are_put_together(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("atelier.index.retention._MANY_FRAGMENTS", 3)
    for number in range(5):
        version = publish(settings, 100 + number)
    drop_all_but(settings, [version])
    following = publish(settings, 105)
    fragments = connect(settings).open_table(following.table).to_lance().get_fragments()
    assert [each.count_rows() for each in fragments] == [104, 1]
    assert len(IndexReader.open(settings, version)) == 104


def test_a_store_of_pictures_that_is_being_filled_is_left_alone(settings: Settings) -> None:
    version = publish(settings, 40)
    publish(settings, 30, first=10)
    name = pictures_table_name(version.contract_digest)
    with embedding(settings, name):
        assert drop_all_but(settings, []).tables == (version.table,)
    assert drop_all_but(settings, []).tables == (name,)


def test_what_a_killed_writer_left_in_a_table_goes(settings: Settings) -> None:
    version = publish(settings, 40)
    orphan = settings.home / "indexes" / f"{version.table}.lance" / "data" / "0123.lance"
    orphan.write_bytes(b"half")
    drop_all_but(settings, [version])
    assert not orphan.exists()
    assert len(IndexReader.open(settings, version)) == 40

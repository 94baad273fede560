"""A build goes on from a sound, signed state alone."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from index_world import (
    CONTRACT,
    build_index,
    catalogue,
)

from atelier.index import build as building
from atelier.index.build import Build
from atelier.index.changes import Changes
from atelier.index.query import IndexReader
from atelier.index.schema import ContractText, IndexItem
from atelier.index.states import (
    base_of,
    describe,
    find_state,
    has_vector_index,
    newest,
    table_name,
    tagged,
    verified,
    verified_tag,
)
from atelier.index.store import connect
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


def test_a_refused_state_is_not_what_the_next_build_starts_from(settings: Settings) -> None:
    first = publish(settings, catalogue(100))
    table = connect(settings).open_table(first.version.table)
    table.update(where="item_id = '00007'", values={"title": "damaged from outside"})
    second = publish(settings, catalogue(101), "d2")
    assert second.changes == Changes(["00100"], [], [])
    item = IndexReader.open(settings, second.version).item("00007")
    assert item is not None
    assert item.title == "item 7"


def test_a_build_killed_before_its_signature_is_made_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(settings, catalogue(100))

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(building, "sign", killed)
        build_index(settings, catalogue(102), data_version="d2")
    back = publish(settings, catalogue(100), "d1")
    assert len(IndexReader.open(settings, back.version)) == 100
    assert publish(settings, catalogue(102), "d2").changes == Changes(["00100", "00101"], [], [])


def test_a_table_is_named_after_its_contract_and_its_format() -> None:
    contract = ContractText(CONTRACT)
    assert table_name(contract) == f"catalogue-{contract.digest[:16]}-f3"
    assert table_name(contract) != table_name(ContractText(json.dumps({"dimension": 16})))
    assert verified_tag(12) == "verified-12"


def test_a_verified_state_is_tagged_found_by_its_content_and_described(settings: Settings) -> None:
    version = publish(settings, catalogue(20)).version
    table = connect(settings).open_table(version.table)
    dataset = newest(table)
    assert verified(dataset) == {version.version}
    assert base_of(dataset) == version.version
    state = dataset.checkout_version(version.version)
    assert find_state(dataset, state.metadata["key"]) == version.version
    assert find_state(dataset, "another content") is None
    assert describe(table, version.version) == version
    assert not has_vector_index(table)


def test_tags_of_others_are_not_ours(settings: Settings) -> None:
    version = publish(settings, catalogue(20)).version
    dataset = newest(connect(settings).open_table(version.table))
    dataset.tags.create("holiday", version.version)
    assert tagged(dataset) == {verified_tag(version.version): version.version}


def test_an_unverified_state_is_nothing_to_start_from(settings: Settings) -> None:
    version = build_index(settings, catalogue(20)).version
    assert base_of(newest(connect(settings).open_table(version.table))) is None

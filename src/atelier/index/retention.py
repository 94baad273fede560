"""Deletes tables, states inside a table, and embedded pictures that no kept release uses.

A deleted row is first only marked in its file. Its bytes go when every kept state was written after a
compaction; that is done here, on the newest state, as soon as some file holds rows that no kept state shows.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from atelier.index.pictures import PICTURES, embedding, pictures_table_name, thin_out
from atelier.index.schema import CATALOGUE, IndexVersion
from atelier.index.states import BASE, KEPT, go_on_from, newest, tagged
from atelier.index.store import connect, find_table

if TYPE_CHECKING:
    from lance import LanceDataset
    from lancedb.db import DBConnection
    from lancedb.table import Table

    from atelier.settings import Settings

_MANY_FRAGMENTS = 32
"""A table of more pieces than this is compacted: each publication adds one."""


@dataclass(frozen=True)
class Dropped:
    """The deleted tables, states and pictures."""

    tables: tuple[str, ...]
    """Index tables and stores of embedded pictures, whole or half-written."""
    num_versions: int
    """States inside tables that stay."""
    num_pictures: int
    """Embedded pictures inside stores that stay."""


def drop_all_but(settings: Settings, keep: Collection[IndexVersion]) -> Dropped:
    """Drop every index table, state of a table and embedded picture that `keep` does not use.

    Call it under `release.store.publishing`: a build in progress is in nobody's `keep`. A store of pictures
    that somebody is filling is left alone.
    """
    db = connect(settings)
    kept_tables = {version.table for version in keep}
    kept_stores = {pictures_table_name(version.contract_digest) for version in keep}
    doomed = [
        name for name in _ours(db) if name not in kept_tables | kept_stores and _drop(settings, db, name)
    ]
    num_versions = num_pictures = 0
    for name in sorted(kept_tables):
        table = find_table(db, name)
        if table is not None:
            num_versions += _keep_states(table, {each.version for each in keep if each.table == name})
    for name in sorted(kept_stores):
        num_pictures += _keep_pictures(settings, db, name, keep)
    return Dropped(tuple(doomed), num_versions, num_pictures)


def _ours(db: DBConnection) -> list[str]:
    names: list[str] = []
    token: str | None = None
    while True:
        page = db.list_tables(page_token=token)
        names += page.tables
        token = page.page_token
        if not token:
            return sorted(name for name in names if name.startswith((f"{CATALOGUE}-", PICTURES)))


def _drop(settings: Settings, db: DBConnection, name: str) -> bool:
    if not name.startswith(PICTURES):
        db.drop_table(name, ignore_missing=True)
        return True
    with embedding(settings, name, wait=False) as is_mine:
        if is_mine:
            db.drop_table(name, ignore_missing=True)
        return is_mine


def _keep_states(table: Table, versions: set[int]) -> int:
    """Remove all states of a table but these and the newest, and see that the newest is worth keeping."""
    dataset = newest(table)
    for tag, version in tagged(dataset).items():
        if tag != BASE and version not in versions:
            dataset.tags.delete(tag)
    kept = sorted(versions & {each["version"] for each in dataset.versions()})
    if not kept:  # all of them are lost, which their releases will tell when they are asked
        return 0
    for version in set(kept) - set(tagged(dataset).values()):
        dataset.tags.create(f"{KEPT}-{version}", version)
    dataset = _sound_newest(dataset, kept)
    if _is_scattered(dataset) or _holds_dead_rows(dataset, kept):
        dataset.optimize.compact_files(materialize_deletions_threshold=0.0)
        dataset = newest(table)
    _tag_base(dataset, kept)
    # Nobody else writes: what no state refers to is what killed writers left.
    stats = dataset.cleanup_old_versions(
        timedelta(0), delete_unverified=True, error_if_tagged_old_versions=False
    )
    num_removed: int = stats.old_versions
    return num_removed


def _sound_newest(dataset: LanceDataset, kept: list[int]) -> LanceDataset:
    """The dataset at its newest state, which is a kept one or the content of one: refused ones make way."""
    if dataset.latest_version in kept:
        return dataset
    if dataset.latest_version == tagged(dataset).get(BASE):
        keys = [dataset.checkout_version(version).metadata.get("key") for version in kept]
        if dataset.metadata.get("key") in keys:
            return dataset
    return go_on_from(dataset, kept[-1])


def _is_scattered(dataset: LanceDataset) -> bool:
    return len(dataset.get_fragments()) > _MANY_FRAGMENTS


def _holds_dead_rows(dataset: LanceDataset, kept: list[int]) -> bool:
    """Whether a file of the newest state holds rows that are deleted in every kept state with that file."""
    fewest = {fragment.fragment_id: fragment.num_deletions for fragment in dataset.get_fragments()}
    for version in kept:
        for fragment in dataset.checkout_version(version).get_fragments():
            if fragment.fragment_id in fewest:
                fewest[fragment.fragment_id] = min(fewest[fragment.fragment_id], fragment.num_deletions)
    return any(fewest.values())


def _tag_base(dataset: LanceDataset, kept: list[int]) -> None:
    """The newest state is what the next build starts from: tagged, unless it is a kept one already."""
    tags = tagged(dataset)
    if dataset.latest_version in kept:
        if BASE in tags:
            dataset.tags.delete(BASE)
    elif BASE in tags:
        dataset.tags.update(BASE, dataset.latest_version)
    else:
        dataset.tags.create(BASE, dataset.latest_version)


def _keep_pictures(settings: Settings, db: DBConnection, name: str, keep: Collection[IndexVersion]) -> int:
    """Forget the pictures of a store that no kept state shows; 0 where somebody is filling it."""
    store = find_table(db, name)
    used: set[str] = set()
    for version in keep:
        table = find_table(db, version.table)
        if table is None or pictures_table_name(version.contract_digest) != name:
            continue
        try:
            table.checkout(version.version)
        except ValueError:  # this state is lost
            continue
        used.update(table.to_lance().to_table(columns=["picture_sha256"])["picture_sha256"].to_pylist())
    if store is None or not used:
        return 0
    with embedding(settings, name, wait=False) as is_mine:
        return thin_out(store, used) if is_mine else 0

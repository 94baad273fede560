"""Where index tables live: the connection, opening a pinned version, and dropping what nobody needs.

Every published version is a table of its own, named by its content. So a build never touches what is being
served, a roll-back needs no rewriting, and a table's leftovers vanish with its folder.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from atelier.errors import CatalogueIndexError
from atelier.index.schema import CATALOGUE, FACTS, ContractText, IndexVersion

if TYPE_CHECKING:
    from lancedb.db import DBConnection
    from lancedb.table import Table

    from atelier.settings import Settings

VERIFIED = "verified"
"""The tag that `verify` sets on a version that passed; only such a version can go live."""
_PICTURES = "pictures-"
_REBUILD = "Roll back, or move the table's folder away: then `atelier retrain` builds it again."


def connect(settings: Settings) -> DBConnection:
    """Open the database that holds all indexes. Importing LanceDB takes seconds, hence only here."""
    import lancedb

    return lancedb.connect(settings.lancedb_uri)


def find_table(db: DBConnection, name: str) -> Table | None:
    """Open a table at its newest version; None where there is none, or a killed writer's leftovers."""
    try:
        return db.open_table(name)
    except ValueError as error:
        if "was not found" in str(error):
            return None
        raise


def open_version(settings: Settings, version: IndexVersion) -> Table:
    """Open the table of a version, pinned: later writes are not seen.

    CatalogueIndexError: it is gone, or it is not what `version` says.
    """
    table = find_table(connect(settings), version.table)
    if table is None:
        raise CatalogueIndexError(
            f"index {version.table} is gone from {settings.lancedb_uri}. A release keeps its index until it "
            f"is collected; `atelier retrain` builds it again."
        )
    try:
        table.checkout(version.version)
    except ValueError as error:
        raise CatalogueIndexError(
            f"index {version.table} has no version {version.version} any more (the newest is "
            f"{table.version}). {_REBUILD}"
        ) from error
    _check_identity(table, version)
    return table


def require_verified(settings: Settings, version: IndexVersion) -> None:
    """Raise CatalogueIndexError unless the version opens and `verify` passed it."""
    table = open_version(settings, version)
    tagged = table.tags.list().get(VERIFIED, {}).get("version")
    if tagged != version.version:
        raise CatalogueIndexError(
            f"index {version.table} version {version.version} was never verified (verified: {tagged}); "
            f"`atelier retrain` publishes only what it verified."
        )


def seems_present(settings: Settings, version: IndexVersion) -> bool:
    """Whether a version's table is where it was, told without importing LanceDB, which takes seconds.

    Only opening a table tells whether it is sound, and for a remote store whether it is there at all: there,
    the answer is yes.
    """
    if "://" in settings.lancedb_uri:
        return True
    return (Path(settings.lancedb_uri) / f"{version.table}.lance").is_dir()


def rows_by_item(settings: Settings, version: IndexVersion) -> dict[str, tuple[object, ...]]:
    """Item id -> its facts and the digest of its picture: what a version says of every item, to compare two.

    CatalogueIndexError: the version is gone.
    """
    table = open_version(settings, version)
    columns = table.to_lance().to_table(columns=[*FACTS, "picture_sha256"]).to_pydict()
    return dict(zip(columns["item_id"], zip(*columns.values(), strict=True), strict=True))


def contract_of(table: Table) -> ContractText:
    """The embedding contract that a table was built under."""
    return ContractText(table.schema.metadata[b"contract"].decode())


def pictures_table_name(contract: ContractText) -> str:
    """The table that keeps what has been embedded under a contract."""
    return f"{_PICTURES}{contract.digest[:16]}"


def drop_all_but(settings: Settings, keep: Collection[IndexVersion]) -> list[str]:
    """Drop every index table, whole or half-written, and every store of vectors that `keep` does not use.

    Call it under `release.store.publishing`: a build in progress is in nobody's `keep`. Returns the names.
    """
    db = connect(settings)
    kept = {version.table for version in keep}
    kept |= {f"{_PICTURES}{version.contract_digest[:16]}" for version in keep}
    doomed = [name for name in _ours(db) if name not in kept]
    for name in doomed:
        db.drop_table(name, ignore_missing=True)
    return doomed


def _ours(db: DBConnection) -> list[str]:
    names: list[str] = []
    token: str | None = None
    while True:
        page = db.list_tables(page_token=token)
        names += page.tables
        token = page.page_token
        if not token:
            return sorted(name for name in names if name.startswith((f"{CATALOGUE}-", _PICTURES)))


def _check_identity(table: Table, version: IndexVersion) -> None:
    contract, rows = contract_of(table), table.count_rows()
    if (contract.digest, rows) != (version.contract_digest, version.rows):
        raise CatalogueIndexError(
            f"index {version.table} version {version.version}: expected {version.rows:,} rows under contract "
            f"{version.contract_digest[:12]}, seen {rows:,} rows under {contract.digest[:12]}. It was "
            f"changed from outside. {_REBUILD}"
        )

"""Stores sets made in bulk in a Lance table that grows block by block; an interrupted job resumes.

One writer at a time: workers make blocks, the one that asked them adds what they made.
"""

from __future__ import annotations

from pathlib import Path

import lance
import pyarrow as pa

from atelier.errors import CatalogueIndexError

SCHEMA = pa.schema(
    [
        pa.field("set_id", pa.string(), nullable=False),
        pa.field("block", pa.int32(), nullable=False),
        pa.field("item_ids", pa.list_(pa.string()), nullable=False),
        pa.field("slots", pa.list_(pa.string()), nullable=False),
        pa.field("score", pa.float32(), nullable=False),
    ]
)
"""`slots` has one name for each of `item_ids`, the trigger first; `score` is how well they go together."""
_ORDER = b"order"
_OF_A_TABLE = {"_versions", "_transactions", "data"}
"""Folders that Lance makes before the first version of a table is there."""


class BulkSetTable:
    """The sets of one batch; the table's metadata holds the whole specification."""

    def __init__(self, path: Path, order: str) -> None:
        """Open the table of this order, or begin one.

        CatalogueIndexError: another order's table is there, or something that is no table.
        """
        self._path = path
        if not self._begun():
            self._require_room()
            path.parent.mkdir(parents=True, exist_ok=True)
            lance.write_dataset(SCHEMA.with_metadata({_ORDER: order.encode()}).empty_table(), str(path))
        found = (self._dataset().schema.metadata or {}).get(_ORDER, b"").decode()
        if found != order:
            raise CatalogueIndexError(
                f"{path} holds the sets of another order: {found[:200] or 'unknown'}; expected "
                f"{order[:200]}. Name a new folder, or ask for the same to go on"
            )

    def finished(self) -> set[int]:
        """List the finished blocks; each is added whole or not at all."""
        return set(self._dataset().to_table(columns=["block"])["block"].to_pylist())

    def add(self, block: pa.Table) -> None:
        """Add a block, columns as in `SCHEMA`."""
        lance.write_dataset(block.cast(SCHEMA), str(self._path), mode="append")

    def read(self, limit: int | None = None) -> pa.Table:
        """Read all sets, or the first few."""
        return self._dataset().to_table(limit=limit)

    def __len__(self) -> int:
        return int(self._dataset().count_rows())

    def _begun(self) -> bool:
        """Tell a table from nothing, or from the folder that a job leaves which is killed while it begins."""
        versions = self._path / "_versions"
        return versions.is_dir() and any(versions.iterdir())

    def _require_room(self) -> None:
        """CatalogueIndexError: a file is there, or a folder with something else than a table."""
        if not self._path.exists():
            return
        strangers = (
            {path.name for path in self._path.iterdir()} - _OF_A_TABLE if self._path.is_dir() else {"a file"}
        )
        if strangers:
            raise CatalogueIndexError(
                f"{self._path} is no table of sets, it holds {sorted(strangers)[0]}; name a new folder, or "
                f"the one of an order that was begun"
            )

    def _dataset(self) -> lance.LanceDataset:
        try:
            return lance.dataset(str(self._path))
        except (ValueError, OSError) as error:
            raise CatalogueIndexError(
                f"{self._path} is no table of sets that can be read; name a new folder, or the one of an "
                f"order that was begun ({str(error).splitlines()[0][:120]})"
            ) from error

"""Stores the sets that a release can show, a ranker's vectors for them, and users' clicks.

Two Parquet files of a release. A feed needs no pictures and no item vectors: a ranker's rows for sets, and
summaries for the histories of users, are made once, when the release is.

S = sets, W = summary, E = vector and biases
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from atelier.errors import ReleaseError
from atelier.vocabulary import Maker

SETS_FILE, HISTORIES_FILE = "sets.parquet", "histories.parquet"
"""Their names in a release."""
_RANKER = b"ranker"
_COLUMNS = (
    "outfit_id", "item_ids", "made_by", "on_offer", "price", "num_showings", "vector", "summary",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class SetTable:
    """Sets by row."""

    ranker: str
    """Digest of the contract of the ranker that made `vectors_SE`: no other can read them."""
    outfit_ids: tuple[str, ...]
    item_ids: tuple[tuple[str, ...], ...]
    made_by: tuple[str, ...]
    """A `Maker` for each."""
    on_offer_S: NDArray[np.bool_]
    """Whether it may be shown; the others are here because users clicked them."""
    price_S: NDArray[np.float64]
    """Of all pieces together; NaN where one has no price."""
    num_showings_S: NDArray[np.int64]
    """How often each was shown, to anybody."""
    vectors_SE: NDArray[np.float32]
    summaries_SW: NDArray[np.float32]

    def __post_init__(self) -> None:
        lengths = {name: len(values) for name, values in vars(self).items() if name != "ranker"}
        if len(set(lengths.values())) != 1:
            raise ValueError(f"a table of sets needs one value of each kind for each set, not {lengths}")

    def __len__(self) -> int:
        return len(self.outfit_ids)

    @cached_property
    def row_of(self) -> dict[str, int]:
        """Map outfit ids to rows."""
        return {outfit_id: row for row, outfit_id in enumerate(self.outfit_ids)}

    @cached_property
    def generated(self) -> NDArray[np.bool_]:
        """Mark each set [S] made by a generator."""
        return np.array([maker == Maker.GENERATOR for maker in self.made_by], bool)

    def write(self, path: Path) -> None:
        """Write the table; equal tables give equal bytes."""
        columns = {
            "outfit_id": pa.array(self.outfit_ids, pa.string()),
            "item_ids": pa.array(self.item_ids, pa.list_(pa.string())),
            "made_by": pa.array(self.made_by, pa.string()),
            "on_offer": pa.array(self.on_offer_S),
            "price": pa.array(self.price_S, from_pandas=True),
            "num_showings": pa.array(self.num_showings_S),
            "vector": _lists(self.vectors_SE),
            "summary": _lists(self.summaries_SW),
        }
        table = pa.table(columns).replace_schema_metadata({_RANKER: self.ranker.encode()})
        pq.write_table(table, path, compression="zstd")

    @classmethod
    def read(cls, path: Path) -> SetTable:
        """Read a table. ReleaseError: the file is not such a table."""
        table = _read(path, _COLUMNS)
        return cls(
            ranker=(table.schema.metadata or {}).get(_RANKER, b"").decode(),
            outfit_ids=tuple(table["outfit_id"].to_pylist()),
            item_ids=tuple(tuple(ids) for ids in table["item_ids"].to_pylist()),
            made_by=tuple(table["made_by"].to_pylist()),
            on_offer_S=np.asarray(table["on_offer"].to_numpy(), bool),
            price_S=np.asarray(table["price"].to_numpy(), np.float64),
            num_showings_S=np.asarray(table["num_showings"].to_numpy(), np.int64),
            vectors_SE=_matrix(table, "vector"),
            summaries_SW=_matrix(table, "summary"),
        )


def write_histories(path: Path, clicked: Mapping[str, Sequence[str]]) -> None:
    """Write the outfits that each user clicked, latest first."""
    users = sorted(clicked)
    lists = pa.array([list(clicked[user]) for user in users], pa.list_(pa.string()))
    pq.write_table(
        pa.table({"user_id": pa.array(users, pa.string()), "outfit_ids": lists}), path, compression="zstd"
    )


def read_histories(path: Path) -> dict[str, tuple[str, ...]]:
    """Read what `write_histories` wrote. ReleaseError: the file is not such a table."""
    table = _read(path, ("user_id", "outfit_ids"))
    lists = table["outfit_ids"].to_pylist()
    return {user: tuple(ids) for user, ids in zip(table["user_id"].to_pylist(), lists, strict=True)}


def _read(path: Path, columns: Sequence[str]) -> pa.Table:
    try:
        table = pq.read_table(path, partitioning=None)
    except (pa.ArrowInvalid, OSError) as error:
        raise ReleaseError(
            f"{path} is not a table of a release ({error}); `atelier publish` makes a new one"
        ) from error
    if missing := [name for name in columns if name not in table.column_names]:
        raise ReleaseError(
            f"{path} has no column {', '.join(missing)}, seen {', '.join(table.column_names)}; it is of "
            f"another version of Atelier, and `atelier publish` makes a new one"
        )
    return table


def _lists(rows: NDArray[np.float32]) -> pa.FixedSizeListArray:
    return pa.FixedSizeListArray.from_arrays(pa.array(rows.ravel(), pa.float32()), rows.shape[1])


def _matrix(table: pa.Table, name: str) -> NDArray[np.float32]:
    column = table[name].combine_chunks()
    width: int = column.type.list_size
    return np.asarray(column.flatten().to_numpy(), np.float32).reshape(-1, width)

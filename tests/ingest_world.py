"""A small drop in the project's own layout, written by hand, so that the tests of ingest can bend it."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
from PIL import Image

from atelier.pictures import encode_jpeg

CATEGORIES = ("Shirts", "Hats", "Watches")


def scene(seed: int, height: int = 80, width: int = 60) -> np.ndarray:
    """An arbitrary picture, unlike those of other seeds: smooth noise, uint8 [height, width, 3]."""
    noise = np.random.default_rng(seed).integers(0, 256, (8, 6, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC))


def png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


@dataclass
class World:
    """Tables as lists of rows, and pictures by their path in the drop."""

    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    pictures: dict[str, bytes] = field(default_factory=dict)

    def add(self, table: str, **row: Any) -> None:
        self.tables.setdefault(table, []).append(row)

    def add_photo(self, photo_id: str, data: bytes, **row: Any) -> None:
        path = f"pictures/{photo_id.replace('/', '-')}"
        self.pictures[path] = data
        self.add("photos", photo_id=photo_id, file=path, **row)

    def write(self, drop_dir: Path, name: str) -> Path:
        """Write everything to a folder of this name; a drop is known by its content, not by its place."""
        folder = drop_dir / name
        folder.mkdir(parents=True)
        marker = {"layout": "atelier-drop", "version": 1, "name": name}
        (folder / "drop.json").write_text(json.dumps(marker))
        for table, rows in self.tables.items():
            pa_csv.write_csv(_as_text(rows), folder / f"{table}.csv")
        for path, data in self.pictures.items():
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).write_bytes(data)
        return folder


def small_world(num_items: int, first: int = 0, size: tuple[int, int] = (80, 60)) -> World:
    """Items with a catalogue photo each, one street photo with mask and region, an outfit and a click."""
    world = World()
    for n in range(first, first + num_items):
        world.add("items", item_id=f"i{n}", title=f"Thing {n}", category=CATEGORIES[n % 3], price=n + 1.5)
        world.add_photo(f"p{n}", encode_jpeg(scene(n, *size)), item_id=f"i{n}", kind="catalogue")
    street = f"s{first}"
    world.add_photo(street, encode_jpeg(scene(10_000 + first, *size)), kind="street")
    world.add_photo(f"{street}/mask", png(np.ones(size, np.uint8)), kind="mask")
    world.add("regions", photo_id=street, label="Shirts", x0=1, y0=2, x1=30, y1=40)
    world.add("outfits", outfit_id=f"o{first}", item_ids=f"i{first} i{first + 1}")
    world.add(
        "clicks", click_id=f"c{first}", user_id="u", outfit_id=f"o{first}",
        shown_at="2026-01-01T00:00:00Z", clicked="true", propensity=0.5,
    )  # fmt: skip
    return world


def _as_text(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    return pa.table(
        {
            column: pa.array(
                [None if row.get(column) is None else str(row[column]) for row in rows], pa.string()
            )
            for column in columns
        }
    )

"""Bad input: of 200 odd pictures, and rows that break each contract, the good come in and the bad are told.

Tables that cannot be read at all are in tests/datasets/test_datasets_broken_tables.py.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ingest_world import World, png, scene, small_world
from PIL import Image

from atelier.datasets.catalogue import Catalogue
from atelier.datasets.quarantine import read_quarantine
from atelier.errors import ContractError
from atelier.jobs.data.ingest import IngestReport, ingest
from atelier.pictures import decode
from atelier.settings import Settings
from atelier.vocabulary import TABLES

pytestmark = pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")

NUM_SEEDS = 7


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def picture(seed: int) -> Image.Image:
    return Image.fromarray(scene(seed))


def jpeg(seed: int, **options: Any) -> bytes:
    return saved(picture(seed), "JPEG", **options)


def claiming(width: int, height: int) -> bytes:
    """A PNG that claims a size which its few bytes do not hold."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def turned(seed: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 2 + seed % 7
    return jpeg(seed, exif=exif)


def cut(data: bytes, seed: int) -> bytes:
    return data[: int(len(data) * (0.2 + 0.1 * (seed % 7)))]


def flipped(seed: int) -> bytes:
    data = bytearray(jpeg(seed))
    for position in np.random.default_rng(seed).integers(100, len(data), 5):
        data[position] ^= 0x5A
    return bytes(data)


Maker = Callable[[int], bytes]
GOOD: dict[str, Maker] = {
    "cmyk": lambda n: saved(picture(n).convert("CMYK"), "JPEG"),
    "16 bit": lambda n: png(scene(n)[..., 0].astype(np.uint16) * 257),
    "animated gif": lambda n: saved(picture(n), "GIF", save_all=True, append_images=[picture(n + 1)]),
    "animated webp": lambda n: saved(picture(n), "WEBP", save_all=True, append_images=[picture(n + 1)]),
    "animated png": lambda n: saved(picture(n), "PNG", save_all=True, append_images=[picture(n + 1)]),
    "turned": turned,
    "palette": lambda n: saved(picture(n).quantize(64), "PNG", transparency=3),
    "alpha": lambda n: saved(picture(n).convert("RGBA"), "PNG"),
    "grey and alpha": lambda n: saved(picture(n).convert("LA"), "PNG"),
    "black and white": lambda n: saved(picture(n).convert("1"), "PNG"),
    "progressive": lambda n: jpeg(n, progressive=True),
    "tiff": lambda n: saved(picture(n), "TIFF", compression="tiff_lzw"),
    "bmp": lambda n: saved(picture(n), "BMP"),
    "broken exif": lambda n: jpeg(n, exif=b"Exif\0\0II*\0" + bytes([n % 256, 255]) * 40),
}
BAD: dict[str, Maker] = {
    "cut jpeg": lambda n: cut(jpeg(n), n),
    "cut png": lambda n: cut(png(scene(n)), n),
    "cut webp": lambda n: cut(saved(picture(n), "WEBP"), n),
    "cut gif": lambda n: saved(picture(n), "GIF")[: 20 + n],
    "no bytes": lambda _: b"",
    "text": lambda n: b"not a picture " * n,
    "html": lambda n: b"<!doctype html><title>404</title>" + bytes(n),
    "pdf": lambda n: b"%PDF-1.7\n" + bytes(n),
    "random": lambda n: np.random.default_rng(n).bytes(500),
    "header alone": lambda n: jpeg(n)[: 2 + n % 18],
    "one pixel": lambda _: png(np.zeros((1, 1, 3), np.uint8)),
    "a line": lambda n: png(np.zeros((3 + n % 10, 400, 3), np.uint8)),
    "bomb": lambda n: claiming(13_000 + n, 13_000),
    "huge header": lambda n: claiming(2**31 - 1 - n, 2**31 - 1),
    "claims more": lambda n: claiming(500 + n, 500),
    "floats": lambda n: saved(Image.fromarray(scene(n)[..., 0].astype(np.float32)), "TIFF"),
}
EITHER: dict[str, Maker] = {"flipped bytes": flipped}
"""JPEG may survive these with a smear; what matters is that each is kept or told, never lost."""


@dataclass(frozen=True)
class Ingested:
    settings: Settings
    report: IngestReport
    good: World

    def keys(self, table: str, column: str) -> set[str]:
        return set(Catalogue.open(self.settings.data_dir).table(table).column(column).to_pylist())

    def reasons(self, table: str) -> list[tuple[str, str]]:
        """(everything in the row, reason) of each row in quarantine."""
        rows = read_quarantine(self.settings.quarantine_dir, table).to_pylist()
        return [(" ".join(str(value) for value in row.values()), row["reason"]) for row in rows]


BROKEN_ROWS: list[tuple[str, dict[str, Any], str]] = [
    # table, what differs from a good row, a word of the reason
    ("items", {"item_id": "i1"}, "earlier row"),
    ("items", {"item_id": "has space"}, "item_id"),
    ("items", {"item_id": "x1", "price": -1}, "price"),
    ("items", {"item_id": "x2", "rating": 99}, "rating"),
    ("items", {"item_id": "x3", "num_reviews": -3}, "num_reviews"),
    ("items", {"item_id": "x4", "stock": -1}, "stock"),
    ("items", {"item_id": "x5", "year": 1066}, "year"),
    ("items", {"item_id": "x6", "gender": "Alien"}, "gender"),
    ("items", {"item_id": "x7", "season": "Monsoon"}, "season"),
    ("items", {"item_id": "x8", "title": "two\nlines"}, "title"),
    ("items", {"item_id": "x9", "category": "C" * 300}, "category"),
    ("photos", {"photo_id": "p1"}, "earlier row"),
    ("photos", {"photo_id": "y1", "kind": "selfie"}, "kind"),
    ("photos", {"photo_id": "y2", "item_id": "nobody"}, "item_id"),
    ("photos", {"photo_id": "y3", "kind": "catalogue"}, "an item for a catalogue photo"),
    ("photos", {"photo_id": "y4", "x0": 1, "y0": 1, "x1": 61, "y1": 10}, "inside its picture"),
    ("photos", {"photo_id": "y5", "x0": 1, "y0": 1}, "four empty values"),
    ("photos", {"photo_id": "y6", "x0": 9, "y0": 9, "x1": 1, "y1": 1}, "x0 < x1"),
    ("photos", {"photo_id": "y7", "item_id": "x1"}, "item_id"),
    ("photos", {"photo_id": "nowhere/mask", "kind": "mask"}, "mask"),
    ("regions", {"photo_id": "nowhere"}, "photo_id"),
    ("regions", {"label": "Hats", "x1": 61}, "inside its photo"),
    ("regions", {"label": "Coats", "x1": 0.5}, "x0 < x1"),
    ("outfits", {"outfit_id": "z1", "item_ids": "i1 nobody"}, "item_ids"),
    ("outfits", {"outfit_id": "z2", "item_ids": "i1"}, "item_ids"),
    ("clicks", {"click_id": "w1", "propensity": 2}, "propensity"),
    ("clicks", {"click_id": "w2", "propensity": 0}, "propensity"),
    ("clicks", {"click_id": "w3", "outfit_id": "nothing"}, "outfit_id"),
    ("clicks", {"click_id": "w4", "shown_at": "yesterday"}, "shown_at"),
]
TEMPLATES: dict[str, dict[str, Any]] = {
    "items": {"title": "Thing", "category": "Hats"},
    "photos": {"kind": "shopper", "file": "pictures/extra"},
    "regions": {"photo_id": "s0", "label": "Belts", "x0": 1, "y0": 1, "x1": 10, "y1": 10},
    "outfits": {},
    "clicks": {
        "user_id": "u",
        "outfit_id": "o0",
        "shown_at": "2026-01-01T00:00:00Z",
        "clicked": "true",
        "propensity": 1,
    },
}


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> Ingested:
    """One drop with a good world, 200 odd pictures and every broken row; accepted as far as it is good."""
    folder = tmp_path_factory.mktemp("bad")
    good, world = small_world(20), small_world(20)
    kinds = {**GOOD, **BAD, **EITHER}
    for number, (kind, make) in enumerate(kinds.items()):
        for seed in range(NUM_SEEDS):
            world.add_photo(f"{kind} {seed}", make(1000 + 50 * number + seed), kind="shopper")
    world.pictures["pictures/extra"] = png(scene(9_999))
    for table, changes, _ in BROKEN_ROWS:
        world.add(table, **TEMPLATES[table] | changes)
    settings = Settings(home=folder / "home", max_bad_share=1.0)
    return Ingested(settings, ingest(settings, world.write(folder, "bad"), progress=False), good)


def test_there_are_two_hundred_odd_pictures() -> None:
    assert (len(GOOD) + len(BAD) + len(EITHER)) * NUM_SEEDS >= 200


def test_odd_but_good_pictures_come_in_upright_and_in_colour(ingested: Ingested) -> None:
    catalogue = Catalogue.open(ingested.settings.data_dir)
    photos = {photo.photo_id: photo for photo in catalogue.photos()}
    for kind in GOOD:
        for seed in range(NUM_SEEDS):
            photo = photos[f"{kind} {seed}"]
            pixels = decode(catalogue.read(photo))
            assert pixels.shape == (photo.height, photo.width, 3)
            assert {photo.width, photo.height} == {60, 80}


def test_broken_pictures_are_in_quarantine_each_with_a_reason(ingested: Ingested) -> None:
    told = ingested.reasons("photos")
    accepted = ingested.keys("photos", "photo_id")
    for kind in BAD:
        for seed in range(NUM_SEEDS):
            ((_, reason),) = [one for one in told if f"{kind} {seed} " in one[0]]
            assert f"{kind} {seed}" not in accepted
            assert len(reason) > 20


def test_no_picture_is_both_or_neither(ingested: Ingested) -> None:
    told = " ".join(row for row, _ in ingested.reasons("photos"))
    for seed in range(NUM_SEEDS):
        name = f"flipped bytes {seed}"
        assert (name in ingested.keys("photos", "photo_id")) != (f"{name} " in told)


@pytest.mark.parametrize(("table", "changes", "said"), BROKEN_ROWS)
def test_a_row_that_breaks_its_contract_is_in_quarantine(
    ingested: Ingested, table: str, changes: dict[str, Any], said: str
) -> None:
    wanted = [str(value) for value in changes.values()]
    found = [reason for row, reason in ingested.reasons(table) if all(value in row for value in wanted)]
    assert any(said in reason for reason in found), found


def test_nothing_good_is_lost_and_nothing_else_came_in(ingested: Ingested) -> None:
    columns = {"items": "item_id", "photos": "photo_id", "outfits": "outfit_id", "clicks": "click_id"}
    for table, column in columns.items():
        good = {row[column] for row in ingested.good.tables[table]}
        accepted = ingested.keys(table, column)
        assert good <= accepted
        if table == "photos":
            good |= {f"{kind} {seed}" for kind in (GOOD | EITHER) for seed in range(NUM_SEEDS)}
        assert accepted <= good
    assert Catalogue.open(ingested.settings.data_dir).table("regions").num_rows == 1
    counted = ingested.report.quarantined
    assert counted == {name: len(ingested.reasons(name)) for name in TABLES if ingested.reasons(name)}


def test_a_placeholder_picture_stops_a_drop_with_its_true_share_and_reason(tmp_path: Path) -> None:
    """A shop sends one picture, "no picture yet", for items on different sides of the split."""
    settings = Settings(home=tmp_path / "home")
    placeholder = jpeg(999)
    first = small_world(40)
    for number in range(10):
        first.pictures[f"pictures/p{number}"] = placeholder
    ingest(settings, first.write(tmp_path, "first"), progress=False)
    second = World()
    for number in range(10, 40):
        second.add_photo(f"p{number}-new", placeholder, item_id=f"i{number}", kind="catalogue")
    with pytest.raises(ContractError, match=r"photos: \d+ of 30 rows") as caught:
        ingest(settings, second.write(tmp_path, "second"), progress=False)
    refused = read_quarantine(settings.quarantine_dir, "photos").num_rows
    assert f"photos: {refused} of 30 rows" in str(caught.value)
    assert f"Most often: {refused} rows such as photo p" in str(caught.value)
    assert ", pictures that look the same" in str(caught.value)

"""Builds searches with known answers from a held-out split of the catalogue, or reads them from a folder.

Both have one form, the `queries/` folder: zip files of photos named `ITEM_ID.jpg`, and `truth.csv` with the
columns `photo` (`zipname/file`), `item_id`, `x0`, `y0`, `x1`, `y1`, where the box may be empty.
"""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from atelier.datasets.catalogue import Catalogue
from atelier.errors import DropError, PictureError
from atelier.jobs.retrieval.products import products_of
from atelier.lifecycle.cache import kept_folder
from atelier.pictures import decode
from atelier.settings import Settings
from atelier.simulate.queries import write_queries
from atelier.vocabulary import Box, Photo, PhotoKind, Split

QUERIES_FORMAT = 3
"""Raise it when queries are made differently: kept ones are then made anew."""
MAX_ITEMS = {Split.VALIDATION: 400, Split.TEST: 1000}
"""Items that queries are made of, at most: enough to show a change of one point in recall_at_1."""
_COLUMNS = ("photo", "item_id", "x0", "y0", "x1", "y1")


@dataclass(frozen=True)
class Query:
    """A photo, its item, and the item's box."""

    query_id: str
    kind: str
    """The name of its zip: 'street'."""
    item_id: str
    box: Box | None
    data: bytes
    """The encoded picture."""

    @cached_property
    def digest(self) -> str:
        """Hash photo and box to 32 hexadecimal digits, which name a judged search."""
        edges = self.box.as_tuple() if self.box else ()
        return hashlib.sha256(self.data + repr(tuple(map(float, edges))).encode()).hexdigest()[:32]

    def pixels(self) -> NDArray[np.uint8]:
        """Decode the photo to uint8 [H, W, 3]. DropError: it is no picture; names the query."""
        try:
            return decode(self.data)
        except PictureError as error:
            raise DropError(f"query {self.query_id}: {error}") from error


def held_out_queries(
    settings: Settings, catalogue: Catalogue, data_version: str, split: Split
) -> list[Query]:
    """Build queries for held-out products over held-out streets; the same for a data version.

    Kinds: `reshot` and, where the catalogue has street photos, `street` are rendered from catalogue photos;
    `shopper` are real shoppers' photos of known items. Rendered ones are synthetic: say so with any figure.
    """
    name = f"{data_version[:16]}-{split}-{QUERIES_FORMAT}"
    folder = kept_folder(
        settings.stores_dir / "queries" / name, lambda target: _render(catalogue, split, target)
    )
    photos = [
        photo
        for photo in catalogue.photos(PhotoKind.SHOPPER, split)
        if photo.item_id and photo.box is not None
    ]
    real = [_real_query(catalogue, photo) for photo in _sample(photos, MAX_ITEMS[split])]
    return read_queries(folder / "queries") + real


def read_queries(queries_dir: Path) -> list[Query]:
    """Read the queries of a folder, in the order of its `truth.csv`.

    DropError: the table or a photo it names is missing or broken; the message names the line.
    """
    truth_path = queries_dir / "truth.csv"
    try:
        text = truth_path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DropError(
            f"{truth_path} cannot be read ({error}). A folder of queries needs a truth.csv with the columns "
            f"{', '.join(_COLUMNS)}"
        ) from error
    reader = csv.DictReader(io.StringIO(text))
    missing = [column for column in _COLUMNS if column not in (reader.fieldnames or [])]
    if missing:
        raise DropError(f"{truth_path} has no column {', '.join(missing)}; found {reader.fieldnames}")
    archives: dict[str, zipfile.ZipFile] = {}
    try:
        return [_query(queries_dir, row, reader.line_num, archives) for row in reader]
    finally:
        for archive in archives.values():
            archive.close()


def judged_queries(settings: Settings) -> list[Query]:
    """List every search that people judged in this workspace, once, in order of digest."""
    folders = sorted((settings.judgments_dir / "queries").glob("*/truth.csv"))
    found = {query.digest: query for truth in folders for query in read_queries(truth.parent)}
    return [found[digest] for digest in sorted(found)]


def write_queries_folder(target: Path, queries: Sequence[Query]) -> None:
    """Write queries in the form that `read_queries` reads; photos are named by digest."""
    target.mkdir(parents=True, exist_ok=True)
    with (target / "truth.csv").open("w", encoding="utf-8", newline="") as file, ExitStack() as archives:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_COLUMNS)
        zip_of = {
            kind: archives.enter_context(zipfile.ZipFile(target / f"{kind}.zip", "w"))
            for kind in sorted({query.kind for query in queries})
        }
        for query in queries:
            zip_of[query.kind].writestr(zipfile.ZipInfo(f"{query.digest}.jpg"), query.data)
            edges = query.box.as_tuple() if query.box else ("",) * 4
            writer.writerow((f"{query.kind}.zip/{query.digest}.jpg", query.item_id, *edges))


def _render(catalogue: Catalogue, split: Split, target: Path) -> None:
    photos, items = products_of(catalogue, split)
    first_photo = {item.item_id: photo for photo, item in reversed(list(zip(photos, items, strict=True)))}
    sample = _sample(list(first_photo.values()), MAX_ITEMS[split])
    streets = catalogue.photos(PhotoKind.STREET, split)
    write_queries(
        target,
        [(str(photo.item_id), decode(catalogue.read(photo))) for photo in sample],
        [decode(catalogue.read(photo)) for photo in streets],
        seed=0,
        kinds=("reshot", "street") if streets else ("reshot",),
    )


def _sample(photos: Sequence[Photo], most: int) -> list[Photo]:
    """Select at most so many, by a hash of their ids: an addition to the catalogue changes few of them."""
    ordered = sorted(
        photos, key=lambda photo: hashlib.blake2b(photo.photo_id.encode(), digest_size=8).digest()
    )
    return sorted(ordered[:most], key=lambda photo: photo.photo_id)


def _real_query(catalogue: Catalogue, photo: Photo) -> Query:
    return Query(f"shopper/{photo.photo_id}", "shopper", str(photo.item_id), photo.box, catalogue.read(photo))


def _query(queries_dir: Path, row: dict[str, str], line: int, archives: dict[str, zipfile.ZipFile]) -> Query:
    where = f"{queries_dir / 'truth.csv'} line {line}"
    name, _, member = (row["photo"] or "").partition("/")
    try:
        if name not in archives:
            archives[name] = zipfile.ZipFile(queries_dir / Path(name).name)
        data = archives[name].read(member)
    except (OSError, KeyError, zipfile.BadZipFile, RuntimeError) as error:
        raise DropError(f"{where}: there is no readable photo {row['photo']!r} ({error})") from error
    return Query(row["photo"], Path(name).stem, row["item_id"], _box(row, where), data)


def _box(row: dict[str, str], where: str) -> Box | None:
    edges = [(row[name] or "").strip() for name in ("x0", "y0", "x1", "y1")]
    if not any(edges):
        return None
    try:
        x0, y0, x1, y1 = map(float, edges)
        return Box(x0, y0, x1, y1)
    except ValueError as error:
        raise DropError(f"{where}: {edges} is not a box x0, y0, x1, y1 ({error})") from error

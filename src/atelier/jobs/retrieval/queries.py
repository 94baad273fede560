"""Builds searches with known answers from a held-out split of the catalogue, or reads them from a folder.

Both have one form, the `queries/` folder: zip files or folders of photos named `ITEM_ID.jpg`, and `truth.csv`
with the columns `photo` (`street.zip/file` or `street/file`), `item_id`, `x0`, `y0`, `x1`, `y1`; the box may
be empty.
"""

from __future__ import annotations

import csv
import hashlib
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from atelier.datasets.catalogue import Catalogue
from atelier.datasets.files import Files
from atelier.datasets.records import read_csv
from atelier.datasets.values import checked_text
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
TRUTH_FILE = "truth.csv"
_COLUMNS = ("photo", "item_id", "x0", "y0", "x1", "y1")


@dataclass(frozen=True)
class Query:
    """A photo, its item, and the item's box."""

    query_id: str
    kind: str
    """The name of its zip or folder: 'street'."""
    item_id: str
    box: Box | None
    data: bytes
    """The encoded picture."""
    where: str = field(default="", compare=False)
    """The line of `truth.csv` that it comes from."""

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


@dataclass(frozen=True)
class Truth:
    """The queries of a folder, and its unusable ones."""

    queries: tuple[Query, ...]
    """In the order of `truth.csv`."""
    left_out: tuple[str, ...] = ()
    """A sentence for each line that names no photo with its item, or an item that nobody can find."""

    def among(self, is_known: Callable[[str], bool]) -> Truth:
        """Leave out the queries for items that are not known. DropError: none is left."""
        unknown = tuple(
            f"{query.where}: item {query.item_id!r} of photo {query.query_id!r} is neither in the live "
            f"gallery nor among the products of the folder"
            for query in self.queries
            if not is_known(query.item_id)
        )
        left_out = self.left_out + unknown
        asked = tuple(query for query in self.queries if is_known(query.item_id))
        if left_out and not asked:
            raise DropError(f"none of {len(left_out):,} queries can be asked; the first: {left_out[0]}")
        return Truth(asked, left_out)


def read_truth(queries_dir: Path) -> Truth:
    """Read a folder of queries. A zip and a folder of one name are the same.

    DropError: the table, or a photo or box in it, is missing or broken; the message names the line.
    """
    files = Files(queries_dir)
    table = files.get(PurePosixPath(TRUTH_FILE))
    if table is None:
        raise DropError(
            f"{queries_dir / TRUTH_FILE} does not exist. A folder of queries needs it, with the columns "
            f"{', '.join(_COLUMNS)}"
        )
    records = read_csv(table, _COLUMNS)
    queries, left_out = [], [reason for _, reason in records.broken]
    for line, row in zip(records.lines, records.rows, strict=True):
        where = f"{queries_dir / TRUTH_FILE} line {line}"
        fault = _fault(row)
        if fault is None:
            queries.append(_query(files, row, where))
        else:
            left_out.append(f"{where}: {fault}")
    return Truth(tuple(queries), tuple(left_out))


def read_queries(queries_dir: Path) -> list[Query]:
    """Read the queries of a folder, in the order of its `truth.csv`."""
    truth = read_truth(queries_dir)
    if truth.left_out:
        raise DropError(truth.left_out[0])
    return list(truth.queries)


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


def _fault(row: Mapping[str, str]) -> str | None:
    """Why a line asks nothing; None for one that does."""
    for column in ("photo", "item_id"):
        try:
            if not checked_text(column, row[column]).strip():
                return f"{column} is empty"
        except ValueError as error:
            return str(error)
    return None


def _query(files: Files, row: Mapping[str, str], where: str) -> Query:
    name, item_id = (checked_text(column, row[column]).strip() for column in ("photo", "item_id"))
    path = PurePosixPath(name)
    file = files.find(path) if ".." not in path.parts and len(path.parts) > 1 else None
    if file is None:
        raise DropError(
            f"{where}: there is no readable photo {name!r} (expected the name of a zip or folder beside "
            f"{TRUTH_FILE} and of a photo in it: street.zip/1.jpg){files.why_not(PurePosixPath(), path.stem)}"
        )
    try:
        data = file.read()
    except PictureError as error:
        raise DropError(f"{where}: there is no readable photo {name!r} ({error})") from error
    kind = re.sub(r"\.zip\Z", "", path.parts[0], flags=re.IGNORECASE)
    return Query(name, kind, item_id, _box(row, where), data, where)


def _box(row: Mapping[str, str], where: str) -> Box | None:
    edges = [(row[name] or "").strip() for name in ("x0", "y0", "x1", "y1")]
    if not any(edges):
        return None
    try:
        x0, y0, x1, y1 = map(float, edges)
        return Box(x0, y0, x1, y1)
    except ValueError as error:
        raise DropError(f"{where}: {edges} is not a box x0, y0, x1, y1 ({error})") from error

"""Reads `pog` (Alibaba iFashion, Chen et al. 2019): outfits by experts, and users' clicks.

    outfit_data.txt     outfit_id,item_id;item_id;...
    item_data.txt       item_id,cate_id,pic_url,title
    user_data.txt       user_id,item_id;item_id;...,outfit_id
    images/<item_id>.jpg    where somebody has the pictures; `pic_url` is never fetched

The files hold gigabytes, so they are read line by line and only what outfits need is kept: items of some
outfit or with a picture, and the first `MAX_CLICKS` lines of clicks (`shuf` and `head` choose others).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from atelier.datasets.files import File, composed
from atelier.datasets.layouts.layout import Folder, Layout, Pictures, raw_photo
from atelier.datasets.raw import Drop
from atelier.datasets.values import checked_text, to_row
from atelier.errors import DropError, PictureError
from atelier.progress import Progress
from atelier.vocabulary import Click, Outfit, Photo, PhotoKind

NAME = "pog"
MAX_CLICKS = 500_000
OUTFITS, ITEMS, USERS = "outfit_data.txt", "item_data.txt", "user_data.txt"
_LINES = {
    OUTFITS: "outfit_id,item_id;item_id;...",
    ITEMS: "item_id,cate_id,pic_url,title",
    USERS: "user_id,item_id;item_id;...,outfit_id",
}
_MAX_BROKEN = 1_000
"""Lines at a file's beginning; where not one of them can be read, the file is something else."""


def read(folder: Folder, drop: Drop) -> None:
    """Read outfits, their items and clicks; all ids begin with `pog-`."""
    _read_outfits(folder, drop)
    _read_items(folder, drop, {item_id for outfit in drop.rows["outfits"] for item_id in outfit.item_ids})
    if folder.file(USERS) is not None:
        _read_clicks(folder, drop)


def _read_outfits(folder: Folder, drop: Drop) -> None:
    ids: dict[str, str] = {}
    """One text for each item id, in however many outfits it is."""
    for cells in _lines(folder, OUTFITS, "outfits", drop):
        item_ids = dict.fromkeys(ids.setdefault(one, one) for one in _item_ids(cells[1]))
        outfit = Outfit(f"{NAME}-{cells[0]}", tuple(item_ids), NAME, made_by="expert")
        drop.rows["outfits"].append(outfit)


def _read_items(folder: Folder, drop: Drop, needed: set[str]) -> None:
    pictures = Pictures(folder)
    num_left_out = 0
    for number, category, _, title in _lines(folder, ITEMS, "items", drop):
        item_id = f"{NAME}-{number}"
        if item_id not in needed and not pictures.named(number):
            num_left_out += 1
            continue
        values = {
            "item_id": item_id,
            "title": " ".join(title.split()) or category,
            "category": category,
            "source": NAME,
        }
        try:
            drop.rows["items"].append(to_row("items", values))
        except ValueError as error:
            drop.reject("items", values, f"{folder.path / ITEMS}: {error}")
            continue
        if sizes := pictures.named(number):
            photo = Photo(item_id, item_id, PhotoKind.CATALOGUE, NAME)
            drop.photos.append(raw_photo(photo, sizes))
    if num_left_out:
        drop.notes.append(
            f"{folder.path / ITEMS}: {num_left_out:,} items without picture and outfit were left out"
        )


def _read_clicks(folder: Folder, drop: Drop) -> None:
    num_clicks: Counter[str] = Counter()
    ids: dict[str, str] = {}
    for number, (user, history, outfit) in enumerate(_lines(folder, USERS, "clicks", drop)):
        if number == MAX_CLICKS:
            drop.notes.append(
                f"{folder.path / USERS}: the first {MAX_CLICKS:,} clicks were read and the others left out; "
                f"`shuf` its lines to have others"
            )
            return
        num_clicks[user] += 1
        drop.rows["clicks"].append(
            Click(
                click_id=f"{NAME}-{user}-{num_clicks[user]}",
                user_id=f"{NAME}-{user}",
                outfit_id=f"{NAME}-{outfit}",
                clicked=True,
                source=NAME,
                history=tuple(ids.setdefault(one, one) for one in _item_ids(history)),
            )
        )


def _item_ids(cell: str) -> Iterator[str]:
    return (f"{NAME}-{one.strip()}" for one in cell.split(";") if one.strip())


def _lines(folder: Folder, name: str, table: str, drop: Drop) -> Iterator[list[str]]:
    """The cells of each line; one that cannot be split is rejected. DropError where none can."""
    file = folder.file(name)
    assert file is not None, "recognised by this file"
    width = _LINES[name].count(",") + 1
    num_good = num_broken = 0
    for number, cells in _cells(file, width):
        reason = _fault(cells, width, _LINES[name])
        if reason is None:
            num_good += 1
            yield cells
            continue
        num_broken += 1
        drop.reject(table, _shown(table, cells), f"{file.path}, line {number}: {reason}")
        if not num_good and num_broken == _MAX_BROKEN:
            break
    if not num_good:
        raise DropError(f"{file.path} has no line that can be read; expected {_LINES[name]}")


def _cells(file: File, width: int) -> Iterator[tuple[int, list[str]]]:
    """Each line that is not blank, by its number from 1; its last cell may hold commas."""
    try:
        with Progress(file.path.name, file.num_bytes, unit="B", scaled=True) as bar:
            for number, line in enumerate(file.lines(), start=1):
                bar.update(len(line))
                text = composed(line.decode("utf-8-sig", errors="surrogateescape")).strip()
                if text:
                    yield number, [cell.strip() for cell in text.split(",", width - 1)]
    except PictureError as error:
        raise DropError(str(error)) from error


def _fault(cells: list[str], width: int, form: str) -> str | None:
    """What is wrong with a line; None for a good one."""
    if len(cells) != width or not all(cells[:2]):
        return f"expected {form}"
    try:
        checked_text("the line", ",".join(cells))
    except ValueError as error:
        return str(error)
    return None


def _shown(table: str, cells: list[str]) -> dict[str, Any]:
    key = {"outfits": "outfit_id", "items": "item_id", "clicks": "user_id"}[table]
    return {key: cells[0][:200], "source": NAME}


def _recognises(folder: Folder) -> bool:
    return folder.file(OUTFITS) is not None and folder.file(ITEMS) is not None


LAYOUT = Layout(NAME, f"{OUTFITS} and {ITEMS}", _recognises, read)

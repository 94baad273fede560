"""`clothing-co-parsing`: street photos with label masks, and `index.json` with the regions of each photo.

    photos/0001.jpg or photos.zip/0001.jpg      masks/0001.png or masks.zip/0001.png
    index.json    {"0001": {"items": [{"label": "blouse", "pixels": 15567, "bbox": [x0, y0, x1, y1]}, ...]}}
    labels.json   ["null", "accessories", ...]: the words that the mask's numbers stand for

Photos are numbered there, as products are elsewhere, so theirs become `ccp/0001` here.
"""

from __future__ import annotations

from typing import Any

from atelier.datasets.files import File
from atelier.datasets.layouts.layout import Folder, Layout, Pictures, raw_photo, read_json
from atelier.datasets.raw import Drop
from atelier.datasets.values import to_row
from atelier.errors import DropError
from atelier.vocabulary import Photo, PhotoKind

NAME = "clothing-co-parsing"
_CORNERS = ("x0", "y0", "x1", "y1")


def read(folder: Folder, drop: Drop) -> None:
    """Read a street photo for each entry of `index.json`, its mask where there is one, and its regions."""
    index, values = _index(folder), _mask_values(folder)
    photos = Pictures(folder, [file for file in folder.pictures() if _kind(file) == "photos"])
    masks = Pictures(folder, [file for file in folder.pictures() if _kind(file) == "masks"])
    for number in sorted(index):
        photo_id = f"ccp/{number}"
        if not photos.named(number):
            row = {"photo_id": photo_id, "kind": PhotoKind.STREET.value}
            drop.reject("photos", row, photos.why_missing(number))
            continue
        drop.photos.append(raw_photo(Photo(photo_id, None, PhotoKind.STREET, NAME), photos.named(number)))
        if masks.named(number):
            mask = Photo(f"{photo_id}/mask", None, PhotoKind.MASK, NAME)
            drop.photos.append(raw_photo(mask, masks.named(number)))
        _read_regions(photo_id, index[number], values, drop)


def _index(folder: Folder) -> dict[str, Any]:
    file, index = read_json(folder, "index.json")
    if not isinstance(index, dict):
        raise DropError(
            f"{file.path} holds a {type(index).__name__}; expected one object with an entry a photo"
        )
    return index


def _mask_values(folder: Folder) -> dict[str, int]:
    """The number that stands for each label in the masks."""
    file, labels = read_json(folder, "labels.json")
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise DropError(f'{file.path} should be a list of labels, such as ["null", "bag"]')
    return {label: value for value, label in enumerate(labels)}


def _kind(file: File) -> str:
    """The part of the set it belongs to: `photos` or `masks`, whether that is a folder or a zip."""
    kinds = {part.removesuffix(".zip") for part in file.path.parts[:-1]} & {"photos", "masks"}
    return kinds.pop() if len(kinds) == 1 else ""


def _read_regions(photo_id: str, entry: Any, mask_values: dict[str, int], drop: Drop) -> None:
    regions = entry.get("items", []) if isinstance(entry, dict) else None
    if not isinstance(regions, list):
        drop.reject("regions", {"photo_id": photo_id}, f"index.json, {photo_id}: expected a list of regions")
        return
    for region in regions:
        values = {"photo_id": photo_id} | _renamed(region, mask_values)
        try:
            drop.rows["regions"].append(to_row("regions", values))
        except ValueError as error:
            drop.reject("regions", values, f"index.json, {photo_id}: {error}")


def _renamed(region: Any, mask_values: dict[str, int]) -> dict[str, Any]:
    if not isinstance(region, dict):
        return {}
    box = region.get("bbox")
    corners = dict(zip(_CORNERS, box, strict=False)) if isinstance(box, list) else {}
    label = region.get("label")
    value = mask_values.get(label) if isinstance(label, str) else None
    return {"label": label, "num_pixels": region.get("pixels"), "mask_value": value, **corners}


def _recognises(folder: Folder) -> bool:
    return folder.file("index.json") is not None and folder.file("labels.json") is not None


LAYOUT = Layout(NAME, "index.json and labels.json", _recognises, read)

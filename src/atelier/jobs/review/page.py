"""Writes the page of a review: one file that contains its pictures and scripts."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np
from PIL import Image

from atelier import pictures
from atelier.jobs import review
from atelier.vocabulary import Box, Item

MAX_BYTES = 9_500_000
"""A page is no larger: its pictures are made smaller until it fits."""
_SIDES = ((560, 240), (440, 176), (360, 128), (240, 96), (160, 64))
"""Longest sides of photos and of items' pictures, the best first."""

Found = Sequence[tuple[str, float]]
"""Item ids with their cosines, best first."""


@dataclass(frozen=True)
class Shown:
    """One search on the page, without the assignment of A and B."""

    digest: str
    kind: str
    item_id: str
    box: Box | None
    photo: bytes
    a: Found
    b: Found


def page(review_id: str, searches: Sequence[Shown], items: Mapping[str, tuple[Item, bytes]]) -> str:
    """Write HTML of at most MAX_BYTES.

    `items`: facts and catalogue picture of every item that is shown or searched for. ValueError: so many
    searches that even the smallest pictures do not fit.
    """
    template = (resources.files(review) / "pages" / "review.html").read_text(encoding="utf-8")
    for photo_side, item_side in _SIDES:
        text = template.replace("__DATA__", _data(review_id, searches, items, photo_side, item_side))
        if len(text.encode()) <= MAX_BYTES:
            return text
    raise ValueError(
        f"{len(searches)} searches do not fit into a page of {MAX_BYTES:,} bytes; review fewer at a time"
    )


def _data(
    review_id: str,
    searches: Sequence[Shown],
    items: Mapping[str, tuple[Item, bytes]],
    photo_side: int,
    item_side: int,
) -> str:
    """JSON that is safe inside a script element."""
    value = {
        "review_id": review_id,
        "queries": [_search(shown, photo_side) for shown in searches],
        "items": {
            item_id: {
                "title": item.title,
                "category": item.category,
                "price": item.price,
                "picture": _address(picture, item_side),
            }
            for item_id, (item, picture) in items.items()
        },
    }
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _search(shown: Shown, side: int) -> dict[str, Any]:
    height, width = pictures.decode(shown.photo).shape[:2]
    return {
        "query": shown.digest,
        "kind": shown.kind,
        "item_id": shown.item_id,
        "photo": _address(shown.photo, side),
        "ratio": round(width / height, 4),
        "box": _share_of_picture(shown.box, width, height) if shown.box else None,
        "a": _rounded(shown.a),
        "b": _rounded(shown.b),
    }


def _rounded(found: Iterable[tuple[str, float]]) -> list[tuple[str, float]]:
    return [(item_id, round(score, 4)) for item_id, score in found]


def _share_of_picture(box: Box, width: int, height: int) -> list[float]:
    """Left, top, width and height, 0 to 1, of what of the box lies on the upright picture."""
    x0, y0, x1, y1 = max(0.0, box.x0), max(0.0, box.y0), min(width, box.x1), min(height, box.y1)
    return [round(edge, 4) for edge in (x0 / width, y0 / height, (x1 - x0) / width, (y1 - y0) / height)]


def _address(picture: bytes, side: int) -> str:
    """A small JPEG as a data: address; what is small already stays as it is."""
    image = Image.fromarray(pictures.decode(picture, shrink_to=side))
    if (
        max(pictures.size(picture)) > side
        or not picture.startswith(b"\xff\xd8")
        or len(picture) > side * side
    ):
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
        picture = pictures.encode_jpeg(np.asarray(image), quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(picture).decode()

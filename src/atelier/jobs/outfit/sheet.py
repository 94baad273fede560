"""Draws partial sets of catalogue items and the model's completions for a reviewer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from atelier.datasets.catalogue import Catalogue
from atelier.families.outfit.material import OUTFITS
from atelier.jobs.outfit.examine import OutfitExam
from atelier.pictures import decode
from atelier.registry.plots import Answer, QueryRow, query_gallery
from atelier.vocabulary import PhotoKind

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ROWS, _COLUMNS = 8, 5
_SIDE = 160


def blanks_sheet(exam: OutfitExam, catalogue: Catalogue) -> Figure | None:
    """Draw some partial sets, evenly spread, and the best five of the missing item's category."""
    asked = exam.asked.get(OUTFITS)
    if asked is None or not len(asked.blanks) or asked.same_category_N is None:
        return None
    tiles = _Tiles(exam, catalogue)
    chosen = np.linspace(0, len(asked.blanks) - 1, min(_ROWS, len(asked.blanks))).astype(int)
    rows = []
    for question in np.unique(chosen):
        context = [int(row) for row in asked.blanks.rows_QP[question] if row >= 0]
        right = int(asked.blanks.answers_QA[question, 0])
        candidates = np.flatnonzero(asked.same_category_N == asked.same_category_N[right])
        scores = exam.scores(context, candidates)
        best = np.argsort(-scores)[:_COLUMNS]
        answers = [
            Answer(
                tiles.picture(int(candidates[n])),
                tiles.item_id(int(candidates[n])),
                float(scores[n]),
                bool(candidates[n] == right),
            )
            for n in best
        ]
        rows.append(QueryRow(tiles.strip(context), f"lacks {tiles.item_id(right)}", answers, OUTFITS))
    return query_gallery(rows, "started sets, and what would be added")


class _Tiles:
    """Tiles of the exam's catalogue items by their rows."""

    def __init__(self, exam: OutfitExam, catalogue: Catalogue) -> None:
        self._ids = exam.material.item_ids
        self._photos = {str(photo.item_id): photo for photo in catalogue.photos(PhotoKind.CATALOGUE)}
        self._catalogue = catalogue

    def item_id(self, row: int) -> str:
        return self._ids[row]

    def picture(self, row: int) -> NDArray[np.uint8]:
        """Return a square tile; grey for an item without a photo."""
        photo = self._photos.get(self._ids[row])
        tile = Image.new("RGB", (_SIDE, _SIDE), "white" if photo else "lightgrey")
        if photo is not None:
            image = Image.fromarray(decode(self._catalogue.read(photo), shrink_to=_SIDE))
            image.thumbnail((_SIDE, _SIDE))
            tile.paste(image, ((_SIDE - image.width) // 2, (_SIDE - image.height) // 2))
        return np.asarray(tile)

    def strip(self, rows: list[int]) -> NDArray[np.uint8]:
        return np.concatenate([self.picture(row) for row in rows], axis=1)

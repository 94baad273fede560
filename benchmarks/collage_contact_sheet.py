"""Twenty-four collages of simulated items on one sheet, to be looked at: docs/pictures/collages.jpg.

    python benchmarks/collage_contact_sheet.py --fonts FOLDER ... [--out FILE] [--first 0]

Of a few seeds that one is taken whose template was used least. Items are drawn 240 x 320, enough for 400.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

from collage_world import Shown, outfits
from PIL import Image

from atelier.collage.boxes import Piece
from atelier.collage.collage import Collage, CollageOptions, make_collage
from atelier.collage.cutouts import CutOuts
from atelier.collage.fonts import Fonts
from atelier.collage.measures import faults
from atelier.collage.templates import library

ROWS, COLUMNS, CELL, GAP = 4, 6, 400, 12
TEXTS = (
    {"title": "Quiet weekend", "subtitle": "Soft shapes for slow days"},
    {"title": "初秋通勤", "subtitle": "轻松出行，舒适百搭"},
    {"title": "After six", "subtitle": "From desk to dinner"},
    {"title": "城市漫步", "subtitle": "一天的好心情"},
)
TRIES = 4
"""Seeds that are tried for a template which is not yet on the sheet."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--fonts", nargs="+", type=Path, required=True, help="font files or folders")
    parser.add_argument("--out", type=Path, default=Path("docs/pictures/collages.jpg"))
    parser.add_argument("--first", type=int, default=0, help="outfits of the world that are passed over")
    arguments = parser.parse_args()
    fonts, cut_outs = Fonts.of(arguments.fonts), CutOuts(1000)
    used: Counter[str] = Counter()
    sheet = Image.new("RGB", (COLUMNS * (CELL + GAP) + GAP, ROWS * (CELL + GAP) + GAP), "white")
    chosen = [outfit for outfit in outfits(seed=11, num_collections=3) if len(outfit) >= 3][arguments.first :]
    for number, outfit in enumerate(chosen[: ROWS * COLUMNS]):
        collage = _freshest(outfit, number, used, fonts, cut_outs)
        used[collage.template or "the solver"] += 1
        assert not faults(collage.layout)
        corner = (GAP + number % COLUMNS * (CELL + GAP), GAP + number // COLUMNS * (CELL + GAP))
        sheet.paste(collage.image, corner)
    sheet.save(arguments.out, "JPEG", quality=86, subsampling="4:4:4", optimize=True)
    print(f"{arguments.out}: {dict(used)}", file=sys.stderr)


def _freshest(
    outfit: tuple[Shown, ...], number: int, used: Counter[str], fonts: Fonts, cut_outs: CutOuts
) -> Collage:
    """The collage, of a few seeds, whose template was used least; every third one has texts."""
    pieces = [
        Piece(shown.item.item.item_id, shown.slot, shown.item.item.category, cut_outs.get(shown.jpeg))
        for shown in outfit
    ]
    texts = TEXTS[number // 3 % len(TEXTS)] if number % 3 == 1 else {}
    made = [
        make_collage(pieces, library(), texts, fonts, CollageOptions((CELL, CELL), seed))
        for seed in range(TRIES)
    ]
    return min(made, key=lambda collage: used[collage.template or "the solver"])


if __name__ == "__main__":
    main()

"""A layout as pixels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from collage_pieces import piece

from atelier.collage.boxes import Piece
from atelier.collage.collage import CollageOptions, make_collage
from atelier.collage.templates import parse_template

PLAIN = parse_template(
    """{"name": "Plain", "canvas": [100, 100], "background": {"colour": "#F0E6DC"}, "boxes": [
    {"slots": ["top"], "box": [10, 10, 45, 90]}, {"slots": ["bottom"], "box": [55, 10, 90, 90]}]}"""
)


def test_outside_the_boxes_is_background_and_inside_is_the_piece() -> None:
    pieces = [piece("top", 0.5, colour=200), piece("bottom", 0.5, colour=10)]
    collage = make_collage(pieces, [PLAIN], options=CollageOptions((400, 400)))
    assert collage.template == "Plain"
    drawn = np.zeros((400, 400), bool)
    for each in collage.layout.placed:
        x0, y0, x1, y1 = (4 * side for side in each.box.as_tuple())
        drawn[round(y0) : round(y1), round(x0) : round(x1)] = True
        middle = collage.pixels[round((y0 + y1) / 2), round((x0 + x1) / 2)]
        np.testing.assert_array_equal(middle, each.piece.picture[0, 0, :3])
    assert (collage.pixels[~drawn] == (0xF0, 0xE6, 0xDC)).all()


def test_transparent_pixels_colours_never_bleed_into_the_picture() -> None:
    picture = np.zeros((300, 150, 4), np.uint8)
    picture[..., :3] = (0, 255, 0)
    picture[50:250, 30:120] = (240, 230, 220, 255)
    pieces = [Piece("a", "top", None, picture), Piece("b", "bottom", None, picture)]
    pixels = make_collage(pieces, [PLAIN], options=CollageOptions((300, 300))).pixels.astype(int)
    assert (pixels[..., 1] - pixels[..., 0]).max() <= 0, "no green"
    assert pixels.min() >= 210, "no dark fringe"


def test_higher_layers_are_drawn_over_lower_ones() -> None:
    boxes = (replace(PLAIN.boxes[0], layer=1, may_overlap=frozenset({"bottom"})), PLAIN.boxes[1])
    crossing = tuple(replace(each, box=replace(each.box, x0=30, x1=70)) for each in boxes)
    pieces = [piece("top", 0.5, colour=200), piece("bottom", 0.5, colour=10)]
    collage = make_collage(pieces, [replace(PLAIN, boxes=crossing)], options=CollageOptions((200, 200)))
    assert collage.measures.num_overlaps == 1
    assert collage.pixels[100, 100, 0] == 200

"""A search result as one picture: the photo with its box on the left, the answers in a grid on the right."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from atelier.index.query import Hit
from atelier.serving.answerer import Answer
from atelier.vocabulary import Box

SCALE = 2
"""Everything below is in points; the sheet is drawn at two pixels a point, to look sharp on dense screens."""
MARGIN, GAP = 28, 16
CARD_WIDTH, PICTURE_HEIGHT, CAPTION_HEIGHT = 148, 172, 62
MAX_COLUMNS = 5
QUERY_WIDTH = 300
HEADER_HEIGHT = 54
MAX_TEXT_LINES = 6
"""Of a text that was searched for; a longer one is shortened."""

PAPER, CARD, INK, FAINT, LINE = "#f6f4f0", "#ffffff", "#1f1d1a", "#8a847a", "#e4e0d8"
ACCENT = "#c8452f"


def result_sheet(
    query_pixels: NDArray[np.uint8] | None,
    box: Box | None,
    answer: Answer,
    thumbnails: Mapping[str, bytes],
    text: str | None = None,
) -> Image.Image:
    """Draw an answer to a photo, a text, or both.

    `query_pixels`: upright RGB, uint8 [H, W, 3]; `thumbnails`: item id -> JPEG, a card without one is bare.
    """
    # Two rows or more stand as high as a portrait photo beside them.
    num_columns = min(MAX_COLUMNS, max(1, math.ceil(len(answer.items) / 2)))
    num_rows = max(2, math.ceil(len(answer.items) / num_columns))
    card_height = PICTURE_HEIGHT + CAPTION_HEIGHT
    grid_width = num_columns * CARD_WIDTH + (num_columns - 1) * GAP
    grid_height = num_rows * card_height + (num_rows - 1) * GAP
    sheet = _Sheet(
        width=MARGIN * 2 + QUERY_WIDTH + GAP * 2 + grid_width,
        height=MARGIN * 2 + HEADER_HEIGHT + grid_height,
    )
    top = MARGIN + HEADER_HEIGHT
    heading = "Text" if query_pixels is None else "Photo and text" if text else "Photo"
    _draw_header(sheet, answer, heading, grid_left=MARGIN + QUERY_WIDTH + GAP * 2)
    if text:
        top_of_photo = top + _draw_text(sheet, text, (MARGIN, top, QUERY_WIDTH, grid_height)) + GAP
    else:
        top_of_photo = top
    if query_pixels is not None:
        place = (MARGIN, top_of_photo, QUERY_WIDTH, grid_height - (top_of_photo - top))
        _draw_query(sheet, query_pixels, box, place)
    for index, hit in enumerate(answer.items):
        row, column = divmod(index, num_columns)
        left = MARGIN + QUERY_WIDTH + GAP * 2 + column * (CARD_WIDTH + GAP)
        _draw_card(sheet, hit, thumbnails.get(hit.item_id), left, top + row * (card_height + GAP))
    return sheet.image


class _Sheet:
    """A canvas measured in points."""

    def __init__(self, width: int, height: int) -> None:
        self.image = Image.new("RGB", (width * SCALE, height * SCALE), PAPER)
        self.draw = ImageDraw.Draw(self.image)

    def text(self, left: float, top: float, text: str, size: int, colour: str, *, anchor: str = "la") -> None:
        self.draw.text((left * SCALE, top * SCALE), text, fill=colour, font=_font(size), anchor=anchor)

    def panel(self, left: float, top: float, width: float, height: float) -> None:
        corners = [value * SCALE for value in (left, top, left + width, top + height)]
        self.draw.rounded_rectangle(corners, radius=8 * SCALE, fill=CARD, outline=LINE, width=SCALE)

    def frame(self, x0: float, y0: float, x1: float, y1: float) -> None:
        """Draw a red frame with a white rim, visible on any photo."""
        for inset, width, colour in ((0, 5, "white"), (1, 3, ACCENT)):
            corners = [value * SCALE for value in (x0 + inset, y0 + inset, x1 - inset, y1 - inset)]
            self.draw.rectangle(corners, outline=colour, width=width * SCALE)

    def paste(
        self, picture: Image.Image, left: float, top: float, width: float, height: float
    ) -> tuple[float, float, float]:
        """Fit a picture into a place, centred; return its left and top and its points for each pixel."""
        points_per_pixel = min(width / picture.width, height / picture.height)
        size = [max(1, round(side * points_per_pixel * SCALE)) for side in picture.size]
        fitted = picture.resize((size[0], size[1]), Image.Resampling.LANCZOS)
        x, y = left + (width - size[0] / SCALE) / 2, top + (height - size[1] / SCALE) / 2
        self.image.paste(fitted, (round(x * SCALE), round(y * SCALE)))
        return x, y, points_per_pixel


def _draw_header(sheet: _Sheet, answer: Answer, heading: str, grid_left: int) -> None:
    guess = answer.categories[0] if answer.categories else None
    sheet.text(MARGIN, MARGIN, heading, 20, INK)
    if guess is not None:
        sheet.text(MARGIN, MARGIN + 27, f"looks like {guess.name}, {guess.probability:.0%}", 12, FAINT)
    sheet.text(grid_left, MARGIN, "Found in the catalogue", 20, INK)
    sheet.text(grid_left, MARGIN + 27, f"release {answer.release_id}", 12, FAINT)


def _draw_query(
    sheet: _Sheet, pixels: NDArray[np.uint8], box: Box | None, place: tuple[int, int, int, int]
) -> None:
    left, top, width, height = place
    photo = Image.fromarray(pixels)
    height = min(height, math.ceil((width - GAP) * photo.height / photo.width) + GAP)
    sheet.panel(left, top, width, height)
    x, y, scale = sheet.paste(photo, left + GAP / 2, top + GAP / 2, width - GAP, height - GAP)
    if box is not None:
        x0, x1 = (x + min(max(value, 0), photo.width) * scale for value in (box.x0, box.x1))
        y0, y1 = (y + min(max(value, 0), photo.height) * scale for value in (box.y0, box.y1))
        sheet.frame(x0, y0, x1, y1)


def _draw_text(sheet: _Sheet, text: str, place: tuple[int, int, int, int]) -> int:
    """Draw what was asked for in words on a panel of its own; return the panel's height."""
    left, top, width, _ = place
    lines = _wrap(text, 15, width - 2 * GAP, MAX_TEXT_LINES)
    height = len(lines) * 21 + GAP
    sheet.panel(left, top, width, height)
    for number, line in enumerate(lines):
        sheet.text(left + GAP, top + GAP / 2 + number * 21, line, 15, INK)
    return height


def _draw_card(sheet: _Sheet, hit: Hit, thumbnail: bytes | None, left: int, top: int) -> None:
    sheet.panel(left, top, CARD_WIDTH, PICTURE_HEIGHT + CAPTION_HEIGHT)
    if thumbnail is not None:
        with Image.open(io.BytesIO(thumbnail)) as picture:
            sheet.paste(picture.convert("RGB"), left + 8, top + 8, CARD_WIDTH - 16, PICTURE_HEIGHT - 12)
    for number, line in enumerate(_wrap(hit.title, 11, CARD_WIDTH - 20, max_lines=2)):
        sheet.text(left + 10, top + PICTURE_HEIGHT + 2 + number * 15, line, 11, INK)
    bottom = top + PICTURE_HEIGHT + CAPTION_HEIGHT - 10
    sheet.text(left + 10, bottom, "" if hit.price is None else f"{hit.price:,.2f}", 12, INK, anchor="ls")
    sheet.text(left + CARD_WIDTH - 10, bottom, f"{hit.score:.2f}", 12, ACCENT, anchor="rs")


def _wrap(text: str, size: int, width: int, max_lines: int) -> list[str]:
    """Break a title into lines that fit, the last one shortened with an ellipsis."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if not lines[-1] or _width(longer, size) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    is_cut = len(lines) > max_lines
    lines = lines[:max_lines]
    return [
        _shortened(line, size, width, force=is_cut and number == max_lines - 1)
        for number, line in enumerate(lines)
    ]


def _shortened(line: str, size: int, width: int, force: bool) -> str:
    if not force and _width(line, size) <= width:
        return line
    while line and _width(f"{line}…", size) > width:
        line = line[:-1].rstrip()
    return f"{line}…"


def _width(text: str, size: int) -> float:
    return _font(size).getlength(text) / SCALE


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size * SCALE)
    assert isinstance(font, ImageFont.FreeTypeFont), "Pillow was built without FreeType"
    return font

"""Texts in their areas: broken into lines (Latin by words, Chinese by characters), as large as they fit."""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from PIL import Image, ImageDraw, ImageFont, features

from atelier.collage.boxes import height, width
from atelier.collage.fonts import JOINERS, Face, Fonts
from atelier.collage.templates import TextArea
from atelier.errors import CollageError, FontsError

_LINE = 1.28
"""From one base line to the next, by the size of letters."""
_STEPS = 12
"""Sizes that are tried from the largest to the smallest."""
_WORTH_A_LINE = 0.75
"""A text becomes so much smaller, if it then needs fewer lines."""
_NEVER_FIRST = "，。、；：？！）》」』】〕…—·,.;:?!)]}%’”"
_NEVER_LAST = "（《「『【〔([{‘“"
_MAX_LETTERS = 400
_RIGHT_TO_LEFT = ("R", "AL", "AN", "RLE", "RLO", "RLI")
_STAND_ALONE = (
    *("LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "GEORGIAN", "ETHIOPIC", "CHEROKEE", "COPTIC"),
    *("CJK", "HIRAGANA", "KATAKANA", "HALFWIDTH", "FULLWIDTH", "BOPOMOFO", "HANGUL SYLLABLE", "IDEOGRAPHIC"),
    *("COMBINING", "MODIFIER LETTER", "MASCULINE ORDINAL", "FEMININE ORDINAL", "MICRO SIGN"),
)
"""How the Unicode names of letters and marks begin that can be set apart from their neighbours."""

_loaded = threading.local()


@dataclass(frozen=True)
class TextBlock:
    """A text, ready to be drawn."""

    area: TextArea
    lines: tuple[str, ...]
    face: Face
    size: float
    """Of the letters, in units of the canvas."""


def set_text(text: str, area: TextArea, fonts: Fonts) -> TextBlock:
    """Break a text into lines at the largest size at which its area holds it.

    Raises FontsError where no font has its characters, CollageError where it is too long.
    """
    text = unicodedata.normalize("NFC", text)
    text = "\n".join(" ".join(line.split()) for line in text.strip().splitlines())
    shown = "".join(letter for letter in text if letter != "\n" and letter not in JOINERS)
    if not shown or len(text) > _MAX_LETTERS or not shown.isprintable():
        raise CollageError(
            f"the text '{area.name}' has {len(text)} letters; expected 1 to {_MAX_LETTERS} printable ones"
        )
    if not may_be_spaced(text):
        _require_shaping(area.name, text)
        area = replace(area, spacing=0.0)
    face = fonts.choose(text, area.style, area.weight)
    # Measured at a fixed size of 100 pixels: the same lines at every size of the picture.
    font = _font(face, 100)
    found: TextBlock | None = None
    for step in range(_STEPS):
        size = area.size + (area.smallest - area.size) * step / (_STEPS - 1)
        lines = tuple(_lines(text, font, 100 * width(area.box) / size, area.spacing * 100))
        high = size * (1 + _LINE * (len(lines) - 1))
        if not lines or high > height(area.box) or (found and len(lines) >= len(found.lines)):
            continue
        if found is None or size >= _WORTH_A_LINE * found.size:
            found = TextBlock(area, lines, face, size)
    if found:
        return found
    raise CollageError(
        f"the text '{area.name}' does not fit its area at its smallest size, {area.smallest:g}: "
        f"'{text[:60]}' ({len(text)} letters); shorten it, or enlarge the area"
    )


def draw_text(picture: Image.Image, block: TextBlock, scale: float) -> None:
    """Draw a block on a picture whose pixels are `scale` to a unit of the canvas."""
    area = block.area
    draw = ImageDraw.Draw(picture)
    font = _font(block.face, max(4, round(block.size * scale)))
    spacing = area.spacing * font.size
    line = _LINE * block.size * scale
    high = block.size * scale + line * (len(block.lines) - 1)
    free = height(area.box) * scale - high
    top = area.box.y0 * scale + free * {"top": 0.0, "middle": 0.5, "bottom": 1.0}[area.down]
    direction = _direction(block.lines)
    for number, text in enumerate(block.lines):
        long = _length(text, font, spacing)
        left = (
            area.box.x0 * scale
            + (width(area.box) * scale - long) * {"left": 0.0, "centre": 0.5, "right": 1.0}[area.align]
        )
        # The base line: letters without descenders then fill the line's height.
        base = top + line * number + 0.86 * block.size * scale
        if not spacing:
            draw.text((left, base), text, area.colour, font, anchor="ls", direction=direction)
            continue
        for letter in _letters(text):
            draw.text((left, base), letter, area.colour, font, anchor="ls")
            left += font.getlength(letter) + spacing


def _lines(text: str, font: ImageFont.FreeTypeFont, wide: float, spacing: float) -> Iterator[str]:
    """Lines no wider than `wide`; none at all where a single word is wider."""
    done: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for part in _parts(paragraph):
            if _length((line + part).rstrip(), font, spacing) <= wide:
                line += part
                continue
            if line:
                done.append(line.rstrip())
            line = part.lstrip()
            if _length(line.rstrip(), font, spacing) > wide:
                return
        done.append(line.rstrip())
    yield from done


def _parts(text: str) -> Iterator[str]:
    """What a line may be broken between: words with the space after them, Chinese characters.

    Closing punctuation stays with what is before it, opening punctuation with what is after.
    """
    part = ""
    for position, letter in enumerate(text):
        part += letter
        following = text[position + 1 : position + 2]
        if not following:
            break
        may_break = letter == " " or _is_cjk(letter) or (_is_cjk(following) and letter not in _NEVER_LAST)
        if may_break and following not in _NEVER_FIRST and following != " " and letter not in _NEVER_LAST:
            yield part
            part = ""
    if part:
        yield part


def _is_cjk(letter: str) -> bool:
    code = ord(letter)
    return 0x2E80 <= code <= 0x9FFF or 0xF900 <= code <= 0xFAFF or 0xFF00 <= code <= 0xFFEF or code >= 0x20000


def _length(text: str, font: ImageFont.FreeTypeFont, spacing: float) -> float:
    if not spacing:
        return float(font.getlength(text))
    letters = _letters(text)
    return sum(float(font.getlength(letter)) for letter in letters) + spacing * max(len(letters) - 1, 0)


def may_be_spaced(text: str) -> bool:
    """Check that letters of a text can be set one by one: each stands alone, from left to right.

    In Arabic they are joined, in Devanagari they hang from one line, in Thai they stack, Hebrew runs the
    other way: there the words are shaped whole, and an area's spacing does not apply.
    """
    return all(_stands_alone(letter) for letter in text)


def _stands_alone(letter: str) -> bool:
    if unicodedata.bidirectional(letter) in _RIGHT_TO_LEFT or letter in JOINERS:
        return False
    if unicodedata.category(letter)[0] not in "LM":
        return True
    return unicodedata.name(letter, "").startswith(_STAND_ALONE)


def _direction(lines: Sequence[str]) -> str | None:
    """'rtl' where the first letter runs so: a later line may begin with a Latin word. None: each as it is."""
    for letter in "".join(lines):
        kind = unicodedata.bidirectional(letter)
        if kind in ("L", "R", "AL"):
            return None if kind == "L" else "rtl"
    return None


def _letters(text: str) -> list[str]:
    """Letters with the marks that stand on them."""
    letters: list[str] = []
    for each in text:
        if letters and unicodedata.category(each)[0] == "M":
            letters[-1] += each
        else:
            letters.append(each)
    return letters


def _require_shaping(name: str, text: str) -> None:
    """Without it such a script comes out unjoined and reversed, which is worse than no text."""
    if not (features.check("raqm") and features.check("fribidi")):
        raise FontsError(
            f"the text '{name}' is in a script whose letters are shaped together, '{text[:40]}', and this "
            f"Pillow cannot do that (`python -m PIL.report` lists raqm and fribidi); install libfribidi0 and "
            f"Pillow's own wheel, or leave the text out"
        )


def _font(face: Face, size: int) -> ImageFont.FreeTypeFont:
    """Kept for each thread: FreeType's faces are not to be shared between threads."""
    known: dict[tuple[Face, int], ImageFont.FreeTypeFont] = _loaded.__dict__.setdefault("fonts", {})
    key = (face, size)
    if key not in known:
        if len(known) >= 64:
            known.clear()
        known[key] = ImageFont.truetype(str(face.path), size, index=face.index)
    return known[key]

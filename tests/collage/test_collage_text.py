"""Fonts by the characters they have, and texts broken into lines that their areas hold."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
import pytest
from PIL import Image

from atelier.collage.fonts import Fonts, coverage
from atelier.collage.templates import TextArea
from atelier.collage.text import draw_text, set_text
from atelier.errors import CollageError
from atelier.vocabulary import Box

LATIN = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
CJK = sorted(
    path
    for folder in ("/usr/share/fonts", "/usr/local/share/fonts")
    for pattern in ("*CJK*.ttc", "*CJK*.otf", "wqy-*.ttc")
    for path in Path(folder).rglob(pattern)
)
needs_cjk = pytest.mark.skipif(
    not CJK, reason="no Chinese font is installed (fonts-noto-cjk, fonts-wqy-zenhei)"
)


@pytest.fixture(scope="module")
def latin() -> Fonts:
    return Fonts.of([LATIN])


@pytest.fixture(scope="module")
def both() -> Fonts:
    return Fonts.of([LATIN, *CJK])


def _area(width: float = 300, height: float = 100, size: float = 40, **more: object) -> TextArea:
    return TextArea("title", Box(0, 0, width, height), size, 10, **more)  # type: ignore[arg-type]


def test_latin_is_broken_between_words_and_made_smaller_until_it_fits(latin: Fonts) -> None:
    short = set_text("Linen days", _area(), latin)
    assert (short.lines, short.size) == (("Linen days",), 40)
    long = set_text("Linen days and quiet evenings by the sea", _area(), latin)
    assert len(long.lines) > 1 and long.size < 40
    assert " ".join(long.lines) == "Linen days and quiet evenings by the sea"


def test_a_text_that_is_too_long_is_refused_with_its_area(latin: Fonts) -> None:
    with pytest.raises(CollageError, match="the text 'title' does not fit its area at its smallest size, 10"):
        set_text("word " * 70, _area(height=60), latin)
    with pytest.raises(CollageError, match="does not fit"):
        set_text("Donaudampfschifffahrtsgesellschaft" * 3, _area(), latin)
    with pytest.raises(CollageError, match="1 to 400"):
        set_text("\x00", _area(), latin)


@needs_cjk
def test_chinese_is_broken_between_characters_but_not_before_punctuation(both: Fonts) -> None:
    text = "初秋的风，吹过城市；轻松出行，舒适百搭。每一天都好看！"
    for wide in range(150, 320, 10):
        block = set_text(text, _area(wide, 400), both)
        assert "".join(block.lines) == text
        assert not any(line[0] in "，；。！" for line in block.lines)


@needs_cjk
def test_latin_words_inside_chinese_stay_whole(both: Fonts) -> None:
    block = set_text("初秋通勤 Atelier 城市漫步系列单品推荐", _area(170, 300), both)
    assert sum("Atelier" in line for line in block.lines) == 1


@needs_cjk
def test_chinese_is_set_in_a_font_that_has_it(both: Fonts) -> None:
    face = both.choose("初秋 Autumn")
    assert set(map(ord, "初秋Autumn")) <= coverage(face.path, face.index)


@pytest.mark.parametrize("align", ["left", "centre", "right"])
@pytest.mark.parametrize("down", ["top", "middle", "bottom"])
def test_ink_lies_inside_the_area_at_the_side_it_is_aligned_to(latin: Fonts, align: str, down: str) -> None:
    area = TextArea("title", Box(100, 100, 500, 300), 40, 10, (0, 0, 0), align, down)
    picture = Image.new("RGB", (600, 400), "white")
    draw_text(picture, set_text("Typography", area, latin), 1.0)
    ink = np.asarray(picture).min(-1) < 128
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    assert columns[0] >= 98 and columns[-1] <= 502 and rows[0] >= 98 and rows[-1] <= 304
    middle = (columns[0] + columns[-1]) / 2
    assert abs(middle - 300) < 6 if align == "centre" else (middle < 290 if align == "left" else middle > 310)
    high = (rows[0] + rows[-1]) / 2
    assert abs(high - 200) < 12 if down == "middle" else (high < 170 if down == "top" else high > 230)


def test_the_same_lines_are_drawn_at_every_size(latin: Fonts) -> None:
    area = _area(400, 120, 36)
    block = set_text("Linen days and quiet evenings", area, latin)
    spans = []
    for scale in (0.5, 1.0, 2.0):
        picture = Image.new("RGB", (round(450 * scale), round(140 * scale)), "white")
        draw_text(picture, block, scale)
        spans.append(np.flatnonzero((np.asarray(picture).min(-1) < 128).any(0))[-1] / scale)
    assert max(spans) - min(spans) < 8

"""Letter spacing by script: applied where letters stand alone, and never between what is shaped together."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
import pytest
from PIL import Image, features

from atelier.collage.fonts import Fonts
from atelier.collage.templates import TextArea
from atelier.collage.text import draw_text, may_be_spaced, set_text
from atelier.errors import FontsError
from atelier.vocabulary import Box

LATIN = (
    Path(matplotlib.get_data_path()) / "fonts" / "ttf"
)  # DejaVu: Latin, Greek, Cyrillic, Arabic and Hebrew
needs_shaping = pytest.mark.skipif(
    not (features.check("raqm") and features.check("fribidi")), reason="this Pillow shapes no script"
)
ARABIC, HEBREW, PERSIAN = "مرحبا بكم", "שלום עולם", "می\u200cخواهم"


@pytest.fixture(scope="module")
def fonts() -> Fonts:
    return Fonts.of([LATIN / "DejaVuSans.ttf"])


def drawn(text: str, spacing: float, fonts: Fonts) -> np.ndarray:
    area = TextArea("title", Box(0, 0, 900, 100), 60, 10, (0, 0, 0), spacing=spacing)
    picture = Image.new("RGB", (900, 100), "white")
    draw_text(picture, set_text(text, area, fonts), 1.0)
    return np.asarray(picture)


def ink_width(picture: np.ndarray) -> int:
    columns = np.flatnonzero((picture.min(-1) < 128).any(0))
    return int(columns[-1] - columns[0])


def ink_of(part: str, spacing: float, fonts: Fonts) -> int:
    return ink_width(drawn(part, spacing, fonts))


@needs_shaping
@pytest.mark.parametrize("text", [ARABIC, HEBREW, PERSIAN, f"Sale {ARABIC}", f"{HEBREW} 2026", "مُحَمَّد"])
def test_what_is_shaped_together_is_drawn_as_without_spacing(text: str, fonts: Fonts) -> None:
    spaced, plain = drawn(text, 0.5, fonts), drawn(text, 0.0, fonts)
    assert (plain.min(-1) < 128).sum() > 200, "something is drawn"
    assert np.array_equal(spaced, plain)


@needs_shaping
def test_arabic_is_joined_and_runs_from_right_to_left(fonts: Fonts) -> None:
    joined = ink_width(drawn(ARABIC, 0.0, fonts))
    assert joined < sum(ink_width(drawn(letter, 0.0, fonts)) for letter in ARABIC if letter != " ")
    # The first word of an Arabic text stands at its right: as the last word of a Latin one does.
    assert np.array_equal(drawn("مرحبا a", 0.0, fonts), drawn("a مرحبا", 0.0, fonts))


@needs_shaping
def test_a_line_runs_as_its_text_does_even_where_it_begins_with_a_latin_word(fonts: Fonts) -> None:
    area = TextArea("title", Box(0, 0, 480, 200), 60, 60, (0, 0, 0))
    block = set_text("مرحبا بكم مرحبا Atelier مرحبا", area, fonts)
    assert block.lines[1] == "Atelier مرحبا"
    pictures = []
    for each in (block, set_text(block.lines[1], area, fonts)):
        picture = Image.new("RGB", (480, 200), "white")
        draw_text(picture, each, 1.0)
        rows = np.flatnonzero((np.asarray(picture).min(-1) < 128).any(1))
        pictures.append(np.asarray(picture)[rows[-1] - 40 : rows[-1] + 1])
    of_the_text, of_the_line_alone = pictures
    assert not np.array_equal(of_the_text, of_the_line_alone)


@pytest.mark.parametrize("text", ["Linen", "Été", "ΑΘΗΝΑ", "Лето", "50 % off"])
def test_letters_that_stand_alone_are_spaced(text: str, fonts: Fonts) -> None:
    assert ink_of(text, 0.5, fonts) >= ink_of(text, 0.0, fonts) + 0.4 * 60 * (len(text) - 1)


@pytest.mark.parametrize(("apart", "whole"), [("Cafe\u0301", "Café"), ("E\u0301te\u0301", "Été")])
def test_combining_marks_are_drawn_as_the_letter_that_they_make(apart: str, whole: str, fonts: Fonts) -> None:
    for spacing in (0.0, 0.3):
        assert np.array_equal(drawn(apart, spacing, fonts), drawn(whole, spacing, fonts))


@needs_shaping
def test_a_mark_without_a_letter_of_its_own_stays_with_its_base(fonts: Fonts) -> None:
    """There is no composed q with an acute: the two are one letter to spacing."""
    assert ink_of("q\u0301q\u0301", 0.5, fonts) == pytest.approx(ink_of("qq", 0.5, fonts), abs=6)


@pytest.mark.parametrize(
    ("text", "spaced"),
    [
        ("City walk, 2026!", True),
        ("初秋通勤", True),
        ("ひらがなカタカナー", True),
        ("여름 세일", True),
        ("q\u0301", True),
        (ARABIC, False),
        (HEBREW, False),
        ("नमस्ते", False),
        ("สวัสดี", False),
        ("தமிழ்", False),
        ("ᠮᠣᠩᠭᠣᠯ", False),
        (f"Sale {ARABIC}", False),
    ],
)
def test_spacing_is_for_scripts_whose_letters_stand_alone(text: str, spaced: bool) -> None:
    assert may_be_spaced(text) == spaced


def test_without_shaping_such_a_script_is_refused_rather_than_drawn_wrong(
    fonts: Fonts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(features, "check", lambda _: False)
    with pytest.raises(FontsError, match="raqm"):
        drawn(ARABIC, 0.0, fonts)
    assert ink_of("Linen", 0.3, fonts) > 0

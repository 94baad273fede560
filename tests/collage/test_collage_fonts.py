"""Fonts are chosen by style, and a missing character is named."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import pytest

from atelier.collage.fonts import Fonts, coverage
from atelier.errors import FontsError

LATIN = Path(matplotlib.get_data_path()) / "fonts" / "ttf"


@pytest.fixture(scope="module")
def latin() -> Fonts:
    return Fonts.of([LATIN])


def test_a_face_is_chosen_by_style_and_weight(latin: Fonts) -> None:
    assert latin.choose("Linen", "sans").family == "DejaVu Sans"
    assert latin.choose("Linen", "serif").family == "DejaVu Serif"
    bold = latin.choose("Linen", "sans", "bold")
    assert (bold.family, bold.weight) == ("DejaVu Sans", 700)
    assert all("Oblique" not in latin.choose("Linen", style).style for style in ("sans", "serif"))


def test_what_a_font_covers_is_what_it_draws() -> None:
    covered = coverage(LATIN / "DejaVuSans.ttf")
    assert {ord("A"), ord("é"), ord("Ж")} <= covered
    assert ord("初") not in covered


def test_a_missing_character_is_named_with_what_to_install(latin: Fonts) -> None:
    with pytest.raises(FontsError) as caught:
        latin.choose("Autumn 初秋")
    assert "lacks '初秋'" in str(caught.value)
    assert "fonts-noto-cjk" in str(caught.value)


def test_fonts_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(FontsError, match=r"nowhere does not exist.*apt-get install"):
        Fonts.of([tmp_path / "nowhere"])
    with pytest.raises(FontsError, match="holds no font"):
        Fonts.of([tmp_path])
    with pytest.raises(FontsError, match="no file or folder is named"):
        Fonts.of([])
    (tmp_path / "broken.ttf").write_bytes(b"not a font")
    with pytest.raises(FontsError, match=r"broken\.ttf is no font that can be read"):
        Fonts.of([tmp_path])

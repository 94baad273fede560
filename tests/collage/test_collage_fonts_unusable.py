"""Fonts that cannot be used are left out with a warning; a text is set with the others."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path

import matplotlib
import pytest

from atelier.collage.fonts import Fonts
from atelier.errors import FontsError

LATIN = Path(matplotlib.get_data_path()) / "fonts" / "ttf"


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _text(path: Path) -> None:
    path.write_text("not a font")


def _damaged(path: Path) -> None:
    """A font whose table of characters is cut off: it can be opened, and not be asked what it has."""
    data = (LATIN / "DejaVuSans.ttf").read_bytes()
    start = data.index(b"cmap")
    path.write_bytes(data[:start] + b"cmaX" + data[start + 4 :])


def _pipe(path: Path) -> None:
    os.mkfifo(path)


UNUSABLE: dict[str, Callable[[Path], None]] = {
    "empty": _empty,
    "text": _text,
    "a folder": lambda path: path.mkdir(),
    "a link to nowhere": lambda path: path.symlink_to("nowhere"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a pipe": _pipe,
    "damaged": _damaged,
}


@pytest.mark.parametrize("kind", UNUSABLE)
def test_an_unusable_font_is_left_out_with_one_warning(
    kind: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    UNUSABLE[kind](tmp_path / "A.ttf")
    with caplog.at_level(logging.WARNING, "atelier"):
        fonts = Fonts.of([tmp_path, LATIN])
        assert fonts.choose("City walk").family == "DejaVu Sans"
        assert fonts.choose("City walks", "serif").family == "DejaVu Serif"
    warnings = [record.getMessage() for record in caplog.records if "left out" in record.getMessage()]
    assert len(warnings) <= 1
    if kind != "damaged" or warnings:
        assert str(tmp_path / "A.ttf") in warnings[0]


def test_a_place_that_is_gone_does_not_take_the_others_with_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "atelier"):
        assert Fonts.of([tmp_path / "nowhere", tmp_path, LATIN]).choose("City").family == "DejaVu Sans"
    assert "nowhere does not exist" in caplog.text
    assert f"{tmp_path} holds no font" in caplog.text


def test_many_unusable_fonts_are_one_warning_of_a_few_lines(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(50):
        _empty(tmp_path / f"{number}.ttf")
    with caplog.at_level(logging.WARNING, "atelier"):
        Fonts.of([tmp_path, LATIN])
    assert [record.getMessage().endswith("and 47 more") for record in caplog.records] == [True]


def test_nothing_but_unusable_fonts_is_an_error_that_names_them(tmp_path: Path) -> None:
    _empty(tmp_path / "A.ttf")
    with pytest.raises(FontsError, match=r"A\.ttf is no font that can be read.*apt-get install"):
        Fonts.of([tmp_path])


def test_a_font_that_vanishes_is_passed_over(tmp_path: Path) -> None:
    copy = tmp_path / "Copy.ttf"
    copy.write_bytes((LATIN / "DejaVuSans.ttf").read_bytes())
    fonts = Fonts.of([tmp_path, LATIN])
    copy.unlink()
    assert fonts.choose("Velvet").path != copy

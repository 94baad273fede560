"""The sheet that shows a search result."""

from __future__ import annotations

import numpy as np
import pytest
from serving_world import PICTURES, encoded

from atelier.index.query import Hit
from atelier.serving.answerer import Answer, CategoryGuess
from atelier.serving.picture import ACCENT, result_sheet
from atelier.vocabulary import Box

RED = tuple(bytes.fromhex(ACCENT[1:]))


def answer_of(num_items: int, title: str = "A plain garment") -> Answer:
    hits = tuple(
        Hit(
            item_id=f"{number}",
            score=0.9,
            title=title,
            category="Tshirts",
            department=None,
            gender=None,
            colour=None,
            price=None if number % 2 else 1234.5,
            rating=None,
            num_reviews=None,
            stock=None,
        )
        for number in range(num_items)
    )
    return Answer("release", "data", (CategoryGuess("Tshirts", 0.9),), hits, {})


def thumbnails(answer: Answer) -> dict[str, bytes]:
    return {hit.item_id: encoded(PICTURES["T/0"]) for hit in answer.items}


@pytest.mark.parametrize("num_items", [0, 1, 4, 5, 10, 23])
def test_every_answer_has_its_place_on_the_sheet(num_items: int) -> None:
    answer = answer_of(num_items)
    sheet = np.asarray(result_sheet(PICTURES["J/0"], None, answer, thumbnails(answer)))
    is_garment = (sheet == (255, 0, 0)).all(axis=2)
    garments_high = int((np.diff(is_garment.any(axis=1).astype(int)) == 1).sum())
    first_row = is_garment[: is_garment.any(axis=1).argmax() + 20]
    garments_wide = int((np.diff(first_row.any(axis=0).astype(int)) == 1).sum())
    num_columns = min(5, -(-num_items // 2))
    assert garments_wide == num_columns
    assert garments_high == (-(-num_items // num_columns) if num_items else 0)


def test_the_box_is_framed_where_it_lies() -> None:
    photo = np.full((300, 200, 3), 90, np.uint8)
    answer = answer_of(2)
    plain = np.asarray(result_sheet(photo, None, answer, thumbnails(answer)))
    framed = np.asarray(result_sheet(photo, Box(50, 75, 150, 900), answer, thumbnails(answer)))
    rows, columns = np.nonzero((plain != framed).any(axis=2))
    photo_rows, photo_columns = np.nonzero((plain == 90).all(axis=2))
    left, width = photo_columns.min(), np.ptp(photo_columns)
    assert (columns.min() - left) / width == pytest.approx(0.25, abs=0.02)
    assert (columns.max() - left) / width == pytest.approx(0.75, abs=0.02)
    assert (rows.min() - photo_rows.min()) / np.ptp(photo_rows) == pytest.approx(0.25, abs=0.02)
    assert rows.max() <= photo_rows.max(), "a box beyond the photo is clipped to it"
    assert (framed == RED).all(axis=2).any()


def test_long_titles_and_wide_photos_fit() -> None:
    answer = answer_of(3, title="Unpronounceablywideunbrokenword " * 8)
    sheet = result_sheet(np.zeros((20, 4000, 3), np.uint8), None, answer, thumbnails(answer))
    margin = np.asarray(sheet)[:, -40:]
    assert (margin == margin[0, 0]).all()


@pytest.mark.parametrize("text", ["red running shoes", "x" * 200, "word " * 40, "初秋" * 90])
def test_a_text_that_was_asked_for_is_drawn_alone_or_above_the_photo(text: str) -> None:
    answer = answer_of(4)
    bare = np.asarray(result_sheet(None, None, answer, thumbnails(answer)))
    alone = np.asarray(result_sheet(None, None, answer, thumbnails(answer), text))
    both = np.asarray(result_sheet(PICTURES["J/0"], None, answer, thumbnails(answer), text))
    assert alone.shape == bare.shape == both.shape
    assert (alone != bare).any()
    assert (both[:, :600] == (0, 0, 255)).all(axis=2).any(), "the photo is still there"
    assert not (alone[:, :600] == (0, 0, 255)).all(axis=2).any()


def test_an_item_without_a_picture_has_a_bare_card() -> None:
    answer = answer_of(2)
    assert result_sheet(None, None, answer, {}, "red").width > 500

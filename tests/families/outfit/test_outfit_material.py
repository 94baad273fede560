"""The material of outfit networks: sources side by side in one numbering, and questions about their sets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from atelier.families.outfit.material import CATEGORIES, OUTFITS, WORN, SetMaterial, Source
from atelier.families.outfit.table import ItemTable
from atelier.vocabulary import Split


def table(num: int) -> ItemTable:
    """Items of `num` numbers each: the row in every column."""
    row_N1 = np.arange(num, dtype=np.float32)[:, None]
    return ItemTable(row_N1, row_N1, row_N1, np.arange(num)[:, None])


def rows(train: list[list[int]], test: list[list[int]]) -> dict[str, list[list[int]]]:
    return {Split.TRAIN: train, Split.VALIDATION: [], Split.TEST: test}


@pytest.fixture
def outfits() -> Source:
    """Sixteen items of four kinds, four each: a question has three wrong answers."""
    sets = rows([[0, 4, 8], [1, 5], [9, 13]], [[0, 5, 12], [3, 6]])
    ids = [f"item {number}" for number in range(16)]
    return Source(OUTFITS, table(16), np.arange(16) // 4, np.arange(16), sets, frozenset({1}), ids)


@pytest.fixture
def worn() -> Source:
    """Ten crops of five photos: two kinds."""
    sets = rows([[0, 1]], [[2, 3], [4, 5], [6, 7], [8, 9]])
    return Source(WORN, table(10), np.arange(10) % 2, np.arange(10) // 2, sets)


@pytest.fixture
def kinds() -> Source:
    """Five kinds, of which sets are known and no items."""
    numbers = np.arange(5)
    return Source(CATEGORIES, table(5), numbers, numbers, rows([[0, 1, 2], [0, 3]], [[1, 2, 4]]))


def test_training_sets_of_all_sources_have_one_numbering(
    outfits: Source, worn: Source, kinds: Source
) -> None:
    material = SetMaterial({}, (outfits, worn, kinds), "space")
    assert len(material.items) == 16 + 10 + 5
    sets = material.sets()
    found = [[row for row in each if row >= 0] for each in sets.rows_SP.tolist()]
    assert found == [[0, 4, 8], [1, 5], [9, 13], [16, 17], [26, 27, 28], [26, 29]]
    assert sets.source_S.tolist() == [0, 0, 0, 1, 2, 2]
    assert sets.liked_S.tolist() == [True, False, True, True, True, True], "the second was clicked badly"


def test_rows_lead_back_to_the_catalogue_where_there_is_one(outfits: Source, worn: Source) -> None:
    ids = SetMaterial({}, (worn, outfits), "space").item_ids
    assert ids == {10 + n: f"item {n}" for n in range(16)}


def test_kinds_of_different_sources_are_different_and_held_out_crops_are_alone(
    outfits: Source, worn: Source
) -> None:
    numbers = SetMaterial({}, (outfits, worn), "space").same_category().tolist()
    assert numbers[:16] == (np.arange(16) // 4).tolist()
    assert not set(numbers[:16]) & set(numbers[16:])
    assert len(set(numbers[16:])) == 10, "two crops of the training, of two kinds, and eight of the test"
    trained = replace(worn, rows=rows([[0, 1], [2, 3]], [[4, 5], [6, 7], [8, 9]]))
    crops = SetMaterial({}, (trained,), "space").same_category().tolist()
    assert (crops[0], crops[1]) == (crops[2], crops[3])


def test_a_wrong_answer_is_of_the_same_kind_and_never_of_the_same_origin(outfits: Source) -> None:
    asked = outfits.questions(Split.TEST)
    assert len(asked.blanks) == 2
    for right, *wrong in asked.blanks.answers_QA.tolist():
        assert {row // 4 for row in wrong} == {right // 4}
        assert right not in wrong
    assert len(asked.good_SP) == len(asked.bad_SP) == 2
    assert asked.same_category_N is not None


def test_every_worn_piece_is_asked_for_and_wrong_answers_are_pieces_of_the_same_sets(worn: Source) -> None:
    asked = worn.questions(Split.TEST)
    assert sorted(asked.blanks.answers_QA[:, 0].tolist()) == list(range(2, 10))
    for right, *wrong in asked.blanks.answers_QA.tolist():
        assert set(wrong) <= set(range(2, 10)), "training has seen the photo of crops 0 and 1"
        assert {row % 2 for row in wrong} == {right % 2}
        assert all(row // 2 != right // 2 for row in wrong)


def test_questions_are_moved_with_their_source_and_sources_without_sets_are_not_asked(
    outfits: Source, worn: Source, kinds: Source
) -> None:
    material = SetMaterial({}, (kinds, outfits, replace(worn, rows=rows([[0, 1]], []))), "space")
    asked = material.validation(Split.TEST)
    assert asked.keys() == {CATEGORIES, OUTFITS}
    alone = outfits.questions(Split.TEST)
    moved = asked[OUTFITS]
    assert np.array_equal(moved.blanks.answers_QA, alone.blanks.answers_QA + 5)
    assert np.array_equal(moved.blanks.rows_QP >= 0, alone.blanks.rows_QP >= 0), "padding stays padding"
    same = moved.same_category_N
    assert same is not None
    assert same.tolist() == [-1] * 5 + (np.arange(16) // 4).tolist() + [-1] * 10
    assert len(material.validation(Split.TEST, most=1)[OUTFITS].blanks) == 1

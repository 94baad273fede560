"""What a generator is asked, and how its answers are scored."""

from __future__ import annotations

import numpy as np
from outfit_toys import (
    SMALL,
    asked,
    features,
    trained,
)

from atelier.families.outfit.questions import (
    blank_out,
    by_frequency,
    compatibility,
    leave_one_out,
    padded,
    scores_of,
    within_category,
)
from atelier.families.outfit.validation import TorchGenerator, item_vectors


def test_compatibility_is_the_mean_over_all_pieces() -> None:
    network = trained(SMALL, steps=5)
    items = item_vectors(network, features())
    rows = np.array([[0, 2, 4], [1, 3, -1]])
    slow = []
    for pieces in ([0, 2, 4], [1, 3]):
        rest = {left: [piece for piece in pieces if piece != left] for left in pieces}
        cosines = [float((asked(network, [others]) @ items[left])[0]) for left, others in rest.items()]
        slow.append(np.mean(cosines))
    np.testing.assert_allclose(compatibility(TorchGenerator(network), items, rows), slow, atol=1e-5)


def test_a_question_keeps_the_other_pieces_and_offers_the_right_one_first() -> None:
    sets = padded([[5, 1, 2], [3, 4], [0, 2, 6, 7]])
    blanks = blank_out(sets, by_frequency(sets, num_items=8), seed=1)
    for pieces, context, answers in zip(sets, blanks.rows_QP, blanks.answers_QA, strict=True):
        asked = set(pieces[pieces >= 0].tolist())
        shown = set(context[context >= 0].tolist())
        assert asked - shown == {answers[0]}
        assert len(set(answers.tolist())) == 4
    again = blank_out(sets, by_frequency(sets, num_items=8), seed=1)
    np.testing.assert_array_equal(blanks.answers_QA, again.answers_QA)


def test_frequent_items_are_wrong_answers_more_often() -> None:
    sets = padded([[0, 1]] * 50 + [[2, 3]] * 2 + [[4, 5]])
    draw, rng = by_frequency(sets, num_items=6, num_wrong=1), np.random.default_rng(0)
    drawn = np.bincount([int(draw(0, rng)[0]) for _ in range(300)], minlength=6)
    assert drawn[0] == 0
    assert drawn[1] > 10 * max(drawn[2], 1)


def test_wrong_answers_of_one_category_come_from_elsewhere() -> None:
    category, source = np.array([0, 0, 0, 0, 0, 1]), np.array([0, 0, 1, 2, 3, 4])
    drawn = within_category(category, source)(0, np.random.default_rng(0))
    assert sorted(drawn.tolist()) == [2, 3, 4]


def test_every_piece_is_left_out_once() -> None:
    number, context, target = leave_one_out(padded([[5, 1, 2], [3, 4]]))
    asked = [
        (int(n), sorted(c[c >= 0].tolist()), int(t)) for n, c, t in zip(number, context, target, strict=True)
    ]
    assert asked == [(0, [1, 2], 5), (0, [2, 5], 1), (0, [1, 5], 2), (1, [4], 3), (1, [3], 4)]
    assert (context[:, 0] >= 0).all(), "what is shown stands first"


def test_scores_are_cosines_with_each_answer() -> None:
    items = np.eye(3, dtype=np.float32)
    scores = scores_of(items[[1]], np.array([[1, 2, 0]]), items)
    np.testing.assert_array_equal(scores, [[1, 0, 0]])

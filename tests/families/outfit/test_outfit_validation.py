"""Questions are answered the same whole and in parts, and only what is asked has a figure."""

from __future__ import annotations

import numpy as np
import pytest
from outfit_toys import CATEGORY, NUM_ITEMS, SMALL, features, sets_of_one_style

from atelier.families.outfit import validation
from atelier.families.outfit.model import OutfitNetwork
from atelier.families.outfit.questions import Blanks, blank_out, within_category
from atelier.families.outfit.validation import (
    TorchGenerator,
    Validation,
    answer,
    evaluate_network,
    item_vectors,
)

ITEMS_ND = np.eye(4, dtype=np.float32)


class Same:
    """What goes with a set is its first piece."""

    def queries(self, pieces_BPD: np.ndarray, num_B: np.ndarray) -> np.ndarray:
        assert (num_B >= 1).all()
        return pieces_BPD[:, 0]


def test_the_right_piece_is_found_by_who_asks_for_it() -> None:
    blanks = Blanks(np.array([[0], [1], [2]]), np.array([[0, 1], [0, 1], [2, 3]]))
    found = answer(Same(), ITEMS_ND, Validation(blanks, same_category_N=np.zeros(4, np.int64)))
    assert found == {"fill_in_the_blank": pytest.approx(2 / 3), "recall_at_10": 1.0}


def test_real_sets_are_told_from_made_up_ones() -> None:
    asked = Validation(
        Blanks(np.zeros((0, 1), np.int64), np.zeros((0, 2), np.int64)),
        good_SP=np.array([[0, 0], [1, 1]]),
        bad_SP=np.array([[0, 1], [2, 3]]),
    )
    assert answer(Same(), ITEMS_ND, asked) == {"compatibility_auc": 1.0}


def test_nothing_asked_is_nothing_answered() -> None:
    empty = Blanks(np.zeros((0, 1), np.int64), np.zeros((0, 2), np.int64))
    assert answer(Same(), ITEMS_ND, Validation(empty)) == {}


def test_metrics_are_named_after_their_source() -> None:
    network = OutfitNetwork(SMALL).eval()
    blanks = blank_out(sets_of_one_style(20, 1), within_category(CATEGORY, np.arange(NUM_ITEMS)), seed=1)
    found = evaluate_network(network, features(), {"shop": Validation(blanks), "clicks": Validation(blanks)})
    assert set(found) == {"shop/fill_in_the_blank", "clicks/fill_in_the_blank"}


def test_parts_are_answered_as_the_whole_is(monkeypatch: pytest.MonkeyPatch) -> None:
    network = OutfitNetwork(SMALL).eval()
    pieces = np.random.default_rng(0).normal(size=(7, 3, SMALL.dimension)).astype(np.float32)
    num = np.array([1, 2, 3, 3, 2, 1, 3])
    whole = TorchGenerator(network).queries(pieces, num), item_vectors(network, features())
    monkeypatch.setattr(validation, "_AT_ONCE", 3)
    parts = TorchGenerator(network).queries(pieces, num), item_vectors(network, features())
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_no_items_and_no_sets_give_no_rows() -> None:
    network = OutfitNetwork(SMALL).eval()
    none = features()._replace(**{name: part[:0] for name, part in features()._asdict().items()})
    assert item_vectors(network, none).shape == (0, SMALL.dimension)
    nothing = np.zeros((0, 3, SMALL.dimension), np.float32)
    assert TorchGenerator(network).queries(nothing, np.zeros(0, np.int64)).shape == (0, SMALL.dimension)

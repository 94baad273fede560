"""Questions about sets, and what a network learns from them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from outfit_toys import (
    CATEGORY,
    NUM_ITEMS,
    SMALL,
    STYLE,
    features,
    generator,
    sets_of_one_style,
    trained,
)

from atelier.families.outfit.config import Kind, LossConfig
from atelier.families.outfit.model import GENERATORS
from atelier.families.outfit.questions import blank_out, compatibility, padded, within_category
from atelier.families.outfit.sets import Sets
from atelier.families.outfit.task import OutfitModule, OutfitTask, SameCategorySampler, blanked
from atelier.families.outfit.validation import TorchGenerator, Validation, item_vectors


@pytest.mark.parametrize("kind", GENERATORS)
def test_a_generator_learns_what_goes_together(kind: Kind) -> None:
    network = trained(replace(SMALL, generator=kind))
    real = sets_of_one_style(150, seed=2)
    mixed = padded(
        [np.random.default_rng(n).choice(NUM_ITEMS, 4, replace=False).tolist() for n in range(150)]
    )
    blanks = blank_out(real, within_category(CATEGORY, np.arange(NUM_ITEMS)), seed=3)
    validation = {"world": Validation(blanks, real, mixed, CATEGORY)}
    task = OutfitTask(OutfitModule(network, LossConfig()), features(), None, validation)
    metrics = task.evaluate(task.module)
    # Of three wrong answers of a category, half are of the right style: 0.25 by chance, 0.42 by style alone.
    assert metrics["world/fill_in_the_blank"] > 0.36
    assert metrics["world/compatibility_auc"] > 0.85
    assert metrics["world/recall_at_10"] == 1.0, "a category has eight items"


def test_blanking_takes_one_piece_out_and_shows_at_least_one() -> None:
    rows = torch.from_numpy(sets_of_one_style(500, seed=4))
    context, target = blanked(rows, generator())
    for pieces, shown, taken in zip(rows.tolist(), context.tolist(), target.tolist(), strict=True):
        known = [piece for piece in pieces if piece >= 0]
        left = [piece for piece in shown if piece >= 0]
        assert taken in known
        assert taken not in left
        assert left == [piece for piece in known if piece in left] != []
        assert shown[: len(left)] == left, "what is shown stands first"
    whole = (context >= 0).sum(1) == (rows >= 0).sum(1) - 1
    assert 0.45 < whole.float().mean() < 0.8


def test_kin_are_of_the_same_category_and_never_the_item_itself() -> None:
    items = torch.arange(NUM_ITEMS)
    drawn, other = SameCategorySampler(CATEGORY).draw(items, 6, generator())
    category = torch.from_numpy(CATEGORY)
    assert (category[drawn] == category[:, None]).all()
    assert (other == (drawn != items[:, None])).all()


def test_badly_clicked_sets_teach_what_does_not_go_together() -> None:
    """The same sets of one style twice: liked those of style 0, disliked those of style 1."""
    rows = sets_of_one_style(400, seed=1)
    is_first = STYLE[rows[:, 0]] == 0
    network = trained(SMALL, steps=200, sets=Sets(rows, np.zeros(len(rows), np.int64), is_first))
    items = item_vectors(network, features())
    unseen = sets_of_one_style(200, seed=5)
    scores = compatibility(TorchGenerator(network), items, unseen)
    liked = STYLE[unseen[:, 0]] == 0
    assert scores[liked].mean() > scores[~liked].mean() + 0.2

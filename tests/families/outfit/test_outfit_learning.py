"""Networks that learn what goes with what, in a world of two styles that never mix.

Forty items, twenty of each style, told by a fact and a picture: a set has pieces of one style. That is little
enough to learn in seconds, and a generator that looks at one piece alone would still fill the blank, so that
order, padding and pooling are tested by themselves.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from atelier.datasets.batches import SetBatch
from atelier.families.outfit.config import ItemConfig, Kind, LossConfig, NetworkConfig, Pooling
from atelier.families.outfit.losses import dssm_loss, hard_loss
from atelier.families.outfit.model import GENERATORS, ItemFeatures, OutfitNetwork
from atelier.families.outfit.questions import blank_out, padded, within_category
from atelier.families.outfit.task import (
    Kin,
    OutfitModule,
    OutfitTask,
    Validation,
    blanked,
    compatibility,
    item_vectors,
    set_queries,
)

NUM_ITEMS = 40
STYLE = np.arange(NUM_ITEMS) % 2
CATEGORY = np.arange(NUM_ITEMS) // 8
SMALL = NetworkConfig(ItemConfig(image_dimension=4, fact_sizes={"category": 5}), dimension=16, width=32)


def features() -> ItemFeatures:
    """The style shows in the picture alone, the category in the fact alone."""
    rng = np.random.default_rng(0)
    pictures = np.concatenate([np.eye(2)[STYLE], 0.3 * rng.normal(size=(NUM_ITEMS, 2))], 1)
    return ItemFeatures(
        torch.from_numpy(pictures).float(), torch.zeros(NUM_ITEMS, 0), torch.from_numpy(CATEGORY[:, None] + 1)
    )


def sets_of_one_style(num: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return padded(
        [
            rng.choice(
                np.flatnonzero(rng.integers(2) == STYLE), int(rng.integers(2, 5)), replace=False
            ).tolist()
            for _ in range(num)
        ]
    )


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def trained(config: NetworkConfig, steps: int = 150) -> OutfitNetwork:
    torch.manual_seed(0)
    network = OutfitNetwork(config)
    module = OutfitModule(network, LossConfig())
    task = OutfitTask(module, features(), Kin(CATEGORY))
    rows, optimizer = (
        torch.from_numpy(sets_of_one_style(400, seed=1)),
        torch.optim.Adam(module.parameters(), 3e-3),
    )
    for step in range(steps):
        batch = SetBatch(rows[torch.randperm(len(rows), generator=generator(step))[:64]])
        loss, _ = task.loss(module, task.prepare(batch, generator(step)))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return network.eval()


@pytest.mark.parametrize("kind", GENERATORS)
def test_a_generator_learns_what_goes_together(kind: Kind) -> None:
    network = trained(replace(SMALL, generator=kind))
    real = sets_of_one_style(150, seed=2)
    mixed = padded(
        [np.random.default_rng(n).choice(NUM_ITEMS, 4, replace=False).tolist() for n in range(150)]
    )
    blanks = blank_out(real, within_category(CATEGORY, np.arange(NUM_ITEMS)), seed=3)
    task = OutfitTask(OutfitModule(network, LossConfig()), features(), None, Validation(blanks, real, mixed))
    metrics = task.evaluate(task.module)
    # Of three wrong answers of a category, half are of the right style: 0.25 by chance, 0.42 by style alone.
    assert metrics["fill_in_the_blank"] > 0.36
    assert metrics["compatibility_auc"] > 0.85


@pytest.mark.parametrize(("kind", "pooling"), [("dan", "sum"), ("dan", "max"), ("transformer", "sum")])
def test_a_set_has_no_order_and_padding_is_not_seen(kind: Kind, pooling: Pooling) -> None:
    network = OutfitNetwork(replace(SMALL, generator=kind, pooling=pooling)).eval()
    items = item_vectors(network, features())
    first, turned, longer = (
        set_queries(network, items, np.array([rows])) for rows in ([3, 7, 9], [9, 3, 7], [3, 7, 9, -1, -1])
    )
    np.testing.assert_allclose(first, turned, atol=1e-5)
    np.testing.assert_allclose(first, longer, atol=1e-5)


def test_a_sequence_has_an_order_and_padding_is_not_seen() -> None:
    network = OutfitNetwork(replace(SMALL, generator="lstm")).eval()
    items = item_vectors(network, features())
    first, turned, longer = (
        set_queries(network, items, np.array([rows])) for rows in ([3, 7, 9], [9, 3, 7], [3, 7, 9, -1, -1])
    )
    assert np.abs(first - turned).max() > 1e-4
    np.testing.assert_allclose(first, longer, atol=1e-5)


def test_items_may_lack_anything_but_not_everything() -> None:
    bare = OutfitNetwork(SMALL).eval()
    nothing = ItemFeatures(torch.zeros(1, 4), torch.zeros(1, 0), torch.zeros(1, 1, dtype=torch.long))
    assert np.isfinite(item_vectors(bare, nothing)).all()
    with pytest.raises(ValueError, match="a picture, a title or a fact"):
        OutfitNetwork(NetworkConfig())


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
    assert 0.7 < whole.float().mean() < 0.95


def test_kin_are_of_the_same_category_and_never_the_item_itself() -> None:
    items = torch.arange(NUM_ITEMS)
    drawn, other = Kin(CATEGORY).draw(items, 6, generator())
    category = torch.from_numpy(CATEGORY)
    assert (category[drawn] == category[:, None]).all()
    assert (other == (drawn != items[:, None])).all()


def test_another_set_that_lacks_the_same_item_is_no_negative() -> None:
    query = torch.eye(3)
    target = torch.eye(3)[[0, 1, 1]]
    same = dssm_loss(query[[0, 1, 1]], target, torch.tensor([0, 1, 1]), scale=30.0)
    assert same < 1e-5


def test_sets_without_kin_do_not_count() -> None:
    query = torch.eye(2)
    hard = torch.stack([-query, query], 1)
    none = hard_loss(query, query, hard, torch.zeros(2, 2, dtype=torch.bool), scale=10.0)
    assert none == 0
    easy = hard_loss(query, query, hard, torch.tensor([[True, False]] * 2), scale=2.0)
    assert 0 < easy < 0.05


def test_compatibility_is_the_mean_over_all_pieces() -> None:
    network = trained(SMALL, steps=5)
    items = item_vectors(network, features())
    rows = np.array([[0, 2, 4], [1, 3, -1]])
    slow = []
    for pieces in ([0, 2, 4], [1, 3]):
        cosines = [
            float(
                (set_queries(network, items, np.array([[p for p in pieces if p != left]])) @ items[left])[0]
            )
            for left in pieces
        ]
        slow.append(np.mean(cosines))
    np.testing.assert_allclose(compatibility(network, items, rows), slow, atol=1e-5)

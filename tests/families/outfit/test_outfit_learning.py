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

from atelier.families.outfit.config import ItemConfig, Kind, LossConfig, NetworkConfig, Pooling
from atelier.families.outfit.distill import StudentModule
from atelier.families.outfit.losses import dssm_loss, hard_loss, judge_loss
from atelier.families.outfit.model import GENERATORS, ItemFeatures, OutfitNetwork
from atelier.families.outfit.questions import blank_out, compatibility, padded, queries_of, within_category
from atelier.families.outfit.sets import Sets
from atelier.families.outfit.task import OutfitModule, OutfitTask, SameCategorySampler, blanked
from atelier.families.outfit.validation import TorchGenerator, Validation, item_vectors

NUM_ITEMS = 40
STYLE = np.arange(NUM_ITEMS) % 2
CATEGORY = np.arange(NUM_ITEMS) // 8
SMALL = NetworkConfig(
    ItemConfig(image_dimension=4, fact_sizes={"category": 5}), dimension=16, look_dimension=8, width=32
)


def features() -> ItemFeatures:
    """The style shows in the picture alone, the category in the fact alone."""
    rng = np.random.default_rng(0)
    pictures = np.concatenate([np.eye(2)[STYLE], 0.3 * rng.normal(size=(NUM_ITEMS, 2))], 1)
    return ItemFeatures(
        torch.from_numpy(pictures).float(),
        torch.zeros(NUM_ITEMS, 0),
        torch.zeros(NUM_ITEMS, 0),
        torch.from_numpy(CATEGORY[:, None] + 1),
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


def asked(network: OutfitNetwork, rows: list[list[int]]) -> np.ndarray:
    return queries_of(TorchGenerator(network), item_vectors(network, features()), padded(rows))


def trained(
    config: NetworkConfig, steps: int = 150, sets: Sets | None = None, teacher: OutfitNetwork | None = None
) -> OutfitNetwork:
    torch.manual_seed(0)
    network = OutfitNetwork(config)
    loss_config = LossConfig(num_hard=4, teacher_weight=20)
    module = StudentModule(network, teacher, loss_config) if teacher else OutfitModule(network, loss_config)
    task = OutfitTask(module, features(), SameCategorySampler(CATEGORY))
    sets = sets or all_liked(sets_of_one_style(400, seed=1))
    optimizer = torch.optim.Adam(module.parameters(), 3e-3)
    for step in range(steps):
        chosen = torch.randperm(len(sets), generator=generator(step))[:64].tolist()
        loss, _ = task.loss(module, task.prepare(sets.__getitems__(chosen), generator(step)))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return network.eval()


def all_liked(rows_SP: np.ndarray) -> Sets:
    return Sets(rows_SP, np.zeros(len(rows_SP), np.int64), np.ones(len(rows_SP), bool))


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


@pytest.mark.parametrize(("kind", "pooling"), [("dan", "sum"), ("dan", "max"), ("transformer", "sum")])
def test_a_set_has_no_order_and_padding_is_not_seen(kind: Kind, pooling: Pooling) -> None:
    network = OutfitNetwork(replace(SMALL, generator=kind, pooling=pooling)).eval()
    first, turned, longer = (asked(network, [rows]) for rows in ([3, 7, 9], [9, 3, 7], [3, 7, 9, -1, -1]))
    np.testing.assert_allclose(first, turned, atol=1e-5)
    np.testing.assert_allclose(first, longer, atol=1e-5)


def test_a_sequence_has_an_order_and_padding_is_not_seen() -> None:
    network = OutfitNetwork(replace(SMALL, generator="lstm")).eval()
    first, turned, longer = (asked(network, [rows]) for rows in ([3, 7, 9], [9, 3, 7], [3, 7, 9, -1, -1]))
    assert np.abs(first - turned).max() > 1e-4
    np.testing.assert_allclose(first, longer, atol=1e-5)


def test_items_may_lack_anything_but_not_everything() -> None:
    bare = OutfitNetwork(SMALL).eval()
    none, unknown = torch.zeros(1, 0), torch.zeros(1, 1, dtype=torch.long)
    nothing = ItemFeatures(torch.zeros(1, 4), none, none, unknown)
    assert np.isfinite(item_vectors(bare, nothing)).all()
    with pytest.raises(ValueError, match="a picture, a title or a fact"):
        OutfitNetwork(NetworkConfig())


def test_training_leaves_vectors_out_only_where_facts_are_told() -> None:
    torch.manual_seed(0)
    items = replace(SMALL.items, dropout=0.0, vector_dropout=1.0)
    tower = OutfitNetwork(replace(SMALL, items=items)).items.train()
    none, told = torch.zeros(2, 0), torch.tensor([[3], [0]])
    first, second = (tower(ItemFeatures(torch.eye(4)[[n, n]], none, none, told)) for n in (0, 1))
    assert torch.equal(first[0], second[0]), "the category alone is left"
    assert (first[1] - second[1]).abs().max() > 1e-3, "what has no facts keeps its picture"


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


def test_another_set_that_lacks_the_same_item_is_no_negative() -> None:
    query = torch.eye(3)
    target = torch.eye(3)[[0, 1, 1]]
    one_source = torch.zeros(3, dtype=torch.long)
    same = dssm_loss(query[[0, 1, 1]], target, torch.tensor([0, 1, 1]), one_source, torch.ones(3), scale=30.0)
    assert same < 1e-5


def test_a_set_counts_as_much_as_its_weight() -> None:
    query, one_source = torch.eye(2)[[0, 0]], torch.zeros(2, dtype=torch.long)
    columns = (query, query, torch.tensor([0, 1]), one_source)
    whole, half, none = (dssm_loss(*columns, torch.full((2,), weight), 30.0) for weight in (1.0, 0.5, 0.0))
    torch.testing.assert_close(half, whole / 2)
    assert none == 0


def test_sets_of_another_source_are_no_rivals() -> None:
    query = torch.eye(2)[[0, 0]]
    item = torch.tensor([0, 1])
    together, apart = (
        dssm_loss(query, query, item, torch.tensor([0, other]), torch.ones(2), 30.0) for other in (0, 1)
    )
    assert together > 0.6, "two pieces that look the same cannot be told apart"
    assert apart < 1e-5


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


def test_judging_counts_only_the_pairs_that_it_is_given() -> None:
    cosine = torch.tensor([0.9, 0.9, -0.9])
    fits = torch.tensor([True, False, False])
    right, wrong = (
        judge_loss(cosine, fits, torch.tensor(counts), 8.0, 0.3) for counts in ([1.0, 0, 1], [0.0, 1, 0])
    )
    assert right < 0.01
    assert wrong > 4


def test_a_student_agrees_with_its_teacher_more_than_without() -> None:
    rng = np.random.default_rng(7)
    pairs = np.stack(
        [2 * rng.integers(NUM_ITEMS // 2, size=400), 2 * rng.integers(NUM_ITEMS // 2, size=400) + 1], 1
    )
    teacher = trained(SMALL, sets=all_liked(pairs))  # it learned that opposites attract
    rows = sets_of_one_style(100, seed=6)[:, :2].tolist()
    taught, alone = (trained(SMALL, steps=100, teacher=each) for each in (teacher, None))

    def ranking(network: OutfitNetwork) -> np.ndarray:
        return asked(network, rows) @ item_vectors(network, features()).T

    def agreement(student: OutfitNetwork) -> float:
        return float(np.corrcoef(ranking(student).ravel(), ranking(teacher).ravel())[0, 1])

    assert agreement(taught) > agreement(alone) + 0.1


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
        rest = {left: [piece for piece in pieces if piece != left] for left in pieces}
        cosines = [float((asked(network, [others]) @ items[left])[0]) for left, others in rest.items()]
        slow.append(np.mean(cosines))
    np.testing.assert_allclose(compatibility(TorchGenerator(network), items, rows), slow, atol=1e-5)

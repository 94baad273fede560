"""Which cell answers for which box, and losses that are zero only where the answer is right."""

from __future__ import annotations

import pytest
import torch

from atelier.families.detection.losses import box_loss, generalised_iou, kind_loss, main_loss, targets_of
from atelier.families.detection.model import cell_middles

SIDE = 8
MIDDLES = cell_middles(SIDE, SIDE, torch.device("cpu"))


def cell(x: float, y: float) -> int:
    return int(y * SIDE) * SIDE + int(x * SIDE)


def test_each_item_has_its_middle_in_one_cell_of_its_kind() -> None:
    boxes = torch.tensor([[[0.1, 0.1, 0.44, 0.3], [0.5, 0.5, 0.9, 0.99], [0.0, 0.0, 1.0, 1.0]]])
    targets = targets_of(boxes, torch.tensor([[2, 0, -1]]), torch.tensor([True]), MIDDLES, num_kinds=3)
    assert (targets.heat_BGK == 1).sum() == 2
    assert targets.heat_BGK[0, cell(0.27, 0.2), 2] == 1
    assert targets.heat_BGK[0, cell(0.7, 0.745), 0] == 1
    assert targets.heat_BGK[0, :, 1].max() == 0
    assert targets.main_BG.sum() == pytest.approx(1)
    assert targets.main_BG[0].argmax() == cell(0.27, 0.2)


def test_the_main_item_has_the_cells_that_a_smaller_one_claims_too() -> None:
    boxes = torch.tensor([[[0.2, 0.2, 0.8, 0.8], [0.4, 0.4, 0.6, 0.6]]])
    kinds = torch.tensor([[0, 1]])
    shared = cell(0.5, 0.5)
    for has_main, owner in ((True, 0), (False, 1)):
        targets = targets_of(boxes, kinds, torch.tensor([has_main]), MIDDLES, num_kinds=2)
        assert torch.equal(targets.box_BG4[0, shared], boxes[0, owner])
        assert targets.answers_BG[0, shared]
    assert not targets.answers_BG[0, cell(0.05, 0.05)]


def test_a_view_without_a_main_item_costs_nothing_for_it() -> None:
    logits = torch.randn(2, SIDE * SIDE)
    assert main_loss(logits, torch.zeros(2, SIDE * SIDE)) == 0


def test_right_answers_cost_next_to_nothing_and_wrong_ones_cost() -> None:
    heat = torch.zeros(1, SIDE * SIDE, 2)
    heat[0, 5, 1] = 1
    right = torch.where(heat == 1, 9.0, -9.0)
    assert kind_loss(right, heat) < 1e-3
    assert kind_loss(-right, heat) > 1
    box = torch.tensor([[0.2, 0.2, 0.6, 0.7]])
    assert box_loss(box, box, torch.ones(1)) == pytest.approx(0, abs=1e-5)
    assert box_loss(box + 0.3, box, torch.ones(1)) > 1
    assert box_loss(box + 0.3, box, torch.zeros(1)) == 0


def test_generalised_iou_of_known_boxes() -> None:
    one = torch.tensor([[0.0, 0.0, 2.0, 2.0]])
    assert generalised_iou(one, one).item() == pytest.approx(1)
    assert generalised_iou(one, torch.tensor([[1.0, 0.0, 3.0, 2.0]])).item() == pytest.approx(1 / 3)
    assert generalised_iou(one, torch.tensor([[3.0, 0.0, 5.0, 2.0]])).item() == pytest.approx(-0.2)

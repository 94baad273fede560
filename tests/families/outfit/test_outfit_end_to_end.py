"""An image tower that learns from sets: what it was blind to it sees, if that goes together.

Forty items of two styles, told by a stripe that the frozen tower does not look at.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from atelier.families.outfit.config import ItemConfig, LossConfig, NetworkConfig
from atelier.families.outfit.end_to_end import EndToEndModule, EndToEndTask, Pictures
from atelier.families.outfit.model import ItemFeatures, OutfitNetwork
from atelier.families.outfit.questions import blank_out, padded, within_category
from atelier.families.outfit.sets import Sets
from atelier.families.outfit.task import OutfitModule, OutfitTask, SameCategorySampler
from atelier.families.outfit.validation import Validation

NUM_ITEMS, SIDE, WIDTH = 40, 8, 6
STYLE, CATEGORY = np.arange(NUM_ITEMS) % 2, np.arange(NUM_ITEMS) // 8
BARE = 7
"""This item has no picture."""


class Tower(nn.Module):
    """One layer over all pixels, which begins blind to the upper half, where styles show."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.norm = nn.BatchNorm2d(3)
        self.layer = nn.Linear(3 * SIDE * SIDE, WIDTH, bias=False)
        with torch.no_grad():
            self.layer.weight.view(WIDTH, 3, SIDE, SIDE)[:, :, : SIDE // 2] = 0

    def forward(self, pixels_V3SS: Tensor) -> Tensor:
        return F.normalize(self.layer(self.norm(pixels_V3SS - 0.5).flatten(1)), dim=-1)


def pictures() -> Pictures:
    pixels = torch.randint(0, 256, (NUM_ITEMS, 3, SIDE, SIDE), generator=torch.Generator().manual_seed(0))
    pixels[:, :, 0] = torch.from_numpy(STYLE)[:, None, None] * 255
    shown = [item for item in range(NUM_ITEMS) if item != BARE]
    row_N = torch.full((NUM_ITEMS,), -1)
    row_N[shown] = torch.arange(len(shown))
    return Pictures(pixels[shown].to(torch.uint8), row_N)


def sets_of_one_style(num: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    styles = rng.integers(2, size=num)
    return padded([rng.choice(np.flatnonzero(s == STYLE), 3, replace=False).tolist() for s in styles])


def task() -> EndToEndTask:
    torch.manual_seed(0)
    config = NetworkConfig(
        ItemConfig(image_dimension=WIDTH, fact_sizes={"category": 5}),
        dimension=16,
        look_dimension=8,
        width=32,
    )
    none = torch.zeros(NUM_ITEMS, 0)
    features = ItemFeatures(
        torch.zeros(NUM_ITEMS, WIDTH), none, none, torch.from_numpy(CATEGORY[:, None] + 1)
    )
    blanks = blank_out(sets_of_one_style(200, 2), within_category(CATEGORY, np.arange(NUM_ITEMS)), seed=3)
    outfits = OutfitModule(OutfitNetwork(config), LossConfig(num_hard=4))
    frozen = OutfitTask(outfits, features, SameCategorySampler(CATEGORY), {"world": Validation(blanks)})
    return EndToEndTask(EndToEndModule(Tower(), outfits), pictures(), frozen)


def trained(task: EndToEndTask, steps: int = 120) -> float:
    """Train, and say how many blanks are filled."""
    rows = sets_of_one_style(400, seed=1)
    sets = Sets(rows, np.zeros(len(rows), np.int64), np.ones(len(rows), bool))
    learned = [parameter for parameter in task.module.parameters() if parameter.requires_grad]
    optimizer = torch.optim.Adam(learned, 3e-3)
    task.module.train()
    for step in range(steps):
        generator = torch.Generator().manual_seed(step)
        chosen = torch.randperm(len(sets), generator=generator)[:64].tolist()
        loss, _ = task.loss(task.module, task.prepare(sets.__getitems__(chosen), generator))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return task.evaluate(task.module.eval())["world/fill_in_the_blank"]


def test_the_tower_learns_what_goes_together_and_a_frozen_one_stays_blind() -> None:
    both, frozen = task(), task()
    assert isinstance(frozen.module, EndToEndModule)
    frozen.module.tower.requires_grad_(False)
    blind, seeing = trained(frozen), trained(both)
    # Of three wrong answers of a category, half are of the right style: 0.42 by style alone.
    assert seeing > 0.36
    assert blind < 0.32
    assert isinstance(both.module, EndToEndModule)
    weight = both.module.tower.layer.weight.view(WIDTH, 3, SIDE, SIDE)
    assert weight[:, :, 0].abs().max() > 0.01, "it looks at the stripe now"


def test_batch_norms_keep_their_statistics() -> None:
    asked = task()
    assert isinstance(asked.module, EndToEndModule)
    before = asked.module.tower.norm.running_mean.clone()
    trained(asked, steps=3)
    torch.testing.assert_close(asked.module.tower.norm.running_mean, before)


def test_an_item_without_a_picture_keeps_its_vector() -> None:
    asked = task()
    assert isinstance(asked.module, EndToEndModule)
    features = asked.module.eval().features(ItemFeatures(*_nothing()), asked.pictures)
    assert (features.image[BARE] == 0).all()
    assert torch.allclose(features.image.norm(dim=1).sum(), torch.tensor(NUM_ITEMS - 1.0), atol=1e-3)


def _nothing() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    none = torch.zeros(NUM_ITEMS, 0)
    return torch.zeros(NUM_ITEMS, WIDTH), none, none, torch.zeros(NUM_ITEMS, 1, dtype=torch.long)

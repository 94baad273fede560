"""Trains image tower and generator together on sets.

The family's other networks take an item's picture as the vector that a frozen retrieval model makes of it.
Here that model goes on learning, by the losses of sets alone, from where it was; everything else stays.

N = items, M = items with a picture, U = items of a batch, V = those of them with a picture, S = image size
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from atelier.datasets.batches import SetBatch
from atelier.families.outfit.model import ItemFeatures
from atelier.families.outfit.task import OutfitModule, OutfitTask, Question
from atelier.families.outfit.validation import evaluate_network

_AT_ONCE = 256


class Pictures(NamedTuple):
    """The pictures of items, framed as the tower wants them."""

    pixels_M3SS: Tensor
    """uint8."""
    row_N: Tensor
    """int64, the row in `pixels_M3SS` of each item; -1 for one without a picture."""


class Seen(NamedTuple):
    """A question about sets, and the pictures of its items."""

    question: Question
    pixels_V3SS: Tensor
    """uint8."""
    place_V: Tensor
    """Which of the question's items they show."""


class EndToEndModule(nn.Module):
    """An image tower before the networks of sets. Call it with `Seen`: a loss and its parts.

    `tower` takes pixels in 0..1 and gives image vectors of unit length. Its batch norms keep the statistics
    that they came with: a batch of sets is small, and shows an item several times.
    """

    def __init__(self, tower: nn.Module, outfits: OutfitModule) -> None:
        super().__init__()
        self.tower = tower
        self.outfits = outfits

    def train(self, mode: bool = True) -> EndToEndModule:
        super().train(mode)
        for part in self.tower.modules():
            if isinstance(part, nn.modules.batchnorm._BatchNorm):
                part.eval()
        return self

    def forward(self, seen: Seen) -> tuple[Tensor, dict[str, Tensor]]:
        items = seen.question.items
        vectors_VI = self.look(seen.pixels_V3SS).to(items.image.dtype)
        image_UI = items.image.index_copy(0, seen.place_V, vectors_VI)
        loss: tuple[Tensor, dict[str, Tensor]] = self.outfits(
            seen.question._replace(items=items._replace(image=image_UI))
        )
        return loss

    def look(self, pixels_V3SS: Tensor) -> Tensor:
        """Compute image vectors [V, I] of uint8 pictures."""
        vectors: Tensor = self.tower(pixels_V3SS.float() / 255)
        return vectors

    @torch.inference_mode()
    def features(self, frozen: ItemFeatures, pictures: Pictures) -> ItemFeatures:
        """Return item features with the tower's current image vectors."""
        where = next(self.parameters()).device
        parts = [self.look(part.to(where)).cpu() for part in pictures.pixels_M3SS.split(_AT_ONCE)]
        shown = torch.nonzero(pictures.row_N >= 0).flatten()
        vectors_VI = torch.cat(parts)[pictures.row_N[shown]].to(frozen.image.dtype)
        return frozen._replace(image=frozen.image.index_copy(0, shown, vectors_VI))


class EndToEndTask:
    """The engine's `Task`: the questions of an `OutfitTask`, with image vectors computed at every step."""

    def __init__(self, module: EndToEndModule, pictures: Pictures, frozen: OutfitTask) -> None:
        """`frozen`: the same task with image vectors that stay as they are."""
        self.module: nn.Module = module
        self.pictures = pictures
        self._frozen = frozen

    def prepare(self, batch: SetBatch, generator: torch.Generator) -> Seen:
        question, items_U = self._frozen.ask(batch, generator)
        row_U = self.pictures.row_N[items_U]
        place_V = torch.nonzero(row_U >= 0).flatten()
        where = batch.rows_BP.device
        return Seen(question, self.pictures.pixels_M3SS[row_U[place_V]].to(where), place_V.to(where))

    def loss(self, module: nn.Module, batch: Seen) -> tuple[Tensor, dict[str, Tensor]]:
        total, parts = module(batch)
        return total, parts

    def evaluate(self, module: nn.Module) -> dict[str, float]:
        assert isinstance(module, EndToEndModule)
        features = module.features(self._frozen.features, self.pictures)
        return evaluate_network(module.outfits.network, features, self._frozen.validation)

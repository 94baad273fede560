"""Randomness depends on seed, position and rank alone."""

from __future__ import annotations

import torch

from atelier.engine.randomness import StepRandomness, derive_seed


def test_randomness_depends_on_position_and_rank_alone() -> None:
    def draw(position: int, rank: int = 0, batch: int | None = None) -> tuple[float, float]:
        batch = position if batch is None else batch
        generator = StepRandomness(1, rank, torch.device("cpu")).at(position, batch)
        return torch.rand(1).item(), torch.rand(1, generator=generator).item()

    assert draw(5) == draw(5)
    drawn = [value for position in range(3) for rank in range(2) for value in draw(position, rank)]
    assert len(set(drawn)) == len(drawn)
    assert derive_seed(1, 23) != derive_seed(12, 3)
    assert draw(9, batch=5)[1] == draw(5)[1], "a batch that comes again is prepared as before"
    assert draw(9, batch=5)[0] != draw(5)[0], "dropout is new at every step"

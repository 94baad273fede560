"""Whitening: directions along which photos of one item differ stop counting."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from atelier.families.retrieval.whitening import Whitening

DIMENSION = 8


def photos(num: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Two photos of each item: items differ a little everywhere, photos of one a lot in direction 0."""
    draw = torch.Generator().manual_seed(seed)
    item = torch.randn(num, DIMENSION, generator=draw)

    def photo() -> torch.Tensor:
        noise = 0.3 * torch.randn(num, DIMENSION, generator=draw)
        noise[:, 0] *= 15
        return F.normalize(item + noise)

    return photo(), photo()


def recall_at_1(first: torch.Tensor, second: torch.Tensor) -> float:
    return float(((second @ first.T).argmax(1) == torch.arange(len(first))).float().mean())


def test_before_it_has_learned_vectors_stay_as_they_are() -> None:
    first, _ = photos(20, seed=0)
    torch.testing.assert_close(Whitening(DIMENSION)(first), first)


def test_unseen_items_are_found_again_once_their_photos_noise_is_divided_out() -> None:
    whitening = Whitening(DIMENSION)
    whitening.learn(*photos(2000, seed=0))
    first, second = photos(200, seed=1)
    seen = whitening(first)
    torch.testing.assert_close(seen.norm(dim=1), torch.ones(200))
    assert recall_at_1(first, second) < 0.3
    assert recall_at_1(seen, whitening(second)) > 0.6


def test_what_was_learned_is_saved_and_can_be_forgotten() -> None:
    learned, read = Whitening(DIMENSION), Whitening(DIMENSION)
    first, second = photos(100, seed=0)
    learned.learn(first, second)
    read.load_state_dict(learned.state_dict())
    torch.testing.assert_close(read(first), learned(first))
    read.reset()
    torch.testing.assert_close(read(first), first)


def test_photos_that_do_not_differ_at_all_are_no_division_by_zero() -> None:
    first, _ = photos(100, seed=0)
    whitening = Whitening(DIMENSION)
    whitening.learn(first, first)
    assert whitening(first).isfinite().all()

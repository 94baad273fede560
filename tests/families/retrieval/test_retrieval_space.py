"""The space: directions along which photos of one item differ stop counting, the others come first."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from atelier.families.retrieval.space import Space

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
    torch.testing.assert_close(Space(DIMENSION, DIMENSION)(first), first)


def test_unseen_items_are_found_again_once_their_photos_noise_is_divided_out() -> None:
    space = Space(DIMENSION, 4)
    known, again = photos(2000, seed=0)
    space.learn(known, again, known)
    first, second = photos(200, seed=1)
    seen = space(first)
    torch.testing.assert_close(seen.norm(dim=1), torch.ones(200))
    assert recall_at_1(first, second) < 0.3
    assert recall_at_1(seen, space(second)) > 0.6
    short = space.recall(seen)
    assert short.shape == (200, 4)
    torch.testing.assert_close(short.norm(dim=1), torch.ones(200))
    assert recall_at_1(short, space.recall(space(second))) > recall_at_1(first, second)


def test_what_was_learned_is_saved_and_can_be_joined() -> None:
    learned, read = Space(DIMENSION, 3), Space(DIMENSION, 3)
    first, second = photos(100, seed=0)
    learned.learn(first, second, second)
    read.load_state_dict(learned.state_dict())
    torch.testing.assert_close(read(first), learned(first))
    read.reset()
    torch.testing.assert_close(read(first), first)
    torch.testing.assert_close(read.of_text(first), first)
    joined = Space(DIMENSION, 3)
    joined.join(learned)
    torch.testing.assert_close(joined(first), first)
    torch.testing.assert_close(joined.of_text(second), learned.of_text(second))
    torch.testing.assert_close(joined.recall(first), learned.recall(first))


def test_photos_that_do_not_differ_at_all_are_no_division_by_zero() -> None:
    first, _ = photos(100, seed=0)
    space = Space(DIMENSION, 3)
    space.learn(first, first, first)
    assert space(first).isfinite().all()

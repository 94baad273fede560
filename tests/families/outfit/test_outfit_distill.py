"""A student agrees with its teacher."""

from __future__ import annotations

import numpy as np
from outfit_toys import (
    NUM_ITEMS,
    SMALL,
    all_liked,
    asked,
    features,
    sets_of_one_style,
    trained,
)

from atelier.families.outfit.model import OutfitNetwork
from atelier.families.outfit.validation import item_vectors


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

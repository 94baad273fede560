"""Histories never hold the answer, and showings check themselves."""

from __future__ import annotations

import numpy as np

from atelier.families.ranking.showings import earlier_clicks


def test_a_history_never_holds_the_answer() -> None:
    user = np.array([1, 2, 1, 1, 2, 1])
    shown = np.array([10, 20, 11, 12, 21, 13])
    clicked = np.array([True, True, False, True, False, True])
    found = earlier_clicks(user, shown, clicked, longest=2)
    assert found.tolist() == [[-1, -1], [-1, -1], [10, -1], [10, -1], [20, -1], [12, 10]]

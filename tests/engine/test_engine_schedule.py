"""The learning rate warms up, then follows a cosine."""

from __future__ import annotations

import pytest

from atelier.engine.config import EngineConfig
from atelier.engine.schedule import learning_rate_at


def test_schedule_warms_up_then_follows_a_cosine() -> None:
    config = EngineConfig(max_steps=110, warmup_steps=10, learning_rate=2.0, final_learning_rate_share=0.1)
    rates = [learning_rate_at(step, config) for step in range(110)]
    assert rates[:10] == pytest.approx([0.2 * (step + 1) for step in range(10)])
    assert rates[10] == 2.0
    assert rates[60] == pytest.approx(0.2 + 1.8 / 2)
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert learning_rate_at(110, config) == pytest.approx(0.2)


def test_schedule_without_warm_up_or_with_nothing_else() -> None:
    assert learning_rate_at(0, EngineConfig(max_steps=5, warmup_steps=0, learning_rate=1.0)) == 1.0
    assert learning_rate_at(3, EngineConfig(max_steps=4, warmup_steps=4, learning_rate=1.0)) == 1.0

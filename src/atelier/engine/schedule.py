"""The learning rate as a function of the step: linear warm-up, then half a cosine."""

from __future__ import annotations

import math

from atelier.engine.config import EngineConfig


def learning_rate_at(step: int, config: EngineConfig) -> float:
    """Compute the rate for optimizer step `step`, counted from 0.

    The first step has 1 / `warmup_steps` of the full rate, step `warmup_steps` has all of it;
    the last stands a hair above the floor. Cosine: Loshchilov and Hutter, SGDR (2017), equation 5, without
    restarts.
    """
    if step < config.warmup_steps:
        return config.learning_rate * (step + 1) / config.warmup_steps
    share_done = (step - config.warmup_steps) / max(1, config.max_steps - config.warmup_steps)
    floor = config.learning_rate * config.final_learning_rate_share
    return floor + (config.learning_rate - floor) * 0.5 * (1 + math.cos(math.pi * min(1.0, share_done)))

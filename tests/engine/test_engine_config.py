"""Configurations check themselves."""

from __future__ import annotations

from dataclasses import replace

import pytest
from engine_toys import PLAIN


@pytest.mark.parametrize(
    ("field", "value"),
    [("max_steps", 0), ("batch_size", 0), ("learning_rate", 0.0), ("ema_decay", 1.0), ("evaluate_every", 0)],
)
def test_config_checks_itself(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"EngineConfig.{field} must be"):
        replace(PLAIN, **{field: value})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="need an early_stop_metric"):
        replace(PLAIN, early_stop_patience=3)

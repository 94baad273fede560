"""A step is tried again only where waiting can help, and Prefect keeps nothing of it."""

from __future__ import annotations

import time

import pytest
from prefect.cache_policies import NO_CACHE
from prefect.states import Failed

from atelier.errors import ContractError, TrainingError
from flows.steps import step, step_times


@pytest.mark.parametrize(
    "error", [OSError("disk"), ConnectionError("network"), TimeoutError(), RuntimeError("?")]
)
def test_what_may_heal_is_tried_again(error: Exception) -> None:
    task = step("x", minutes=1)(lambda: None)
    assert task.retry_condition_fn is not None
    assert task.retry_condition_fn(task, None, Failed(data=error))


@pytest.mark.parametrize(
    "error", [ContractError("bad"), TrainingError("nan"), ValueError(), KeyError("column")]
)
def test_what_cannot_heal_fails_at_once(error: Exception) -> None:
    task = step("x", minutes=1)(lambda: None)
    assert task.retry_condition_fn is not None
    assert not task.retry_condition_fn(task, None, Failed(data=error))


def test_a_step_waits_longer_each_time_and_is_neither_cached_nor_kept() -> None:
    task = step("x", minutes=2, retries=3)(lambda: None)
    assert task.retries == 3
    assert task.retry_delay_seconds == [5, 10, 20]
    assert task.timeout_seconds == 120
    assert task.cache_policy == NO_CACHE
    assert task.persist_result is False


def test_the_time_of_each_step_is_kept_also_of_one_that_fails() -> None:
    def work(seconds: float) -> float:
        time.sleep(seconds)
        return 1 / seconds

    before = len(step_times())
    task = step("rest", minutes=1)(work)
    assert task.fn(0.02) == 50
    with pytest.raises(ZeroDivisionError):
        task.fn(0)
    rested, failed = step_times()[before:]
    assert (rested.name, failed.name) == ("rest", "rest")
    assert rested.seconds >= 0.02 > rested.processor_seconds >= 0
    assert failed.seconds < rested.seconds

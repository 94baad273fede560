"""Turns jobs into Prefect tasks with retries and time limits."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple, ParamSpec, TypeVar

from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.tasks import exponential_backoff

from atelier.errors import AtelierError
from atelier.progress import Progress

log = logging.getLogger("atelier.flows")


class StepTime(NamedTuple):
    """How long a step took."""

    name: str
    seconds: float
    processor_seconds: float
    """Of all threads of this process."""


_told: list[StepTime] = []
P = ParamSpec("P")
R = TypeVar("R")

NEVER_HEALS = (AtelierError, ValueError, TypeError, LookupError, AttributeError, AssertionError, ImportError)
"""Errors for users and mistakes in the code: a second try would only repeat them."""


def step(name: str, *, minutes: float, retries: int = 3) -> Callable[[Callable[P, R]], Task[P, R]]:
    """Make a task that is retried after about 5, 10 and 20 s, unless its error cannot heal by waiting.

    Prefect caches and keeps nothing: every job is keyed by the content of its inputs and finds finished work
    by itself, which also holds after `kill -9`, from the command line, and without pickles.
    """

    def decorate(job: Callable[P, R]) -> Task[P, R]:
        @wraps(job)
        def announced(*args: P.args, **kwargs: P.kwargs) -> R:
            log.info("step: %s", name)
            began, worked = time.monotonic(), time.process_time()
            try:
                with Progress(name):
                    return job(*args, **kwargs)
            finally:
                told = StepTime(name, time.monotonic() - began, time.process_time() - worked)
                log.info("step: %s took %.1f s, %.1f s of processor time", *told)
                _told.append(told)

        return task(
            name=name,
            timeout_seconds=minutes * 60,
            retries=retries,
            retry_delay_seconds=exponential_backoff(backoff_factor=5),
            retry_jitter_factor=0.5,
            retry_condition_fn=_may_heal,
            cache_policy=NO_CACHE,
            persist_result=False,
        )(announced)

    return decorate


def step_times() -> list[StepTime]:
    """The steps that ended in this process so far, in that order; each try of one that was tried again."""
    return list(_told)


def _may_heal(failed: Any, _run: Any, state: Any) -> bool:
    try:
        state.result()
    except NEVER_HEALS:
        return False
    except Exception as error:  # A network, a disk, a database: anything may be back in a moment.
        log.warning("step: %s failed and may be tried again: %r", failed.name, error)
        return True
    return False

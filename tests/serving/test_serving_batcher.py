"""Batches across threads: who goes with whom, who waits for whom, and who is sent away."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from atelier.errors import OverloadedError
from atelier.serving.batcher import Batcher


class Network:
    """Answers with ten times its input, once its gate is open, and keeps the batches it saw."""

    def __init__(self, is_open: bool = True) -> None:
        self.batches: list[list[int]] = []
        self.gate = threading.Event()
        self._busy = threading.Lock()
        if is_open:
            self.gate.set()

    def __call__(self, batch: Sequence[int]) -> list[int]:
        assert self._busy.acquire(blocking=False), "run twice at once"
        self.batches.append(list(batch))
        assert self.gate.wait(30)
        self._busy.release()
        if -1 in batch:
            raise ValueError("not this one")
        return [10 * value for value in batch]

    def wait_for_batches(self, number: int) -> None:
        deadline = time.monotonic() + 30
        while len(self.batches) < number:
            assert time.monotonic() < deadline
            time.sleep(0.001)


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(32) as pool:
        yield pool


def wait_in_line(batcher: Batcher[int, int], number: int) -> None:
    deadline = time.monotonic() + 30
    while len(batcher._queue) < number:
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_a_lone_request_runs_at_once_in_its_own_thread() -> None:
    seen: list[int] = []

    def run(batch: list[int]) -> list[int]:
        seen.append(threading.get_ident())
        return batch

    assert Batcher(run)(7) == 7
    assert seen == [threading.get_ident()]


def test_those_who_come_while_a_batch_runs_go_together_in_order(threads: ThreadPoolExecutor) -> None:
    network = Network(is_open=False)
    batcher = Batcher(network, max_batch=3)
    answers = [threads.submit(batcher, 0)]
    network.wait_for_batches(1)
    for value in range(1, 6):
        answers.append(threads.submit(batcher, value))
        wait_in_line(batcher, value)
    network.gate.set()
    assert [answer.result(30) for answer in answers] == [0, 10, 20, 30, 40, 50]
    assert network.batches == [[0], [1, 2, 3], [4, 5]]


def test_everybody_gets_their_own_answer_under_load(threads: ThreadPoolExecutor) -> None:
    network = Network()
    batcher = Batcher(network, max_batch=8)
    assert list(threads.map(batcher, range(5_000))) == [10 * value for value in range(5_000)]
    assert sorted(value for batch in network.batches for value in batch) == list(range(5_000))
    assert max(map(len, network.batches)) <= 8


def test_a_bad_input_fails_its_own_caller_only(threads: ThreadPoolExecutor) -> None:
    network = Network(is_open=False)
    batcher = Batcher(network)
    first = threads.submit(batcher, 0)
    network.wait_for_batches(1)
    others = [threads.submit(batcher, value) for value in (1, -1, 2)]
    wait_in_line(batcher, 3)
    network.gate.set()
    assert (first.result(30), others[0].result(30), others[2].result(30)) == (0, 10, 20)
    with pytest.raises(ValueError, match="not this one"):
        others[1].result(30)
    assert batcher(3) == 30


def test_a_full_queue_sends_the_next_one_away(threads: ThreadPoolExecutor) -> None:
    network = Network(is_open=False)
    batcher = Batcher(network, max_waiting=2)
    running = threads.submit(batcher, 0)
    network.wait_for_batches(1)
    waiting = [threads.submit(batcher, value) for value in (1, 2)]
    wait_in_line(batcher, 2)
    with pytest.raises(OverloadedError, match="2 requests wait already"):
        batcher(3)
    network.gate.set()
    assert [answer.result(30) for answer in (running, *waiting)] == [0, 10, 20]


def test_who_waited_too_long_leaves_and_is_not_run(threads: ThreadPoolExecutor) -> None:
    network = Network(is_open=False)
    batcher = Batcher(network, patience_seconds=0.05)
    running = threads.submit(batcher, 0)
    network.wait_for_batches(1)
    with pytest.raises(OverloadedError, match=r"within 0\.05 s"):
        batcher(1)
    network.gate.set()
    assert running.result(30) == 0
    assert network.batches == [[0]]
    assert batcher(2) == 20

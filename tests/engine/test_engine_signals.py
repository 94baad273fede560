"""A signal waits for the end of the block, and is then handed on to who handled it before."""

from __future__ import annotations

import signal
import threading

import pytest

from atelier.engine.signals import HELD_BACK, HeldSignals


@pytest.mark.parametrize("number", HELD_BACK)
def test_a_signal_is_remembered_and_handed_on_at_the_end(number: signal.Signals) -> None:
    heard: list[int] = []
    before = signal.signal(number, lambda seen, _: heard.append(seen))
    try:
        with pytest.raises(KeyboardInterrupt, match=f"stopped by {number.name}"), HeldSignals() as signals:
            signal.raise_signal(number)
            assert heard == []
            assert signals.received == number
        assert heard == [number]
    finally:
        signal.signal(number, before)


def test_a_second_signal_is_not_held() -> None:
    with pytest.raises(KeyboardInterrupt), HeldSignals():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        pytest.fail("someone is in a hurry")


def test_without_a_signal_the_handlers_are_as_they_were() -> None:
    before = [signal.getsignal(number) for number in HELD_BACK]
    with HeldSignals() as signals:
        assert [signal.getsignal(number) for number in HELD_BACK] != before
    assert signals.received is None
    assert [signal.getsignal(number) for number in HELD_BACK] == before


def test_an_error_in_the_block_is_not_hidden_by_a_signal() -> None:
    with pytest.raises(ZeroDivisionError), HeldSignals():
        signal.raise_signal(signal.SIGINT)
        raise ZeroDivisionError


def test_outside_the_main_thread_signals_act_at_once() -> None:
    seen: list[object] = []

    def work() -> None:
        with HeldSignals() as signals:
            seen.append(signals.received)

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [None]
    assert signal.getsignal(signal.SIGTERM) == before

"""What all tests need: silence towards the outside, and a Ctrl-C that works."""

from __future__ import annotations

import os
import signal

import pytest

from atelier import telemetry

# Tests run two at a time: threads that wait for preempted ones cost more than they bring.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Before any library: some tests import one of them ahead of our own code.
telemetry.switch_off()

# A shell that starts the tests in the background hands SIGINT down ignored, to them and all that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with a slow test come first, so that no worker is left alone with one at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)

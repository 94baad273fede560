"""Freed memory stays with the process while it trains."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

FAULTS_OF_TWENTY_STEPS = """
import resource, threading, torch
from atelier.engine.allocator import keep_freed_memory

def step():
    for _ in range(8):
        torch.ones(12_000_000) + 1

def work():
    step()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        step()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)

{keep}
thread = threading.Thread(target=work)
thread.start()
thread.join()
"""


def faults(keep: str) -> int:
    code = FAULTS_OF_TWENTY_STEPS.format(keep=keep)
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="it is a setting of glibc")
def test_a_step_finds_the_pages_of_the_step_before() -> None:
    assert faults("keep_freed_memory()") < 0.05 * faults("")

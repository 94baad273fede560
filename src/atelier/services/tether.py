"""Runs one command that ends with the process that started it, even after `kill -9`.

    python -m atelier.services.tether PARENT_PID COMMAND [ARGUMENT...]

The kernel sends this process SIGTERM when its parent dies, however it died. It then asks the command's whole
process group to end, and kills what is still there after `GRACE_SECONDS`. Linux only (prctl).
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Sequence

GRACE_SECONDS = 10.0
_PR_SET_PDEATHSIG = 1


def run(parent_pid: int, command: Sequence[str]) -> int:
    """Runs `command` in its own session until it ends or the parent is gone; returns its exit code."""
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends us in order.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent_pid:  # It died before the kernel was told to watch it.
        return 1
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        return child.wait()
    except _Ended:
        _end_group(child)
        return 0


class _Ended(Exception):  # noqa: N818 - a request, not a fault
    """SIGTERM arrived."""


def _end(signum: int, frame: object) -> None:  # noqa: ARG001 - the signature of a handler
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise _Ended


def _end_group(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(GRACE_SECONDS)
    with contextlib.suppress(ProcessLookupError):  # The leader may be gone while its children linger.
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


if __name__ == "__main__":
    sys.exit(run(int(sys.argv[1]), sys.argv[2:]))

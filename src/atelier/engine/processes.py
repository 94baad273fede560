"""Which of several processes this is, for callers that do something besides training.

Under `accelerate launch` or `torchrun` every process runs the whole program; what is written once is the main
one's to write. Without a launcher the only process is the main one.
"""

from __future__ import annotations

from accelerate import PartialState


def is_main_process() -> bool:
    return bool(PartialState().is_main_process)


def wait_for_everyone() -> None:
    """Returns in all processes once all have come here."""
    PartialState().wait_for_everyone()

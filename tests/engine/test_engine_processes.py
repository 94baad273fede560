"""Without a launcher the only process is the main one."""

from __future__ import annotations

import torch

from atelier.engine.processes import device, is_main_process, num_processes, wait_for_everyone


def test_the_only_process_is_the_main_one_and_waits_for_nobody() -> None:
    assert is_main_process()
    assert num_processes() == 1
    wait_for_everyone()


def test_it_trains_where_an_accelerator_is_or_else_on_the_cpu() -> None:
    expected = "cpu" if not torch.accelerator.is_available() else str(torch.accelerator.current_accelerator())
    assert device().type == torch.device(expected).type

"""Numbers that cannot be are refused before anything starts."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_runner import refusal


@pytest.mark.parametrize(
    "arguments",
    [("up", "--prefect-port", "0"), ("up", "--mlflow-port", "65536"), ("demo", "--items", "49")],
)
def test_a_number_out_of_range_is_refused(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert arguments[1] in refusal(tmp_path, *arguments)
    assert list(tmp_path.iterdir()) == []

"""The benchmark of collages prints one object: figures mean little here, the sums must be right."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_the_benchmark_prints_one_object_without_a_fault() -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "collage_throughput.py"), "--json"]
    command += ["--collages", "4", "--sets", "1", "--processes", "1", "--size", "200"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["faults"] == 0
    assert result["judged"] == 4
    expected = result["collages_per_second"] / result["plain_per_second"]
    assert result["ratio"] == pytest.approx(expected, abs=0.01)

"""The benchmark of a withdrawal prints one object; a release costs what is new in it, whatever it weighs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_a_withdrawal_from_a_large_release_is_measured(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "withdraw_large_release.py"), "--json"]
    command += ["--gigabytes", "0.05", "--items", "300", "--repeat", "1", "--folder", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr  # 1: slower than 2 s, on a machine that others use too
    result = json.loads(done.stdout)
    assert result["gigabytes"] == 0.05
    assert 0 < result["withdraw_seconds"] <= result["withdraw_seconds_max"]
    assert list(tmp_path.iterdir()) == []

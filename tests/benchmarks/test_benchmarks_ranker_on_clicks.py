"""The benchmark in small: a few collections, of which little can be learned, but all of it runs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_benchmark_tells_the_ranker_beside_popularity_and_the_truth() -> None:
    command = [
        sys.executable,
        str(ROOT / "benchmarks" / "ranker_on_clicks.py"),
        "--json",
        "--collections",
        "3",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["showings"] == 960
    assert answer["truth/auc_within_users"] > max(0.7, answer["popularity/auc_within_users"])
    assert 0 < answer["ranker/log_loss"] < 1

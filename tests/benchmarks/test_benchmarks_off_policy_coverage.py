"""The benchmark in small: too few repetitions for its figures, enough for its sums."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_benchmark_tells_coverage_of_every_estimator_and_of_naive_means() -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "off_policy_coverage.py"), "--json"]
    command += ["--repetitions", "8", "--worlds", "3"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    for log in ("shop", "feed", "long"):
        for name in ("inverse propensity", "self-normalised", "doubly robust"):
            assert 0 <= answer[f"{log}/estimate/{name}/coverage"] <= 1
            assert log == "shop" or abs(answer[f"{log}/estimate/{name}/bias"]) < 0.15
        assert answer[f"{log}/plain/bias"] < -0.3, "the logged ranker is a worse one"
        assert answer[f"{log}/plain/coverage"] == 0
    assert answer["verdicts/released_worse"] == 0

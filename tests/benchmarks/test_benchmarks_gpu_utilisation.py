"""The benchmark runs on a CPU with the smallest preset: figures mean little there, the sums must be right."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from atelier.engine.flops import listed_tflops

ROOT = Path(__file__).parents[2]


def test_the_benchmark_prints_one_object_with_both_shares() -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "gpu_utilisation.py"), "--preset", "debug", "--json"]
    command += ["--products", "64", "--batch-size", "16", "--steps", "5", "--warmup", "5"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["batch_size"] == 16
    assert 0 < result["utilisation"] < 1
    assert 0 <= result["loader_wait"] < 1
    expected = result["tflop_per_step"] / (result["step_ms"] / 1000) / result["peak_tflops"]
    assert result["utilisation"] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("name", "peak"),
    [
        ("NVIDIA H200", 989.0),
        ("NVIDIA H100 80GB HBM3", 989.0),
        ("NVIDIA H100 PCIe", 756.0),
        ("NVIDIA A100-SXM4-80GB", 312.0),
        ("NVIDIA A10", None),
        ("NVIDIA GeForce RTX 4090", None),
    ],
)
def test_peaks_are_known_by_the_devices_name_or_not_at_all(name: str, peak: float | None) -> None:
    assert listed_tflops(name) == peak

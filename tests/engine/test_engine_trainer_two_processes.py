"""Two processes with small batches do what one with big batches does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from engine_toys import CONFIG, ToyData, ToyTask, weights
from torch import nn

from atelier.engine.tracker import ListTracker
from atelier.engine.trainer import fit

SCRIPT = """
import json, sys
from dataclasses import replace
from pathlib import Path
import torch
from test_engine_trainer_two_processes import CONFIG_FOR_ONE, module
from engine_toys import ToyData, ToyTask, weights
from atelier.engine.tracker import ListTracker
from atelier.engine.trainer import fit

torch.set_num_threads(1)
out = Path(sys.argv[1])
task, tracker = ToyTask(module(), noise=0), ListTracker()
config = replace(CONFIG_FOR_ONE, batch_size=8)
report = fit(task, ToyData(48), config, tracker, out / "checkpoints", progress=False)
rank = torch.distributed.get_rank()
result = {
    "losses": tracker.curve("train/loss"),
    "metrics": report.metrics,
    "weights": {name: tensor.tolist() for name, tensor in weights(task.module).items()},
}
(out / f"rank-{rank}.json").write_text(json.dumps(result))
torch.distributed.destroy_process_group()
"""

CONFIG_FOR_ONE = replace(
    CONFIG, batch_size=16, max_steps=8, evaluate_every=4, optimizer="sgd", final_weights="last"
)
"""SGD, because Adam's first steps turn the last bit of a small gradient into a step of full size."""


def module() -> nn.Module:
    torch.manual_seed(5)
    return nn.Sequential(nn.Linear(8, 16), nn.LayerNorm(16), nn.ReLU(), nn.Linear(16, 3))


def test_two_processes_equal_one_with_double_batches(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(SCRIPT)
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent), "OMP_NUM_THREADS": "1"}
    subprocess.run(
        [*launcher, tmp_path / "train.py", tmp_path],
        env=environment,
        check=True,
        timeout=200,
        capture_output=True,
    )
    ranks = [json.loads((tmp_path / f"rank-{rank}.json").read_text()) for rank in (0, 1)]

    task, tracker = ToyTask(module(), noise=0), ListTracker()
    report = fit(task, ToyData(48), CONFIG_FOR_ONE, tracker, tmp_path / "one", progress=False)
    assert list(ranks[0]["losses"].values()) == pytest.approx(
        list(tracker.curve("train/loss").values()), rel=1e-4
    )
    assert ranks[1]["losses"] == {}, "only the main process speaks to the tracker"
    for rank in ranks:
        assert rank["metrics"] == pytest.approx(report.metrics)
        for name, tensor in weights(task.module).items():
            torch.testing.assert_close(torch.tensor(rank["weights"][name]), tensor, rtol=1e-4, atol=1e-6)

"""`kill -9` anywhere in the work on a workspace: what is live answers the same, and the next run finishes.

Five kills here; `benchmarks/kill_anywhere.py` does the same with forty.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from damage import rot

from atelier.release.store import live

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from kill_anywhere import COMMANDS, KillAnywhere, Point, spread
from kill_evidence import BrokenError, release_leftovers
from kill_process import step_seconds


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_work_killed_at_any_of_five_points_is_finished_by_the_next_run_and_never_half_published(
    tmp_path: Path,
) -> None:
    experiment = KillAnywhere(tmp_path, num_kills=5, num_items=120, seed=1)
    result = experiment.run()
    assert result["kills"] == 5
    assert result["releases_asked"] >= 2
    assert result["nothing_new_seconds"] < 10 * max(1.5, os.getloadavg()[0] / 2), "other tests run beside it"

    settings = experiment.settings
    (settings.releases_dir / "blobs" / ".staging-left").touch()
    assert release_leftovers(settings) == ["releases/blobs/.staging-left"]
    release = live(settings)
    rot(settings.releases_dir / release.release_id / min(release.files))
    with pytest.raises(BrokenError, match="is not whole"):  # the experiment would have seen it
        experiment.evidence.check()


def test_few_kills_spread_over_the_steps_and_all_commands() -> None:
    steps = [Point(f"step {number}", 1.0) for number in range(6)]
    points = [*steps, *(Point(name, 1.0, is_step=False) for name in COMMANDS)]
    assert spread(points, 99) == points
    assert [point.name for point in spread(points, 6)] == ["step 1", "step 4", *COMMANDS]
    assert [point.name for point in spread(points, 2)] == ["step 1", "step 4"]


def test_durations_of_steps_are_read_from_the_log_of_a_run() -> None:
    log = "08:42:12 step: train x y\n08:42:13 step: train x y took 1.1 s, 0.5 s of processor time\n"
    assert step_seconds(log) == {"train x y": 1.1}

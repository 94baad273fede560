"""kill -9 at random moments: what is live is always a whole release, and the next publisher just goes on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

NUM_KILLS = 10


def test_killed_publishers_never_leave_a_broken_release_live(tmp_path: Path) -> None:
    script = Path(__file__).parents[1] / "killed_publishers.py"
    run = subprocess.run(
        [sys.executable, "-W", "ignore", str(script), str(tmp_path), str(NUM_KILLS)],
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    reports = [json.loads(line) for line in run.stdout.splitlines()]
    assert len(reports) == NUM_KILLS + 1
    assert [report["wrong"] for report in reports] == [[]] * (NUM_KILLS + 1), run.stderr
    # Some were killed after publishing, or the test would have tested nothing.
    assert max(report["num_releases"] for report in reports[:-1]) >= 2

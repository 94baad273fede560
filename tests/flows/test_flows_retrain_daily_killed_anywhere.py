"""`kill -9` anywhere in the main job: what is live stays whole and answers, and the next run finishes."""

from __future__ import annotations

import hashlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from atelier.jobs.data.simulate import simulate
from atelier.release.store import live, live_id
from atelier.serving.live import LiveRelease
from atelier.settings import Settings

KILLS = (
    ("step: ingest", 0.0),
    ("step: ingest", 3.0),
    ("step: train detection detector", 1.0),
    ("step: gate detection", 0.3),
    ("step: train retrieval teacher", 0.0),
    ("step: train retrieval teacher", 3.0),
    ("step: train retrieval student", 0.5),
    ("step: register retrieval", 0.5),
    ("step: gate retrieval", 0.0),
    ("step: gate retrieval", 1.0),
    ("step: publish", 0.3),
    ("step: publish", 1.5),
)
"""After which line of progress, and how many seconds later."""


def retrain(settings: Settings, drop_dir: Path) -> subprocess.Popen[str]:
    """The command as a user starts it, as the leader of a process group."""
    return subprocess.Popen(
        [
            *(str(Path(sys.executable).parent / "atelier"), "retrain", "--json"),
            *("--preset", "debug", "--drop", str(drop_dir)),
        ],
        env={**os.environ, "ATELIER_HOME": str(settings.home), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(process: subprocess.Popen[str]) -> dict[str, Any]:
    stdout, stderr = process.communicate(timeout=300)
    assert process.returncode == 0, stderr
    summary: dict[str, Any] = json.loads(stdout)
    return summary


def kill_after(process: subprocess.Popen[str], line: str, seconds: float) -> None:
    """Reads the progress until `line` is in it, waits, and kills the whole process group."""
    assert process.stderr is not None
    seen = ""
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(process.stderr, selectors.EVENT_READ)
            while line not in seen:
                assert selector.select(timeout=300), f"no '{line}' for five minutes after:\n{seen}"
                chunk = os.read(process.stderr.fileno(), 65536).decode(errors="replace")
                assert chunk, f"the run ended before '{line}':\n{seen}"
                seen += chunk
        time.sleep(seconds)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stderr.close()


def require_whole_and_answering(settings: Settings, serving: LiveRelease) -> None:
    """The live release has every byte that its manifest names, and a server that follows it answers."""
    release = live(settings)
    for name, digest in release.files.items():
        data = (settings.releases_dir / release.release_id / name).read_bytes()
        assert hashlib.sha256(data).hexdigest() == digest, name
    serving.refresh()
    assert serving.state.failure is None
    assert serving.current.release.release_id == release.release_id
    assert len(serving.current.answer(np.full((64, 64, 3), 200, np.uint8), k=3).items) == 3


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_a_run_killed_at_any_of_twelve_points_is_finished_by_the_next_and_never_half_published(
    tmp_path: Path,
) -> None:
    settings = Settings(home=tmp_path / "home")
    first_drop, second_drop = tmp_path / "first", tmp_path / "second"
    simulate(settings, first_drop, num_items=120, seed=1, progress=False)
    simulate(settings, second_drop, num_items=60, seed=1, first_item=120, progress=False)
    before = finish(retrain(settings, first_drop))
    assert before["changed"]
    serving = LiveRelease(settings)

    require_whole_and_answering(settings, serving)
    for line, seconds in KILLS:
        kill_after(retrain(settings, second_drop), line, seconds)
        require_whole_and_answering(settings, serving)

    after = finish(retrain(settings, second_drop))
    require_whole_and_answering(settings, serving)
    assert after["release_id"] == live_id(settings)
    assert after["data_version"] != before["data_version"]

    again = finish(retrain(settings, second_drop))
    assert not again["changed"]
    assert again["headline"].startswith("nothing new")
    assert again["release_id"] == after["release_id"]
    assert again["seconds"] < 10 * max(1.0, os.getloadavg()[0] / 2)

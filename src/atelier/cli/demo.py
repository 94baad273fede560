"""Runs the demo: a simulated drop, the whole daily retraining on it, and one search."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from atelier.cli.models import print_summary, run_retraining
from atelier.cli.output import print_facts, progress_on_stderr, say
from atelier.settings import PROJECT_ROOT, Settings


def run(settings: Settings, num_items: int, seed: int) -> None:
    """Make the drop once, retrain with the preset `demo`, search, and print the results."""
    began = time.monotonic()
    demo_dir = settings.home / "demo"
    drop_dir = _simulated(settings, demo_dir / f"drop-{num_items}-{seed}", num_items, seed)
    summary = run_retraining(settings, "demo", drop_dir)
    sheet_path = _search_once(settings, demo_dir)
    print()
    print_summary(summary)
    print_facts({"search result": sheet_path, "data version": _compare_with_committed(settings)})
    print(
        f"\nThe main job took {time.monotonic() - began:.0f} s. Next:\n"
        f"  .venv/bin/atelier search {demo_dir / 'query.jpg'}   a search from the command line\n"
        f"  .venv/bin/atelier up                                all services, with the daily schedule\n"
        f"  docs/reference/commands.md                          every command"
    )


def _simulated(settings: Settings, drop_dir: Path, num_items: int, seed: int) -> Path:
    from atelier.jobs.data.simulate import simulate

    if not (drop_dir / "drop.json").exists():
        say(f"Simulating {num_items} items in {drop_dir} ...")
        with progress_on_stderr():
            simulate(settings, drop_dir, num_items=num_items, seed=seed)
    return drop_dir


def _search_once(settings: Settings, demo_dir: Path) -> Path:
    from atelier.jobs.retrieval.pick_photo import pick_photo
    from atelier.serving.run import search

    sheet_path = demo_dir / "search.png"
    with progress_on_stderr():
        picked = pick_photo(settings, demo_dir / "query.jpg")
        search(settings, picked.path, picked.box, k=10, sheet_path=sheet_path)
    return sheet_path


def _compare_with_committed(settings: Settings) -> str:
    """Whether the pointer that was just made is the one in git: the same data, to the byte."""
    committed = subprocess.run(
        ["git", "-C", str(PROJECT_ROOT), "show", "HEAD:data.dvc"], capture_output=True, check=False
    )
    if committed.returncode != 0:
        return "no data.dvc is committed to compare with"
    if committed.stdout == settings.data_pointer_path.read_bytes():
        return "reproduced: data.dvc is the committed one"
    return "NOT reproduced: data.dvc is not the committed one (other library versions, or other data as well)"

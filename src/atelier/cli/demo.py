"""Runs the demo: a simulated drop, the whole daily retraining on it, and one search."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from atelier.cli.models import print_summary, run_retraining
from atelier.cli.output import print_facts, print_table, progress_on_stderr, say
from atelier.errors import TrainingError
from atelier.settings import PROJECT_ROOT, Settings

_MAX_SEARCHES, _NUM_HITS = 10, 10


def run(settings: Settings, num_items: int, seed: int, *, quiet: bool = False) -> None:
    """Make the drop once, retrain with the preset `demo`, search, and print the results.

    TrainingError: no search of the first ones found its item.
    """
    began = time.monotonic()
    demo_dir = settings.home / "demo"
    drop_dir = _simulated(settings, demo_dir / f"drop-{num_items}-{seed}", num_items, seed, quiet)
    simulated = time.monotonic()
    summary = run_retraining(settings, "demo", drop_dir, quiet=quiet)
    retrained = time.monotonic()
    from flows.steps import step_times  # not earlier: Prefect reads its environment when it is imported

    found = _search(settings, demo_dir, quiet)
    ended = time.monotonic()
    steps = [(step.name, step.seconds) for step in step_times()]
    between = retrained - simulated - sum(seconds for _, seconds in steps)
    print()
    print_table(
        ("step", "seconds"),
        [
            (name, round(seconds, 1))
            for name, seconds in (
                ("simulate", simulated - began),
                *steps,
                ("libraries, and between the steps", between),
                ("search", ended - retrained),
            )
        ],
    )
    print_summary(summary)
    print_facts(
        {
            "search": found.told(),
            "search result": found.sheet_path,
            "data version": _compare_with_committed(settings),
        }
    )
    print(
        f"\nThe main job took {ended - began:.0f} s. Next:\n"
        f"  .venv/bin/atelier search {demo_dir / 'query.jpg'}   a search from the command line\n"
        f"  .venv/bin/atelier up                                all services, with the daily schedule\n"
        f"  docs/reference/commands.md                          every command"
    )


@dataclass(frozen=True)
class FoundItem:
    """A search with a held-out photo that found the item in it."""

    item_id: str
    rank: int
    """From 1."""
    num_missed: int
    """Photos that were asked before it and found nothing."""
    sheet_path: Path

    def told(self) -> str:
        """Format the search's outcome as a sentence, misses included."""
        missed = (
            f"; the {self.num_missed} photos asked before it did not find theirs" if self.num_missed else ""
        )
        return f"a held-out photo found its item {self.item_id} at place {self.rank} of {_NUM_HITS}{missed}"


def _simulated(settings: Settings, drop_dir: Path, num_items: int, seed: int, quiet: bool) -> Path:
    from atelier.jobs.data.simulate import simulate

    if not (drop_dir / "drop.json").exists():
        say(f"Simulating {num_items} items in {drop_dir} ...")
        with progress_on_stderr(quiet):
            simulate(settings, drop_dir, num_items=num_items, seed=seed)
    return drop_dir


def _search(settings: Settings, demo_dir: Path, quiet: bool) -> FoundItem:
    """Search with held-out photos, one after the other, until one finds its item."""
    from atelier.jobs.retrieval.pick_photo import pick_photo
    from atelier.serving.run import search

    sheet_path = demo_dir / "search.png"
    with progress_on_stderr(quiet):
        for number in range(_MAX_SEARCHES):
            picked = pick_photo(settings, demo_dir / "query.jpg", number)
            answer = search(settings, picked.path, picked.box, k=_NUM_HITS, sheet_path=sheet_path)
            hits = [hit.item_id for hit in answer.items]
            if picked.item_id in hits:
                return FoundItem(picked.item_id, hits.index(picked.item_id) + 1, number, sheet_path)
    raise TrainingError(
        f"none of {_MAX_SEARCHES} held-out photos found its item among the first {_NUM_HITS} (expected one "
        f"at least): the preset 'demo' has not learned to search. {sheet_path} shows the last answer"
    )


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

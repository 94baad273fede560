"""`kill -9` anywhere: what is live stays whole and answers the same, no row is lost, the next run finishes.

    python benchmarks/kill_anywhere.py [--kills 40] [--items 240] [--seed 0] [--folder DIR] [--json]

Works in a workspace of its own in a temporary folder. A first `atelier retrain --preset debug` runs to its
end, and tells how long each of its steps takes. Then come passes, each over a new drop, so that every step
has something to do: one kill in each step of `atelier retrain`, at a random moment of it, and one in each of
`atelier withdraw`, `withdraw --reinstate`, `publish` and `collect`, after the first file that they change.
The last four are run to their end after their kill; a retraining is continued by the next one.

After each kill all listed releases must be whole, and photos, texts, outfits and a feed must be answered to
the last digit as at first, by a server that has followed all along, by one that starts, and by the release
that was live before. In the end all drops must be in the tables as in a workspace where nothing was killed,
a further retraining must change nothing, and no unfinished file may be left.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from kill_evidence import BrokenError, Evidence, all_rows, data_leftovers, release_leftovers
from kill_process import Commands, Running, files_change, step_begins, step_seconds

from atelier.index.store import rows_by_item
from atelier.jobs.data.ingest import ingest
from atelier.jobs.data.simulate import simulate
from atelier.release.store import live
from atelier.settings import Settings
from atelier.versioning.workspace import current

COMMANDS = ("withdraw", "reinstate", "publish", "collect")
"""In this order each has something to do."""
NEW_ITEMS_SHARE = 12
"""A pass brings one item for so many of the first drop."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--items", type=int, default=240, help="of the first drop")
    parser.add_argument("--seed", type=int, default=0, help="of the drops and of the moments")
    parser.add_argument("--folder", type=Path, help="where to make the workspace; default: the system's")
    parser.add_argument("--json", action="store_true", help="one flat JSON object on standard output")
    arguments = parser.parse_args()
    with kept_if_broken(arguments.folder) as folder:
        result = KillAnywhere(folder, arguments.kills, arguments.items, arguments.seed).run()
    if arguments.json:
        print(json.dumps(result))
    else:
        for name, value in result.items():
            print(f"{name:<24} {value:,}")


@contextmanager
def kept_if_broken(parent: Path | None) -> Iterator[Path]:
    """Make a temporary folder that stays where something was found, to look at."""
    folder = Path(mkdtemp(prefix="kill-anywhere-", dir=parent))
    try:
        yield folder
    except BaseException:
        say(f"kept: {folder}")
        raise
    shutil.rmtree(folder)


@dataclass(frozen=True)
class Point:
    """Where to kill: in a step of the retraining, or in a command of its own."""

    name: str
    seconds: float
    """How long the work takes there, uninterrupted."""
    is_step: bool = True

    def __str__(self) -> str:
        return f"{'step' if self.is_step else 'command'} {self.name}"


@dataclass
class KillAnywhere:
    """The whole experiment."""

    folder: Path
    num_kills: int
    num_items: int
    seed: int
    killed: int = 0
    missed: int = 0
    """Commands that ended before they could be killed."""
    num_simulated: int = 0
    """Items of all drops so far."""
    item_id: str = ""
    """The item that is withdrawn and comes back."""
    drops: list[Path] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.settings = Settings(home=self.folder / "home", keep_releases=2)
        self.commands = Commands(self.settings, self.folder / "log")
        self.moments = random.Random(self.seed)

    def run(self) -> dict[str, float]:
        """Kill so many times. BrokenError, RuntimeError: something does not hold, or a command failed."""
        began = time.monotonic()
        steps = self._first_run()
        self.evidence = Evidence(self.settings)
        self.evidence.check()
        points = [*steps, *(self._measured(name) for name in COMMANDS)]
        say(f"{len(points)} points: " + ", ".join(f"{each} {each.seconds:.1f} s" for each in points))
        while self.killed < self.num_kills:
            self._pass(spread(points, self.num_kills - self.killed))
        last = self._finish()
        return {
            "kills": self.killed,
            "ended_before_the_kill": self.missed,
            "points": len(points),
            "drops": len(self.drops),
            "releases_asked": self.evidence.num_releases,
            "golden_answers": self.evidence.num_answers,
            "rows": sum(len(rows) for rows in all_rows(self.settings).values()),
            "nothing_new_seconds": last["seconds"],
            "seconds": round(time.monotonic() - began, 1),
        }

    def _first_run(self) -> list[Point]:
        """Make the first release, uninterrupted; returns the steps with their durations."""
        self._new_drop(self.num_items)
        running = self._retrain()
        running.finish()
        return [Point(name, seconds) for name, seconds in step_seconds(running.stderr).items()]

    def _measured(self, name: str) -> Point:
        """Run a command to its end, and measure it from the first file that it changes."""
        moment, running = self._start(name)
        running.wait_for(moment)
        began = time.monotonic()
        running.finish()
        return Point(name, time.monotonic() - began, is_step=False)

    def _pass(self, points: list[Point]) -> None:
        """Kill once at each point, in the order of the work, over a new drop."""
        self._new_drop(max(1, self.num_items // NEW_ITEMS_SHARE))
        for point in points:
            self._kill(point)
            self.evidence.check()
            if not point.is_step:
                self._finish_command(point.name)
                self.evidence.check()

    def _kill(self, point: Point) -> None:
        # The measured time of a command ends with its process, after all work.
        seconds = self.moments.uniform(0, point.seconds * (1.0 if point.is_step else 0.8))
        if point.is_step:
            moment, running = step_begins(point.name), self._retrain()
        else:
            moment, running = self._start(point.name)
        if running.kill_after(moment, seconds):
            self.killed += 1
            say(f"kill {self.killed} of {self.num_kills}: {point}, {seconds:.2f} s into it")
        else:
            self.missed += 1
            say(f"{point} ended before {seconds:.2f} s")
            running.finish()

    def _start(self, name: str) -> tuple[Callable[[Running], bool], Running]:
        """Start a command; returns the moment of its first change, too."""
        settings = self.settings
        moment = files_change(settings.releases_dir, Path(settings.lancedb_uri))
        return moment, self.commands.start(*self._arguments(name))

    def _arguments(self, name: str) -> list[str]:
        if name == "withdraw":
            found = rows_by_item(self.settings, live(self.settings).index)
            self.item_id = self.moments.choice(sorted(found))
            return ["withdraw", self.item_id, "--reason", "a claim"]
        if name == "reinstate":
            return ["withdraw", self.item_id, "--reason", "settled", "--reinstate"]
        return [name]

    def _finish_command(self, name: str) -> None:
        """Run a killed command again, to its end, and look at what it was for."""
        if name == "withdraw":
            self.commands.finish("withdraw", self.item_id, "--reason", "a claim")
        else:
            self.commands.finish(*self._arguments(name))
        if name in ("withdraw", "publish"):
            self.evidence.require_found(self.item_id, expected=name == "publish")
        if name == "collect" and (left := release_leftovers(self.settings)):
            raise BrokenError(f"collect left {left}")

    def _finish(self) -> dict[str, Any]:
        """Run to the end what was killed, and once more for nothing."""
        after = self._retrain().finish()
        self.evidence.check()
        last = self._retrain().finish()
        self.evidence.check()
        if last["changed"] or last["release_id"] != after["release_id"]:
            raise BrokenError(f"a second retraining changed something: {last['headline']}")
        self.commands.finish("collect")
        self.evidence.check()
        if left := release_leftovers(self.settings) + data_leftovers(self.settings):
            raise BrokenError(f"unfinished files are left: {left}")
        self._require_rows_of_all_drops()
        return last

    def _require_rows_of_all_drops(self) -> None:
        """Compare the tables with those of a workspace where the same drops came in undisturbed."""
        other = Settings(home=self.folder / "undisturbed")
        for drop in self.drops:
            ingest(other, drop, progress=False)
        for name, rows in all_rows(other).items():
            if all_rows(self.settings)[name] != rows:
                raise BrokenError(f"{name}: other rows than without kills")
        seen, expected = current(self.settings), current(other)
        if seen is None or expected is None or seen.digest != expected.digest:
            raise BrokenError(f"data version: expected as without kills {expected}, seen {seen}")

    def _retrain(self) -> Running:
        return self.commands.start("retrain", "--preset", "debug", "--drop", str(self.drops[-1]))

    def _new_drop(self, num_items: int) -> None:
        drop, first = self.folder / f"drop-{len(self.drops)}", self.num_simulated
        simulate(self.settings, drop, num_items=num_items, seed=self.seed, first_item=first, progress=False)
        self.drops.append(drop)
        self.num_simulated += num_items


def spread(points: list[Point], num: int) -> list[Point]:
    """Choose at most `num` points: steps, evenly spread, and all commands, as each needs the one before."""
    if num >= len(points):
        return points
    commands = points[-len(COMMANDS) :] if num > len(COMMANDS) else []
    steps, num_steps = points[: -len(COMMANDS)], num - len(commands)
    middles = ((2 * number + 1) * len(steps) // (2 * num_steps) for number in range(num_steps))
    return [steps[middle] for middle in middles] + commands


def say(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()

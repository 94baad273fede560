"""Publishers that are killed at random moments; run by test_release_kill.py in a process of its own.

Prints one JSON line for each kill: how long the publisher lived, how many releases there are, and what is
wrong with the live one. LanceDB is imported once and publishers are forked before its first use, so that a
publisher starts within a moment.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from itertools import count
from pathlib import Path

import lance  # noqa: F401 - before forking
import lancedb  # noqa: F401
from release_world import go_live, stage_again

from atelier.index.query import IndexReader
from atelier.index.store import require_verified, seems_present
from atelier.release.durable import digest_of
from atelier.release.retention import collect
from atelier.release.store import damaged_files, list_releases, live, live_id, publishing
from atelier.settings import Settings


def main(home: Path, num_kills: int) -> None:
    settings = Settings(home=home, keep_releases=2)
    moments = random.Random(5)
    for life in range(num_kills):
        seconds = moments.uniform(0.3, 2.0)
        publisher = fork(publish_for_ever, settings, life)
        time.sleep(seconds)
        os.kill(publisher, signal.SIGKILL)
        os.waitpid(publisher, 0)
        report(seconds, settings, what_is_wrong(settings))
    survivor = fork(publish_once_more, settings)
    report(0, settings, [] if os.waitpid(survivor, 0)[1] == 0 else ["the last publisher failed"])


def publish_for_ever(settings: Settings, life: int) -> None:
    for number in count():
        with publishing(settings):
            # Three publications of a model: a whole table, then one more item merged into it, twice.
            go_live(settings, f"life {life} model {number // 3}", num_items=8 + number % 3)
        if number % 2:
            collect(settings)
        if number % 3 == 2:  # the same files once more, linked alone, as when an item is withdrawn
            with publishing(settings):
                stage_again(settings, live(settings), f"life {life} again {number}")


def publish_once_more(settings: Settings) -> None:
    """Finishes what was begun, and finds every release that is listed whole."""
    go_live(settings, "last")
    collect(settings)
    for release in list_releases(settings):
        require_verified(settings, release.index)
        assert damaged_files(settings, release) == []
    assert len(IndexReader.open(settings, live(settings).index)) == 8
    assert list(settings.releases_dir.rglob(".staging-*")) == []
    named = {sha256 for release in list_releases(settings) for sha256 in release.files.values()}
    assert {path.name for path in (settings.releases_dir / "blobs").iterdir()} == named


def what_is_wrong(settings: Settings) -> list[str]:
    """With the pointer, the live release, or any listed one; reads files alone."""
    if live_id(settings) is None:
        return []
    wrong = [f"live: {name}" for name in damaged_files(settings, live(settings))]
    for release in list_releases(settings):
        wrong += [f"{release.release_id}: {name}" for name in damaged_files(settings, release)]
    blobs = list((settings.releases_dir / "blobs").glob("[0-9a-f]*"))
    wrong += [f"blob {path.name}" for path in blobs if digest_of(path) != path.name]
    if not seems_present(settings, live(settings).index):
        wrong.append("the live index is gone")
    return wrong


def report(seconds: float, settings: Settings, wrong: list[str]) -> None:
    facts = {"seconds": seconds, "num_releases": len(list_releases(settings)), "wrong": wrong}
    print(json.dumps(facts), flush=True)


def fork(work: object, *arguments: object) -> int:
    child = os.fork()
    if child == 0:
        try:
            work(*arguments)  # type: ignore[operator]
        except BaseException as error:
            print(repr(error), file=sys.stderr)
            os._exit(1)
        os._exit(0)
    return child


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))

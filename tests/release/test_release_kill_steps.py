"""kill -9 before each step on the disk of staging, promoting and collecting: nothing half is ever seen."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from release_world import go_live, root_of, stage_again

from atelier.index.retention import Dropped
from atelier.release import retention, store
from atelier.release.durable import digest_of
from atelier.release.manifest import Release
from atelier.release.retention import collect
from atelier.release.store import damaged_files, list_releases, live, live_id, promote, stage
from atelier.settings import Settings

pytestmark = pytest.mark.filterwarnings("ignore:lance is not fork-safe")
"""The processes that are killed leave LanceDB alone."""
STEPS = ("fsync", "link", "rename", "replace", "unlink", "rmdir", "utime", "mkdir")
KILLED = 9


def steps_until_done(work: Callable[[], object], check: Callable[[], None], most: int = 200) -> int:
    """Run `work` in a process that dies before its first step, its second, and so on until it is done."""
    for number in count():
        assert number < most, "it never gets done"
        child = os.fork()
        if child == 0:
            _die_before(number)
            try:
                work()
                os._exit(0)
            except BaseException:
                os._exit(1)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        check()
        if code != KILLED:
            assert code == 0
            return number
    raise AssertionError


def _die_before(number: int) -> None:
    """In a child: LanceDB's threads were not forked, so what needs them is left out."""
    left = count()
    store.require_verified = lambda *_: None  # type: ignore[attr-defined]
    retention.drop_all_but = lambda *_: Dropped((), 0, 0)  # type: ignore[attr-defined]
    for name in STEPS:
        setattr(os, name, _counted(getattr(os, name), left, number))


def _counted(step: Callable[..., Any], left: count[int], number: int) -> Callable[..., Any]:
    def counted(*args: Any, **kwargs: Any) -> Any:
        if next(left) == number:
            os._exit(KILLED)
        return step(*args, **kwargs)

    return counted


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, keep_releases=1)


def require_all_whole(settings: Settings) -> None:
    """Every listed release, the live one above all, and every blob."""
    assert live_id(settings) in {release.release_id for release in list_releases(settings)}
    for release in list_releases(settings):
        assert damaged_files(settings, release) == []
    for path in (settings.releases_dir / "blobs").glob("[0-9a-f]*"):
        assert digest_of(path) == path.name


def require_nothing_spare(settings: Settings) -> None:
    """After a collection that nobody killed."""
    collect(settings)
    named = {sha256 for release in list_releases(settings) for sha256 in release.files.values()}
    assert {path.name for path in (settings.releases_dir / "blobs").iterdir()} == named
    assert list(settings.releases_dir.rglob(".staging-*")) == []


def stage_new(settings: Settings, first: Release) -> Release:
    """A new file in a new folder, beside the files of an earlier release."""
    root = root_of(settings, first)
    return stage(
        settings,
        data_version="new",
        models=first.models,
        index=first.index,
        verification=first.verification,
        files={name: root / name for name in first.files} | {"caption/weights": settings.home / "weights"},
    )


def test_a_publication_is_not_there_until_it_is_whole(settings: Settings) -> None:
    first = go_live(settings, "one")
    (settings.home / "weights").write_bytes(b"weights")
    num_steps = steps_until_done(
        lambda: promote(settings, stage_new(settings, first).release_id), lambda: require_all_whole(settings)
    )
    assert num_steps > 10
    assert "caption/weights" in live(settings).files
    require_nothing_spare(settings)
    assert promote(settings, first.release_id) == first


def test_a_collection_never_takes_a_blob_from_a_release(settings: Settings) -> None:
    releases = [go_live(settings, model) for model in ("one", "two", "one more", "newest")]
    (settings.releases_dir / "blobs" / ".staging-dead").write_bytes(b"half")
    num_steps = steps_until_done(lambda: collect(settings), lambda: require_all_whole(settings))
    assert num_steps > 5, "each goes on where the one before was killed"
    assert [release.release_id for release in list_releases(settings)] == [
        releases[3].release_id,
        releases[2].release_id,
    ]
    require_nothing_spare(settings)


def test_a_mending_leaves_each_file_as_it_was_or_whole(settings: Settings) -> None:
    first = go_live(settings, "one")
    again = promote(settings, stage_again(settings, first).release_id)
    path = root_of(settings, first) / "retrieval" / "student.onnx"
    data = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(b"rotten")

    def require_rotten_or_whole() -> None:
        for release in (first, again):
            content = (root_of(settings, release) / "retrieval" / "student.onnx").read_bytes()
            assert content in (b"rotten", data)

    (settings.home / "student").write_bytes(data)
    sources = {"retrieval/student.onnx": settings.home / "student"}
    work = partial_stage(settings, first, sources)
    steps_until_done(work, require_rotten_or_whole)
    work()
    require_all_whole(settings)


def partial_stage(settings: Settings, first: Release, files: dict[str, Path]) -> Callable[[], Release]:
    def work() -> Release:
        return stage(
            settings,
            data_version="mended",
            models=first.models,
            index=first.index,
            verification=first.verification,
            files=files,
        )

    return work

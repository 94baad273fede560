"""The workspace of one job: champions fetched once, work done once, and nothing without data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from publish_world import accept_catalogue, crown

from atelier.errors import RegistryError, VersionError
from atelier.lifecycle.context import Context, current_version, open_context
from atelier.registry.store import open_registry
from atelier.settings import Settings


def test_without_data_there_is_nothing_to_open(tmp_path: Path) -> None:
    with pytest.raises(VersionError, match="run `atelier ingest DIR` with a drop"):
        current_version(Settings(home=tmp_path))


def test_champions_of_a_job_are_fetched_once_replaced_and_left_out(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    digest = accept_catalogue(settings, range(1))
    with open_context(settings, "preset") as context:
        assert (context.preset, context.data_version) == ("preset", digest)
        assert context.champion("retrieval") is None
        with pytest.raises(RegistryError, match="no version of retrieval is the champion yet"):
            context.needed("retrieval")
    crown(settings, tmp_path / "one")
    with open_context(settings, "preset") as context:
        champion = context.needed("retrieval")
        assert (champion.version.version, champion.folder) == (1, context.folder / "retrieval-1")
        crown(settings, tmp_path / "two", scale=2.0)
        assert context.champion("retrieval") is champion, "the alias moves, the job goes on as it began"
        second = open_registry(settings).version("retrieval", "2")
        assert second is not None
        assert context.use(second).folder == context.folder / "retrieval-2"
        assert context.needed("retrieval").version.version == 2
        context.leave_out("retrieval")
        assert context.champion("retrieval") is None
    assert not context.folder.exists(), "gone when the job ends"


def test_work_is_done_once_for_each_way_to_do_it(tmp_path: Path) -> None:
    context: Context[Any] = Context(Settings(home=tmp_path), None, None, "d", False, tmp_path)  # type: ignore[arg-type]
    calls: list[Context[Any]] = []

    def count(given: Context[Any]) -> int:
        calls.append(given)
        return len(calls)

    assert [context.once(count), context.once(count), context.once(str)] == [1, 1, str(context)]
    assert calls == [context]

"""What a run says of drops that could not be taken in."""

from __future__ import annotations

from dataclasses import replace

import pytest

from atelier.errors import PartFailedError
from flows.summary import Summary, _as_markdown, _not_taken_in, require_all_drops

SUMMARY = Summary(
    headline="1 new drop in",
    changed=True,
    preset="debug",
    data_version="d1",
    release_id="r1",
    promoted=True,
    verdict="better",
    metrics={},
    seconds=1.0,
    look_at={},
    steps={},
)


def test_a_run_with_all_drops_in_is_whole() -> None:
    require_all_drops(SUMMARY)
    assert _not_taken_in({}) == ""
    assert "could not be taken in" not in _as_markdown(SUMMARY)


def test_a_drop_that_failed_fails_the_run_when_all_else_is_done() -> None:
    failed = replace(SUMMARY, failed_drops={"monday": "holds no layout that is known"})
    assert "- monday: holds no layout" in _as_markdown(failed)
    assert _not_taken_in(failed.failed_drops) == "; 1 drop could not be taken in: monday"
    with pytest.raises(PartFailedError, match="monday: holds no layout that is known") as caught:
        require_all_drops(failed)
    assert caught.value.summary is failed

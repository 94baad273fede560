"""Rule files against a workspace's items."""

from __future__ import annotations

from pathlib import Path

import pytest

from atelier.errors import RulesError
from atelier.jobs import rules as job
from atelier.settings import Settings


def test_a_workspace_without_items_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(RulesError, match="the pool is empty; ingest items"):
        job.check(Settings(home=tmp_path), "womens-wear")

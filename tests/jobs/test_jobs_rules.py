"""Rule files against a workspace's items."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from rules_world import WEAR, facts_of, pool

from atelier.errors import RulesError
from atelier.jobs import rules as job
from atelier.rules.file import parse_rules
from atelier.rules.report import check_rules
from atelier.settings import Settings


def test_a_table_of_items_has_the_facts_of_its_rows() -> None:
    rows = pool(200)
    table = pa.table({fact: [row[fact] for row in rows] for fact in rows[0]})
    from_table, from_rows = job.facts_of(table), facts_of(rows)
    for fact in ("category", "season", "usage"):
        wanted = from_rows.word(fact).values[0]
        np.testing.assert_array_equal(
            from_table.word(fact).among([wanted, None]), from_rows.word(fact).among([wanted, None])
        )
    np.testing.assert_array_equal(from_table.number("price"), from_rows.number("price"))
    rules = parse_rules(WEAR)
    assert check_rules(rules, from_table) == check_rules(rules, from_rows)


def test_a_workspace_without_items_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(RulesError, match="the pool is empty; ingest items"):
        job.check(Settings(home=tmp_path), "womens-wear")

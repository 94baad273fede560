"""Facts of a table are those of its rows."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from rules_world import WEAR, pool
from rules_world import facts_of as facts_of_rows

from atelier.rules.arrow import attributes_of
from atelier.rules.file import parse_rules
from atelier.rules.report import check_rules


def test_a_table_of_items_has_the_facts_of_its_rows() -> None:
    rows = pool(200)
    table = pa.table({fact: [row[fact] for row in rows] for fact in rows[0]})
    from_table, from_rows = attributes_of(table), facts_of_rows(rows)
    for fact in ("category", "season", "usage"):
        wanted = from_rows.word(fact).values[0]
        np.testing.assert_array_equal(
            from_table.word(fact).among([wanted, None]), from_rows.word(fact).among([wanted, None])
        )
    np.testing.assert_array_equal(from_table.number("price"), from_rows.number("price"))
    rules = parse_rules(WEAR)
    assert check_rules(rules, from_table) == check_rules(rules, from_rows)

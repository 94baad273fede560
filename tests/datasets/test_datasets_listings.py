"""Lists of research sets: a broken line is named and costs nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from public_sets_world import (
    in_shop_name,
    replace_in,
    write_consumer_to_shop,
    write_in_shop,
    write_sop,
)

from atelier.datasets.drop import read_drop
from atelier.datasets.public_sets import read_protocol
from atelier.errors import DropError

PARTITION = "Eval/list_eval_partition.txt"
WRITERS: dict[str, Callable[[Path], Path]] = {
    "in-shop": write_in_shop,
    "consumer-to-shop": write_consumer_to_shop,
    "sop": write_sop,
}


@pytest.mark.parametrize(
    ("name", "list_name", "old", "new", "reason"),
    [
        ("in-shop", PARTITION, "id_00000004 query", "query", r"line 10: .* has 2 words; expected 3"),
        ("in-shop", PARTITION, "id_00000004 query", "id_00000004 quary", "line 10: .* is 'quary'; expected"),
        ("in-shop", PARTITION, in_shop_name(4, 1), in_shop_name(3, 1), "line 10: .* was listed before"),
        ("in-shop", PARTITION, "16\n", "17\n", "line 1: announces 17 rows, 16 follow; is the file cut off"),
        ("in-shop", PARTITION, "16\n", "many\n", "line 1: 'many' is not the number of rows"),
        ("in-shop", "Anno/list_bbox_inshop.txt", "016  016", "016  o16", r"line 3: .* no box x_1 y_1"),
        ("in-shop", "Anno/list_bbox_inshop.txt", "080  080", "010  080", "line 3: .* used whole"),
        ("consumer-to-shop", PARTITION, "id_00000003 test", "id_00000003 tset", "line 7: the pair is 'tset'"),
        (
            "consumer-to-shop",
            PARTITION,
            "shop_02.jpg id_00000003 test\nimg/DRESSES/Lace_Dress/id_00000004",
            "shop_02.jpg id_00000004 test\nimg/DRESSES/Lace_Dress/id_00000004",
            "line 10: .*_02.jpg was listed before as another item's",
        ),
        ("sop", "Ebay_test.txt", "6 3 2", "6 3", r"Ebay_test\.txt, line 2: .* has 3 words; expected 4"),
    ],
)
def test_a_broken_line_is_named_and_costs_nothing_else(
    tmp_path: Path, name: str, list_name: str, old: str, new: str, reason: str
) -> None:
    WRITERS[name](tmp_path)
    replace_in(tmp_path / list_name, old, new)
    protocol = read_protocol(name, tmp_path)
    assert len(protocol.queries) >= 3
    (told,) = protocol.broken_lines
    assert re.search(reason, told), told
    assert told in [one.reason for one in read_drop(tmp_path).rejected], "a drop tells it, too"


def test_a_list_without_its_columns_is_refused_as_a_whole(tmp_path: Path) -> None:
    write_sop(tmp_path)
    replace_in(tmp_path / "Ebay_test.txt", "class_id", "klass")
    with pytest.raises(
        DropError, match=r"Ebay_test\.txt has no column class_id in line 1; expected image_id"
    ):
        read_protocol("sop", tmp_path)

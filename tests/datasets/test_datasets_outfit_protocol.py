"""The protocol asks the published questions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from outfit_sets_world import (
    write_files,
    write_polyvore_outfits,
)
from public_sets_world import replace_in

from atelier.datasets.outfit_protocol import CompatibilitySet, FillInTheBlank, read_outfit_protocol
from atelier.errors import DropError


@pytest.mark.parametrize("variant", ["nondisjoint", "disjoint"])
def test_the_protocol_asks_the_published_questions(variant: str, tmp_path: Path) -> None:
    protocol = read_outfit_protocol(write_polyvore_outfits(tmp_path / "x").parent, variant)
    assert (protocol.name, protocol.broken_lines) == (variant, ())
    assert protocol.questions == (
        FillInTheBlank(("po-3", "po-7", "po-9"), ("po-10", "po-8", "po-11", "po-12"), right=1),
        FillInTheBlank(("po-11", "po-12"), ("po-10", "po-3"), right=0),
    )
    assert protocol.compatibility == (
        CompatibilitySet(("po-3", "po-7", "po-8", "po-9"), True),
        CompatibilitySet(("po-3", "po-11"), False),
    )


def test_broken_questions_are_listed_and_the_others_asked(tmp_path: Path) -> None:
    write_polyvore_outfits(tmp_path)
    path = tmp_path / "disjoint/fill_in_blank_test.json"
    good = json.loads(path.read_text())
    broken = [
        {"question": ["300_1"], "answers": ["400_1", "400_2"]},
        {"question": ["300_1"], "answers": ["300_2", "300_3"]},
        {"question": ["300_1"], "answers": ["300_2", "400_9"]},
        {"question": [], "answers": ["300_2"]},
        {"answers": ["300_2"]},
        7,
    ]
    path.write_text(json.dumps([*broken, *good]))
    replace_in(tmp_path / "disjoint/compatibility_test.txt", "1 300_1", "2 300_1 300_2\n1 300_1\n\n1 300_1")
    protocol = read_outfit_protocol(tmp_path, "disjoint")
    assert (len(protocol.questions), len(protocol.compatibility)) == (2, 2)
    assert [line.partition(": ")[2][:30] for line in protocol.broken_lines] == [
        "0 of the answers are of the ou",
        "2 of the answers are of the ou",
        "test.json has no piece 400_9",
        "question is []; expected a lis",
        "question is None; expected a l",
        "question is None; expected a l",
        *["expected 0 or 1, then two or m"] * 2,
    ]
    assert read_outfit_protocol(tmp_path, "nondisjoint").broken_lines == ()


def test_a_folder_without_the_questions_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no variant 'train'"):
        read_outfit_protocol(tmp_path, "train")
    with pytest.raises(DropError, match="holds Polyvore Outfits 0 times"):
        read_outfit_protocol(tmp_path, "disjoint")
    write_polyvore_outfits(tmp_path)
    write_files(tmp_path, {"disjoint/fill_in_blank_test.json": "[7]"})
    with pytest.raises(DropError, match=r"0 questions and 2 sets to judge.*question is None"):
        read_outfit_protocol(tmp_path, "disjoint")
    (tmp_path / "disjoint/compatibility_test.txt").unlink()
    with pytest.raises(DropError, match=r"compatibility_test\.txt is missing"):
        read_outfit_protocol(tmp_path, "disjoint")

"""Sets of the twelve garments' release: around triggers, by rules, different, or a reason why not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from families_world import publish_whole
from serving_world import ITEMS

from atelier.errors import DigestError, QueryError, RulesError
from atelier.release.manifest import Release
from atelier.release.store import folder_of
from atelier.rules.file import parse_rules
from atelier.settings import Settings
from atelier.styling.stylist import MAX_SETS, Stylist, Wishes, _different

CATEGORY = {item.item_id: item.category for item in ITEMS}
SHIRT, JEANS, BAG = "T/0", "J/1", "H/2"
Published = tuple[Settings, Release]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    return settings, publish_whole(settings, tmp_path_factory.mktemp("files"))


@pytest.fixture(scope="module")
def stylist(published: Published) -> Stylist:
    return Stylist.open(*published)


def test_a_set_begins_with_its_triggers_and_keeps_the_rules(stylist: Stylist) -> None:
    made = stylist.make([JEANS], "wear", Wishes(num=3))
    assert len(made) == 3
    for each in made:
        assert each.pieces[0].item_id == JEANS
        slots = {piece.slot: CATEGORY[piece.item_id] for piece in each.pieces}
        assert slots.items() <= {"top": "Tshirts", "bottom": "Jeans", "bag": "Handbags"}.items()
        assert {"top", "bottom"} <= slots.keys()
        assert each.liking is None
    assert [each.score for each in made] == sorted((each.score for each in made), reverse=True)


def test_the_same_wishes_get_the_same_sets(stylist: Stylist) -> None:
    assert stylist.make([JEANS], "wear", Wishes(num=4)) == stylist.make([JEANS], "wear", Wishes(num=4))


def test_sets_that_share_too_much_wait_until_there_are_no_others() -> None:
    """Row 1 is better than row 2, but shares a piece with row 0; rows 0 and 3 are the same set."""
    items = np.array([[9, 1, 2], [9, 1, 3], [9, 4, 5], [9, 2, 1]])
    preferred = np.array([0.9, 0.8, 0.7, 0.95])
    assert _different(items, preferred, 1, Wishes(num=2, most_shared=0)) == [3, 2]
    assert _different(items, preferred, 1, Wishes(num=2, most_shared=1)) == [3, 1]
    assert _different(items, preferred, 1, Wishes(num=9, most_shared=0)) == [3, 1, 2]


def test_several_triggers_stand_in_every_set(stylist: Stylist) -> None:
    for each in stylist.make([BAG, SHIRT], "wear", Wishes(num=2)):
        assert [piece.item_id for piece in each.pieces[:2]] == [BAG, SHIRT]


def test_a_user_gets_a_liking_with_every_set(stylist: Stylist) -> None:
    made = stylist.make([JEANS], "wear", Wishes(num=2, user="ann"))
    assert all(each.liking is not None and 0 < each.liking < 1 for each in made)


@pytest.mark.parametrize(
    ("item_ids", "message"),
    [
        ([], "1 to 8 different ids"),
        ([JEANS, JEANS], "1 to 8 different ids"),
        ([f"T/{n}" for n in range(9)], "1 to 8 different ids"),
        (["T/99"], "has no item 'T/99'"),
    ],
)
def test_wrong_triggers_are_refused(stylist: Stylist, item_ids: list[str], message: str) -> None:
    with pytest.raises(QueryError, match=message):
        stylist.make(item_ids, "wear")


def test_items_that_no_set_holds_together_are_named(stylist: Stylist) -> None:
    with pytest.raises(RulesError, match=r"no set of these items keeps the rules: T/0, T/1"):
        stylist.make(["T/0", "T/1"], "wear")


def test_an_item_that_fits_no_slot_is_named_with_the_slots(stylist: Stylist) -> None:
    rules = parse_rules("slots: {top: {category: Tshirts}}\nsets: [{required: top}]\n", "tops")
    with pytest.raises(RulesError, match="J/1 fits no slot; the slots are top"):
        stylist.make([JEANS], rules)


def test_unknown_rules_are_refused_with_the_known(stylist: Stylist, tmp_path: Path) -> None:
    with pytest.raises(RulesError, match="expected one of wear, got 'office'"):
        stylist.assembler("office")
    with pytest.raises(RulesError, match="expected a file or one of wear"):
        stylist.rules_text(str(tmp_path / "none.yaml"))
    assert "required: [top, bottom]" in stylist.rules_text("wear")


def test_rules_are_compiled_once_for_a_name(stylist: Stylist) -> None:
    assert stylist.assembler("wear") is stylist.assembler("wear")


@pytest.mark.parametrize("num", [0, MAX_SETS + 1])
def test_a_number_of_sets_out_of_bounds_is_refused(num: int) -> None:
    with pytest.raises(QueryError, match=f"expected 1 to {MAX_SETS} sets, got {num}"):
        Wishes(num=num)


def test_a_condition_narrows_the_items_that_sets_are_made_of(published: Published) -> None:
    some = Stylist.open(*published, where="price <= 20")
    assert len(some.item_ids) == 6
    assert some.attributes_of(SHIRT)["price"] == 10.0
    for each in some.make([JEANS], "wear", Wishes(num=3)):
        assert all(some.attributes_of(piece.item_id)["price"] <= 20 for piece in each.pieces)


def test_an_index_with_an_item_that_has_no_vector_is_refused(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    release = publish_whole(settings, tmp_path / "files")
    path = folder_of(settings, release, "outfit") / "outfit-items.parquet"
    table = pq.read_table(path).slice(1)
    path.unlink()
    pq.write_table(table, path)
    with pytest.raises(DigestError):
        Stylist.open(settings, release)

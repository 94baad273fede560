"""Tables with broken rows go through the real Great Expectations; what is good and why the rest is bad."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from atelier.contracts.check import Checked, check_tables
from atelier.contracts.drift import CategoryShares
from atelier.contracts.promise import KnownKeys
from atelier.errors import ContractError
from atelier.vocabulary import KEYS, TABLES, CategorySet, Click, Item, Outfit, Photo, Region

ITEM = Item("i1", "Fönster-Tröja 衣服 'NA'", "NA", "shop")
PHOTO = Photo("p1", "i1", "catalogue", "shop", width=60, height=80, sha256="a" * 64, phash="b" * 16)
STREET = replace(PHOTO, photo_id="s1", item_id=None, kind="street")
MASK = replace(STREET, photo_id="s1/mask", kind="mask", phash=None)
REGION = Region("s1", "Jeans", 0, 0, 60, 80, 7)
OUTFIT = Outfit("o1", ("i1", "i2"), "shop")
CATEGORY_SET = CategorySet("k1", ("Day Dresses", "Hats"), "shop")
CLICK = Click("c1", "u1", "o1", True, "shop", "2026-03-01T09:30:00Z", 0.5, ("i1", "sold-out"))
GOOD: dict[str, list[Any]] = {
    "items": [ITEM, replace(ITEM, item_id="i2")],
    "photos": [PHOTO, STREET, MASK],
    "regions": [REGION],
    "outfits": [OUTFIT],
    "category_sets": [CATEGORY_SET],
    "clicks": [CLICK, replace(CLICK, click_id="c2", shown_at=None, propensity=None, history=None)],
}


def frame(rows: Sequence[Any]) -> pd.DataFrame:
    columns = [field.name for field in fields(type(rows[0]))]
    return pd.DataFrame([asdict(row) for row in rows], columns=columns, dtype=object)


def broken(row: Any, **changes: Any) -> Any:
    """`replace`, with values that the row's type forbids."""
    return replace(row, **changes)


def check(reports_dir: Path, changed: dict[str, list[Any]], known: KnownKeys | None = None) -> Checked:
    """The good tables with some replaced."""
    tables = {name: frame(rows) for name, rows in (GOOD | changed).items() if rows}
    return check_tables(tables, None, reports_dir, 0.05, known)


def test_a_good_drop_passes_whole(tmp_path: Path) -> None:
    checked = check(tmp_path, {})
    assert {name: len(rows) for name, rows in checked.good.items()} == {k: len(v) for k, v in GOOD.items()}
    assert all(bad.empty for bad in checked.bad.values())
    assert checked.warnings == ()
    checked.require()


BROKEN: list[tuple[str, Any, str]] = [
    ("items", broken(ITEM, item_id=None), "item_id=missing (expected a value)"),
    ("items", broken(ITEM, item_id="a b"), "item_id='a b' (expected 1 to 200 letters"),
    (
        "items",
        broken(ITEM, item_id="i1"),
        "item_id='i1' (expected a name of its own: an earlier row has this one)",
    ),
    ("items", broken(ITEM, title=None), "title=missing (expected a value)"),
    ("items", broken(ITEM, title="  "), "title='  ' (expected one line"),
    ("items", broken(ITEM, title="two\nlines"), "title='two\\nlines' (expected one line"),
    ("items", broken(ITEM, title="x" * 501), "(expected one line of 1 to 500 printable characters)"),
    ("items", broken(ITEM, title=7), "title=7 (expected text)"),
    ("items", broken(ITEM, category=""), "category='' (expected one line"),
    ("items", broken(ITEM, gender="alien"), "gender='alien' (expected one of Men, Women"),
    ("items", broken(ITEM, season="Monsoon"), "season='Monsoon' (expected one of Spring"),
    ("items", broken(ITEM, split="holdout"), "split='holdout' (expected one of train"),
    ("items", broken(ITEM, year=1066), "year=1066 (expected a number from 1950 to 2100)"),
    ("items", broken(ITEM, year=2011.5), "year=2011.5 (expected a whole number)"),
    ("items", broken(ITEM, price=-0.01), "price=-0.01 (expected a number above 0)"),
    ("items", broken(ITEM, price=0.0), "price=0.0 (expected a number above 0)"),
    ("items", broken(ITEM, price=float("inf")), "price=inf (expected a finite number)"),
    ("items", broken(ITEM, price="12 EUR"), "price='12 EUR' (expected a finite number)"),
    ("items", broken(ITEM, rating=5.1), "rating=5.1 (expected a number from 0 to 5)"),
    ("items", broken(ITEM, stock=-1), "stock=-1 (expected a number from 0)"),
    ("photos", broken(PHOTO, photo_id="p1"), "photo_id='p1' (expected a name of its own"),
    ("photos", broken(PHOTO, kind="selfie"), "kind='selfie' (expected one of catalogue"),
    ("photos", broken(PHOTO, item_id="i9"), "item_id='i9' (expected the id of one of the items accepted"),
    ("photos", broken(PHOTO, item_id=None), "item_id=missing (expected an item for a catalogue photo)"),
    ("photos", broken(PHOTO, width=15), "width=15 (expected a number from 16"),
    ("photos", broken(PHOTO, height=None), "height=missing (expected a value)"),
    ("photos", broken(PHOTO, sha256="A" * 64), "(expected 64 hexadecimal digits)"),
    ("photos", broken(PHOTO, phash=None), "phash=missing (expected a perceptual hash, but for masks)"),
    ("photos", broken(PHOTO, x0=1.0), "x0=1.0, y0=missing, x1=missing, y1=missing (expected a box with"),
    ("photos", broken(PHOTO, x0=5.0, y0=5.0, x1=4.0, y1=9.0), "(expected a box with x0 < x1 and y0 < y1"),
    ("photos", broken(PHOTO, x0=0.0, y0=0.0, x1=61.0, y1=80.0), "(expected a box inside its picture)"),
    (
        "photos",
        broken(MASK, photo_id="s9/mask"),
        "photo_id='s9/mask', width=60, height=80 (expected for a mask",
    ),
    (
        "photos",
        broken(MASK, photo_id="p1/mask", height=81),
        "height=81 (expected for a mask: an accepted photo",
    ),
    ("regions", broken(REGION, photo_id="s9"), "photo_id='s9' (expected the id of one of the photos"),
    ("regions", REGION, "photo_id='s1', label='Jeans' (expected a name of its own"),
    ("regions", broken(REGION, label="Hat", y1=81.0), "(expected a box inside its photo)"),
    ("regions", broken(REGION, label="Hat", num_pixels=0), "num_pixels=0 (expected a number from 1)"),
    ("outfits", broken(OUTFIT, item_ids=("i1", "i9")), "(expected the ids of items accepted"),
    ("outfits", broken(OUTFIT, item_ids=("i1", "i1")), "(expected two or more different items)"),
    ("outfits", broken(OUTFIT, item_ids="i1 i2"), "item_ids='i1 i2' (expected a list of texts)"),
    ("outfits", broken(OUTFIT, item_ids=None), "item_ids=missing (expected a value)"),
    ("items", broken(ITEM, style="two\nlines"), "style='two\\nlines' (expected one line"),
    ("items", broken(ITEM, scene=" "), "scene=' ' (expected one line"),
    ("items", broken(ITEM, shop="x" * 201), "(expected one line of 1 to 200 printable characters)"),
    ("regions", broken(REGION, label="Hat", mask_value=256), "mask_value=256 (expected a number from 0"),
    ("outfits", broken(OUTFIT, made_by="a friend"), "made_by='a friend' (expected one of expert, generator"),
    ("outfits", broken(OUTFIT, split="exam"), "split='exam' (expected one of train"),
    ("category_sets", CATEGORY_SET, "set_id='k1' (expected a name of its own"),
    ("category_sets", broken(CATEGORY_SET, categories=("Hats",)), "(expected two or more categories"),
    ("category_sets", broken(CATEGORY_SET, categories=("Hats", " ")), "(expected two or more categories"),
    ("category_sets", broken(CATEGORY_SET, categories=("Hats", "a\nb")), "(expected two or more categories"),
    ("category_sets", broken(CATEGORY_SET, categories=None), "categories=missing (expected a value)"),
    ("clicks", broken(CLICK, history=("i1", "a b")), "(expected ids of items"),
    ("clicks", broken(CLICK, history="i1"), "history='i1' (expected a list of texts)"),
    ("clicks", broken(CLICK, outfit_id="o9"), "outfit_id='o9' (expected the id of one of the outfits"),
    ("clicks", broken(CLICK, propensity=0.0), "propensity=0.0 (expected a number above 0 to 1)"),
    ("clicks", broken(CLICK, propensity=1.5), "propensity=1.5 (expected a number above 0 to 1)"),
    ("clicks", broken(CLICK, clicked="yes"), "clicked='yes' (expected true or false)"),
    ("clicks", broken(CLICK, shown_at="2026-03-01T09:30:00"), "(expected a moment in ISO 8601 and UTC"),
    ("clicks", broken(CLICK, shown_at="yesterday"), "shown_at='yesterday' (expected a moment"),
]


@pytest.fixture(scope="module")
def all_broken(tmp_path_factory: pytest.TempPathFactory) -> Checked:
    """The rows of `BROKEN` in one drop beside the good ones, each with its own id unless that is broken."""
    tables: dict[str, list[Any]] = {name: list(rows) for name, rows in GOOD.items()}
    for number, (table, row, reason) in enumerate(BROKEN):
        key = KEYS[table][0] if len(KEYS[table]) == 1 else None
        same = key and getattr(row, key) == getattr(GOOD[table][0], key) and "of its own" not in reason
        tables[table].append(replace(row, **{key: f"x{number}"}) if key and same else row)
    return check(tmp_path_factory.mktemp("reports"), tables)


@pytest.mark.parametrize("number", range(len(BROKEN)), ids=[reason for _, _, reason in BROKEN])
def test_a_broken_row_is_told_by_column_value_and_promise(all_broken: Checked, number: int) -> None:
    table, _, expected = BROKEN[number]
    position = sum(1 for other, _, _ in BROKEN[:number] if other == table)
    assert expected in all_broken.bad[table]["reason"].iloc[position]


def test_every_broken_row_is_bad_for_one_reason_and_no_good_row_is_lost(all_broken: Checked) -> None:
    for table, rows in GOOD.items():
        pd.testing.assert_frame_equal(all_broken.good[table], frame(rows))
        assert len(all_broken.bad[table]) == sum(1 for other, _, _ in BROKEN if other == table)
    assert not all_broken.bad["items"]["reason"].str.contains(";").any()


def test_several_reasons_are_joined(tmp_path: Path) -> None:
    rows = [replace(ITEM, price=-1.0, year=1)]
    checked = check_tables({"items": frame(rows)}, None, tmp_path, 0.05)
    assert checked.bad["items"]["reason"].tolist() == [
        "year=1 (expected a number from 1950 to 2100); price=-1.0 (expected a number above 0)"
    ]


def test_rows_that_refer_to_bad_rows_are_bad_as_well(tmp_path: Path) -> None:
    checked = check(
        tmp_path,
        {
            "items": [replace(ITEM, price=-1.0), replace(ITEM, item_id="i2")],
            "photos": [
                PHOTO,
                replace(STREET, width=3),
                replace(MASK, width=3),
                replace(STREET, photo_id="s2"),
            ],
            "regions": [replace(REGION, x1=2.0), replace(REGION, photo_id="s2")],
        },
    )
    bad = {name: len(rows) for name, rows in checked.bad.items()}
    assert bad == {"items": 1, "photos": 3, "regions": 1, "outfits": 1, "category_sets": 0, "clicks": 2}


def test_a_mask_goes_with_its_photo(tmp_path: Path) -> None:
    rows = [STREET, replace(STREET, photo_id="s2", source=""), replace(MASK, photo_id="s2/mask")]
    checked = check_tables({"photos": frame(rows)}, None, tmp_path, 0.05)
    assert checked.good["photos"]["photo_id"].tolist() == ["s1"]
    assert "for a mask" in checked.bad["photos"]["reason"].iloc[1]


def test_rows_may_refer_to_what_was_accepted_before(tmp_path: Path) -> None:
    known = KnownKeys(frozenset({"i1", "i2"}), frozenset({"s1"}), frozenset({"o1"}))
    later: dict[str, list[Any]] = {
        "items": [],
        "photos": [PHOTO, MASK],
        "regions": [REGION],
        "outfits": [OUTFIT],
    }
    checked = check(tmp_path, later, known)
    assert sum(map(len, checked.bad.values())) == 0
    checked = check(tmp_path, later)
    assert {name: len(rows) for name, rows in checked.bad.items() if len(rows)} == {
        **dict.fromkeys(("regions", "outfits"), 1),
        **dict.fromkeys(("photos", "clicks"), 2),
    }


def test_numbers_with_gaps_as_pandas_reads_them_are_whole_still(tmp_path: Path) -> None:
    rows = pd.DataFrame([asdict(replace(ITEM, year=2011)), asdict(replace(ITEM, item_id="i2"))])
    assert rows["year"].dtype == "float64"
    checked = check_tables({"items": rows}, None, tmp_path, 0.0)
    assert len(checked.good["items"]) == 2
    pd.testing.assert_frame_equal(checked.good["items"], rows)


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"items": frame([ITEM]).drop(columns="title")}, "missing: title, unknown: none"),
        ({"items": frame([ITEM]).assign(titel="x")}, "missing: none, unknown: titel"),
        ({"items": pd.concat([frame([ITEM])] * 2, axis=1)}, "there twice: category"),
        ({"itmes": frame([ITEM])}, "unknown tables: itmes"),
        ({"items": frame([ITEM]).head(0), "photos": pd.DataFrame()}, "no table of the drop has a row"),
        ({}, "no table of the drop has a row"),
    ],
)
def test_tables_that_cannot_be_judged_stop_at_once(
    tmp_path: Path, tables: dict[str, pd.DataFrame], message: str
) -> None:
    with pytest.raises(ContractError, match=message):
        check_tables(tables, None, tmp_path, 0.05)


def test_too_many_bad_rows_stop_the_flow_and_the_error_says_what_to_do(tmp_path: Path) -> None:
    rows = [replace(ITEM, item_id=f"i{n}", price=-1.0 if n < 6 else None) for n in range(100)]
    checked = check_tables({"items": frame(rows)}, None, tmp_path, 0.05)
    with pytest.raises(
        ContractError, match=r"items: 6 of 100 .* 5\.0% may.*6 rows such as price=-1.0 .*quarantine"
    ):
        checked.require()
    checked.require(max_bad_share=0.06)
    with pytest.raises(ContractError, match="items: 7 of 101"):
        checked.require(max_bad_share=0.06, refused={"items": 1})


def test_rows_refused_after_the_check_are_counted_once_and_the_commonest_reason_is_named(
    tmp_path: Path,
) -> None:
    rows = [replace(ITEM, item_id=f"i{n}", price=-1.0 if n < 2 else None) for n in range(100)]
    checked = check_tables({"items": frame(rows)}, None, tmp_path, 0.05)
    tied = [f"item i{n} ties together groups: by pictures that look the same" for n in range(50, 60)]
    reasons = {"items": ["a/x.jpg: too small", *tied]}
    with pytest.raises(ContractError, match="items: 13 of 101 rows") as caught:
        checked.require(refused={"items": 1}, refused_later={"items": 10}, reasons=reasons)
    assert "Most often: 10 rows such as item i50 ties together groups: by pictures that" in str(caught.value)
    with pytest.raises(ContractError, match=r"Most often: 2 rows such as price=-1\.0"):
        checked.require(max_bad_share=0.01, reasons={"items": ["a/x.jpg: too small"]})


def test_the_report_lists_every_table_and_shows_the_values_that_broke_a_promise(all_broken: Checked) -> None:
    pages = {path.name: path.read_text() for path in all_broken.report_dir.rglob("*.html")}
    assert {f"{table}.html" for table in TABLES} <= set(pages)
    assert "alien" in pages["drop-items.html"]
    assert "one of Men, Women" in pages["drop-items.html"]
    assert "x0=1.0, y0=missing" in pages["drop-photos.html"]


def test_the_first_page_tells_all_in_one_look_without_a_network(all_broken: Checked) -> None:
    page = (all_broken.report_dir / "index.html").read_text()
    assert f"{len(BROKEN)} of {len(BROKEN) + sum(map(len, GOOD.values()))} rows broke their contract" in page
    assert "gender=&#x27;alien&#x27;" in page
    assert "http" not in page
    links = re.findall(r'href="([^"]+)"', page)
    assert len(links) == len(TABLES)
    assert all((all_broken.report_dir / link).is_file() for link in links)


def test_a_partly_filled_column_warns_and_an_unknown_one_does_not(tmp_path: Path) -> None:
    rows = [replace(ITEM, item_id=f"i{n}", price=1.0 if n < 5 else None) for n in range(10)]
    checked = check_tables({"items": frame(rows)}, None, tmp_path, 0.05)
    assert checked.bad["items"].empty
    assert [warning.split(":")[1] for warning in checked.warnings] == [" price"]


def test_changed_category_shares_warn_and_stop_only_where_asked(tmp_path: Path) -> None:
    rows = [replace(ITEM, item_id=f"i{n}", category="Hats") for n in range(500)]
    previous = CategoryShares({"Hats": 1_000, "Shoes": 9_000})
    checked = check_tables({"items": frame(rows)}, previous, tmp_path, 0.05)
    assert checked.drift is not None
    assert checked.drift.distance == pytest.approx(0.9)
    assert "90% of the drop would have to change its category" in checked.warnings[0]
    checked.require()
    checked.require(max_drift=0.9)
    with pytest.raises(ContractError, match="nothing was accepted"):
        checked.require(max_drift=0.5)

"""Layouts: each is recognised by its files, zipped or not, and read as its source means it."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from atelier.datasets.drop import Drop, read_drop
from atelier.errors import DropError, PictureError
from atelier.pictures import encode_jpeg, size
from atelier.vocabulary import CategorySet, Click, Item, Outfit, Region

FPI_HEADER = (
    "id,gender,masterCategory,subCategory,articleType,baseColour,season,year,usage,"
    "productDisplayName,dup_group"
)
FPI_ROWS = [
    "1164,Men,Apparel,Topwear,Tshirts,Blue,Winter,2015,Sports,Nike Men Blue Jersey,",
    '1530,Women,Footwear,Shoes,Heels,NA,,2010,,"Heels, red",7',
    "1531,Women,Footwear,Shoes,Heels,Red,Fall,,NA,Heels, blue, small,7",
]


def jpeg(width: int = 30, height: int = 40, seed: int = 0) -> bytes:
    return encode_jpeg(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


def png_mask(width: int = 30, height: int = 40) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.ones((height, width), np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def write(folder: Path, files: Mapping[str, bytes | str]) -> Path:
    """Write files; a path through `x.zip/` becomes a member of that zip."""
    for name, content in files.items():
        data = content.encode() if isinstance(content, str) else content
        archive, found, member = name.partition(".zip/")
        path = folder / (archive + ".zip" if found else name)
        path.parent.mkdir(parents=True, exist_ok=True)
        if found:
            with zipfile.ZipFile(path, "a") as zipped:
                zipped.writestr(member, data)
        else:
            path.write_bytes(data)
    return folder


def fpi(
    pictures: Iterable[str] = ("images.zip/1164.jpg", "images.zip/1530.jpg", "images.zip/1531.jpg"),
) -> dict[str, bytes | str]:
    return {"styles.csv": "\n".join([FPI_HEADER, *FPI_ROWS]), **{name: jpeg() for name in pictures}}


def ccp() -> dict[str, bytes | str]:
    region = {"label": "blouse", "pixels": 50, "bbox": [1, 2, 20, 30]}
    return {
        "photos.zip/0001.jpg": jpeg(),
        "masks.zip/0001.png": png_mask(),
        "labels.json": json.dumps(["null", "blouse"]),
        "index.json": json.dumps({"0001": {"level": "pixel", "items": [region], "tags": ["blouse"]}}),
    }


CLOTHING: dict[str, bytes | str] = {
    "images.csv": "image,sender_id,label,kids\nea7b,148,T-Shirt,False\n",
    "images/ea7b.jpg": jpeg(),
}
OWN: dict[str, bytes | str] = {
    "drop.json": '{"layout": "atelier-drop", "version": 1, "name": "autumn"}',
    "items.csv": "title,item_id,category,price,stock,year\n"
    '"Shirt, blue",a,Shirts,12.50,3,\nHat,b,Hats,,,2024\n',
    "photos.csv": "photo_id,item_id,kind,x0,y0,x1,y1,file\npa,a,catalogue,,,,,pictures/in/a.jpg\n"
    "pb,b,shopper,1,2,20.5,30,more.zip/b.jpg\n",
    "outfits.csv": "outfit_id,item_ids,likes\no,b a,5\n",
    "clicks.csv": "click_id,user_id,outfit_id,shown_at,clicked,propensity\n"
    "c,u,o,2026-01-01T00:00:00Z,true,0.5\n",
    "pictures/in/a.jpg": jpeg(),
    "more.zip/b.jpg": jpeg(),
}  # fmt: skip


def reasons(drop: Drop) -> list[str]:
    return [one.reason for one in drop.rejected]


def test_fashion_product_images_become_items_with_a_photo_each(tmp_path: Path) -> None:
    drop = read_drop(write(tmp_path / "day", fpi()))
    assert drop.name == "day"
    assert drop.layouts == ("fashion-product-images",)
    assert drop.rejected == []
    assert drop.rows["items"] == [
        Item(
            "1164", "Nike Men Blue Jersey", "Tshirts", "fashion-product-images", "Topwear", "Apparel",
            "Men", "Blue", "Winter", 2015, "Sports",
        ),
        Item(
            "1530", "Heels, red", "Heels", "fashion-product-images", "Shoes", "Footwear",
            "Women", "NA", None, 2010, None, duplicate_group="7",
        ),
        Item(
            "1531", "Heels, blue, small", "Heels", "fashion-product-images", "Shoes", "Footwear",
            "Women", "Red", "Fall", None, "NA", duplicate_group="7",
        ),
    ]  # fmt: skip
    assert [(raw.photo.photo_id, raw.photo.item_id, raw.photo.kind) for raw in drop.photos] == [
        (name, name, "catalogue") for name in ("1164", "1530", "1531")
    ]
    assert all(raw.read() == jpeg() for raw in drop.photos)


def test_of_several_sizes_the_largest_picture_wins(tmp_path: Path) -> None:
    write(tmp_path, fpi(["small/1164.jpg", "images.zip/1530.jpg", "images.zip/1531.jpg"]))
    write(tmp_path, {"big.zip/sub/1164.jpg": jpeg(300, 400), "broken/1164.jpg": b"no picture"})
    photo = read_drop(tmp_path).photos[0]
    assert size(photo.read()) == (300, 400)
    assert len(photo.otherwise) == 3


def test_a_product_without_a_picture_is_an_item_and_a_rejected_photo(tmp_path: Path) -> None:
    drop = read_drop(write(tmp_path, fpi(["images/1530.jpg", "images/1531.jpg"])))
    assert len(drop.rows["items"]) == 3
    assert len(drop.photos) == 2
    assert reasons(drop) == [".: no picture is named 1164"]


def test_clothing_dataset_becomes_shoppers_photos_without_items(tmp_path: Path) -> None:
    drop = read_drop(write(tmp_path, CLOTHING))
    (raw,) = drop.photos
    photo = raw.photo
    assert (photo.photo_id, photo.item_id, photo.kind) == ("ea7b", None, "shopper")
    assert (photo.category, photo.sender) == ("T-Shirt", "148")


@pytest.mark.parametrize("zipped", [True, False])
def test_clothing_co_parsing_becomes_street_photos_masks_and_regions(tmp_path: Path, zipped: bool) -> None:
    files = {name if zipped else name.replace(".zip", ""): data for name, data in ccp().items()}
    drop = read_drop(write(tmp_path, files))
    assert [(raw.photo.photo_id, raw.photo.kind) for raw in drop.photos] == [
        ("ccp/0001", "street"),
        ("ccp/0001/mask", "mask"),
    ]
    assert drop.photos[1].read() == png_mask()
    assert drop.rows["regions"] == [Region("ccp/0001", "blouse", 1, 2, 20, 30, 50, 1)]


def test_our_own_drop_is_read_with_its_types(tmp_path: Path) -> None:
    drop = read_drop(write(tmp_path / "x", OWN))
    assert (drop.name, drop.rejected) == ("autumn", [])
    assert drop.rows["items"] == [
        Item("a", "Shirt, blue", "Shirts", "atelier-drop", price=12.5, stock=3),
        Item("b", "Hat", "Hats", "atelier-drop", year=2024),
    ]
    assert drop.rows["outfits"] == [Outfit("o", ("b", "a"), "atelier-drop", likes=5)]
    assert drop.rows["clicks"][0].clicked is True
    assert [raw.photo.x1 for raw in drop.photos] == [None, 20.5]
    assert all(raw.read() == jpeg() for raw in drop.photos)


def test_our_own_drop_tells_what_is_known_of_sets_and_clicks(tmp_path: Path) -> None:
    write(tmp_path, OWN)
    more = {
        "items.csv": "item_id,title,category,style,scene,shop\na,A,Hats,Boho,Beach,Our Shop\nb,B,Hats,,,\n",
        "outfits.csv": "outfit_id,item_ids,made_by\no,b a,expert\n",
        "category_sets.csv": "set_id,categories\ns,Day Dresses; Hats ;Hats\n",
        "clicks.csv": "click_id,user_id,outfit_id,clicked,history\nc,u,o,false,a sold-out\n",
    }
    drop = read_drop(write(tmp_path, more))
    assert drop.rejected == []
    assert drop.rows["items"][0] == Item(
        "a", "A", "Hats", "atelier-drop", style="Boho", scene="Beach", shop="Our Shop"
    )
    assert drop.rows["outfits"] == [Outfit("o", ("b", "a"), "atelier-drop", made_by="expert")]
    assert drop.rows["category_sets"] == [CategorySet("s", ("Day Dresses", "Hats", "Hats"), "atelier-drop")]
    assert drop.rows["clicks"] == [Click("c", "u", "o", False, "atelier-drop", history=("a", "sold-out"))]


def test_our_own_drop_may_hold_parquet(tmp_path: Path) -> None:
    write(tmp_path, {name: data for name, data in OWN.items() if not name.startswith(("items", "outfits"))})
    items = {"item_id": ["a", "b"], "title": ["x", "y"], "category": ["c", "c"], "year": [2024, None]}
    pq.write_table(pa.table(items), tmp_path / "items.parquet")
    pq.write_table(pa.table({"outfit_id": ["o"], "item_ids": [["b", "a"]]}), tmp_path / "outfits.parquet")
    drop = read_drop(tmp_path)
    assert [row.year for row in drop.rows["items"]] == [2024, None]
    assert drop.rows["outfits"][0].item_ids == ("b", "a")


def test_a_folder_may_hold_several_layouts_and_unknown_things(tmp_path: Path) -> None:
    for folder, files in {"fpi": fpi(), "ccp": ccp(), "deep/cc0": CLOTHING}.items():
        write(tmp_path / folder, files)
    write(tmp_path / "notes", {"a.txt": ""})
    drop = read_drop(tmp_path)
    assert sorted(drop.layouts) == ["clothing-co-parsing", "clothing-dataset", "fashion-product-images"]
    assert drop.unknown == ("notes",)
    assert len(drop.photos) == 3 + 2 + 1


def test_a_layout_may_be_one_zip(tmp_path: Path) -> None:
    write(tmp_path / "unpacked", fpi(["images/1164.jpg", "images/1530.jpg", "images/1531.jpg"]))
    shutil.make_archive(str(tmp_path / "drop" / "archive"), "zip", tmp_path / "unpacked")
    drop = read_drop(tmp_path / "drop")
    assert len(drop.rows["items"]) == 3
    assert [raw.read() for raw in drop.photos] == [jpeg()] * 3


def test_held_out_queries_beside_the_products_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path, fpi())
    write(tmp_path, {"queries/street.zip/1164.jpg": jpeg(400, 600), "queries/truth.csv": "photo\n"})
    photo = read_drop(tmp_path).photos[0]
    assert size(photo.read()) == (30, 40)


def test_a_folder_of_no_known_layout_is_an_error_that_names_the_known_ones(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(DropError, match=r"fashion-product-images by styles\.csv.*drop-layout\.md"):
        read_drop(tmp_path)
    with pytest.raises(DropError, match="is not a folder"):
        read_drop(tmp_path / "nowhere")


def test_a_name_cannot_lead_out_of_the_drop(tmp_path: Path) -> None:
    (tmp_path / "secret.jpg").write_bytes(jpeg())
    write(tmp_path / "drop", OWN)
    header = "photo_id,kind,file\n"
    outside = ["../secret.jpg", str(tmp_path / "secret.jpg"), "pictures/../../secret.jpg", "link.jpg", ""]
    (tmp_path / "drop" / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    (tmp_path / "drop" / "photos.csv").write_text(
        header + "".join(f"p{n},street,{name}\n" for n, name in enumerate(outside))
    )
    drop = read_drop(tmp_path / "drop")
    assert drop.photos == []
    assert len([reason for reason in reasons(drop) if "is not in the drop" in reason]) == len(outside)


def test_strange_member_names_of_a_zip_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path, fpi([]))
    with zipfile.ZipFile(tmp_path / "images.zip", "w") as zipped:
        for name in ("../1164.jpg", "/1530.jpg", "__MACOSX/._1531.jpg"):
            zipped.writestr(name, jpeg())
    assert read_drop(tmp_path).photos == []


def test_members_that_cannot_be_read_fail_one_by_one(tmp_path: Path) -> None:
    write(tmp_path, fpi())
    path = tmp_path / "images.zip"
    content = bytearray(path.read_bytes())
    start = content.index(b"PK\x01\x02")
    content[start + 8] |= 1  # the first member claims to be encrypted
    content[content.index(jpeg()[20:40]) + len(jpeg()) * 2] ^= 0xFF  # a byte of a later one is changed
    path.write_bytes(content)
    first, *others = read_drop(tmp_path).photos
    with pytest.raises(PictureError, match="encrypted"):
        first.read()
    outcomes = []
    for raw in others:
        try:
            outcomes.append(raw.read() == jpeg())
        except PictureError as error:
            outcomes.append("CRC" in str(error))
    assert outcomes == [True, True]


def test_a_member_that_claims_to_be_huge_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("atelier.datasets.files.MAX_MEMBER_BYTES", 1_000_000)
    write(tmp_path, fpi(["images.zip/1530.jpg", "images.zip/1531.jpg"]))
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("1164.jpg", bytes(5_000_000))
    assert (tmp_path / "bomb.zip").stat().st_size < 10_000
    with pytest.raises(PictureError, match="5,000,000 bytes; at most 1,000,000"):
        read_drop(tmp_path).photos[0].read()


@pytest.mark.parametrize("keep", [0, 10, 1000])
def test_a_truncated_zip_is_named(tmp_path: Path, keep: int) -> None:
    write(tmp_path, fpi())
    path = tmp_path / "images.zip"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DropError, match=r"images\.zip is not a zip file we can read"):
        read_drop(tmp_path)

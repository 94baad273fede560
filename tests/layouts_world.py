"""Small folders of the public layouts and of our own, zipped or not."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from atelier.datasets.drop import Drop
from atelier.pictures import encode_jpeg

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

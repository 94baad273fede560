"""Reads the common parts of the two retrieval sets of DeepFashion (Liu et al. 2016): lists, boxes, pictures.

    Eval/list_eval_partition.txt     who is asked and who answers
    Anno/list_bbox_<set>.txt         image_name clothes_type ... x_1 y_1 x_2 y_2
    Img/img/<department>/<category>/<item>/<photo>.jpg, also as img/..., Img/img.zip or img.zip

The boxes belong to the pictures of `img`; those of `img_highres` have other sizes and are not read.
"""

from __future__ import annotations

from collections.abc import Sequence

from atelier.datasets.files import File
from atelier.datasets.layouts.layout import Folder
from atelier.datasets.listings import Listing, column_names, read_listing
from atelier.vocabulary import Box

PARTITION = "Eval/list_eval_partition.txt"
_PICTURE_FOLDERS = ("Img", "", "Img/img.zip", "img.zip")
_CORNERS = ("x_1", "y_1", "x_2", "y_2")


def has_partition(folder: Folder, columns: Sequence[str]) -> bool:
    """Test whether the folder's partition has just these columns; the sets differ by them alone."""
    file = folder.file(PARTITION)
    return file is not None and column_names(file, counted=True) == tuple(columns)


def read_partition(folder: Folder, columns: Sequence[str]) -> Listing:
    file = folder.file(PARTITION)
    assert file is not None, "recognised by this file"
    return read_listing(file, columns, counted=True)


def read_boxes(folder: Folder, name: str) -> tuple[dict[str, Box], list[str]]:
    """Read boxes of `Anno/<name>` by the photo's name, and a sentence for each broken line; no file, no
    boxes.
    """
    file = folder.file(f"Anno/{name}")
    if file is None:
        return {}, []
    listing = read_listing(file, ("image_name", *_CORNERS), counted=True)
    boxes: dict[str, Box] = {}
    for line, row in listing.rows:
        try:
            x0, y0, x1, y1 = (float(row[corner]) for corner in _CORNERS)
            boxes[row["image_name"]] = Box(x0, y0, x1, y1)
        except ValueError as error:
            listing.reject(line, f"{row['image_name']}: no box x_1 y_1 x_2 y_2 ({error}); used whole")
    return boxes, listing.broken


def find_picture(folder: Folder, name: str) -> File | None:
    """Find the picture of a photo; `name` as the lists have it: 'img/WOMEN/...'."""
    places = (folder.path / place / name for place in _PICTURE_FOLDERS)
    return next((file for place in places if (file := folder.files.find(place)) is not None), None)


def department_and_category(name: str) -> tuple[str, str]:
    """Parse the folders of a photo's name: ('WOMEN', 'Dresses'), with blanks for the folders' underscores."""
    folders = name.split("/")[1:-2]
    if len(folders) < 2:
        return "", folders[0].replace("_", " ") if folders else "unknown"
    return folders[0], folders[1].replace("_", " ")

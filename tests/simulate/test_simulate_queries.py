"""Held-out searches are a folder that evaluation reads, the same bytes every time."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

import numpy as np
import pytest
from PIL import Image

from atelier.simulate.queries import write_queries


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _picture(folder: Path, file: str) -> Image.Image:
    archive, member = file.split("/", 1)
    with ZipFile(folder / archive) as pictures:
        return Image.open(io.BytesIO(pictures.read(member)))


def test_queries_are_a_folder_that_evaluation_reads(tmp_path: Path) -> None:
    pixels = np.full((80, 60, 3), 255, np.uint8)
    pixels[20:60, 15:45] = (20, 160, 60)
    street = np.random.default_rng(0).integers(0, 255, size=(200, 150, 3), dtype=np.uint8)
    write_queries(tmp_path, [("12", pixels), ("a-7", pixels)], [street], seed=1)
    truth = _rows(tmp_path / "queries" / "truth.csv")
    assert [row["photo"] for row in truth] == [
        "reshot.zip/12.jpg",
        "reshot.zip/a-7.jpg",
        "street.zip/12.jpg",
        "street.zip/a-7.jpg",
    ]
    assert [bool(row["x0"]) for row in truth] == [False, False, True, True]
    with ZipFile(tmp_path / "queries" / "street.zip") as archive:
        assert {entry.compress_type for entry in archive.infolist()} == {ZIP_STORED}
    for row in truth:
        assert _picture(tmp_path / "queries", row["photo"]).width >= 60


def test_street_queries_need_a_street(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="background"):
        write_queries(tmp_path, [], [], seed=1)
    with pytest.raises(ValueError, match="sketch"):
        write_queries(tmp_path, [], [], seed=1, kinds=("sketch",))

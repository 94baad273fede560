"""Zips and tables are the same bytes for the same content."""

from __future__ import annotations

import csv
import time
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

import pytest

from atelier.simulate.archive import add_stored, write_csv


def test_a_zip_s_bytes_do_not_depend_on_when_it_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = []
    for name, year in (("now", 2026), ("later", 2031)):
        monkeypatch.setattr(time, "time", lambda year=year: (year - 1970) * 31_557_600.0)
        with ZipFile(tmp_path / name, "w", ZIP_STORED) as archive:
            add_stored(archive, "a.jpg", b"picture")
        written.append((tmp_path / name).read_bytes())
    assert written[0] == written[1]
    with ZipFile(tmp_path / "now") as archive:
        entry = archive.getinfo("a.jpg")
        assert archive.read("a.jpg") == b"picture"
    assert entry.date_time == (1980, 1, 1, 0, 0, 0)
    assert entry.compress_type == ZIP_STORED
    assert entry.external_attr >> 16 == 0o644


def test_a_table_writes_none_truth_and_ids_as_the_drop_layout_wants_them(tmp_path: Path) -> None:
    write_csv(
        tmp_path / "t.csv", ("a", "b", "c"), [(None, True, ("x", "y")), (1.5, False, 'say "no", please')]
    )
    assert (tmp_path / "t.csv").read_bytes() == (b'a,b,c\n,true,x y\n1.5,false,"say ""no"", please"\n')


def test_a_table_keeps_letters_of_any_language(tmp_path: Path) -> None:
    write_csv(tmp_path / "t.csv", ("title",), [("Füße 靴",)])
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.DictReader(file)) == [{"title": "Füße 靴"}]

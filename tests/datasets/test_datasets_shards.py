"""Pictures are packed into shards named by content."""

from __future__ import annotations

import hashlib
import tarfile
from pathlib import Path

import pytest

from atelier.datasets.shards import read_picture, write_shards
from atelier.errors import CorruptionError


def pictures(count: int, size: int = 1000) -> list[tuple[str, bytes]]:
    contents = [bytes([n % 256]) * (size + n) for n in range(count)]
    return [(hashlib.sha256(data).hexdigest(), data) for data in contents]


def test_shards_hold_what_was_packed_and_tar_reads_them(tmp_path: Path) -> None:
    packed = pictures(10)
    places = write_shards(tmp_path, packed, max_bytes=6000)
    assert len({place.shard for place in places.values()}) > 1
    assert all(path.stat().st_size <= 6000 + 1024 for path in tmp_path.iterdir())
    for sha256, data in packed:
        assert read_picture(tmp_path, places[sha256], sha256) == data
        with tarfile.open(tmp_path / places[sha256].shard) as shard:
            member = shard.extractfile(f"{sha256}.jpg")
            assert member is not None
            assert member.read() == data


def test_shards_are_named_by_content_and_equal_input_gives_equal_files(tmp_path: Path) -> None:
    write_shards(tmp_path / "one", pictures(5))
    write_shards(tmp_path / "two", pictures(5))
    (one,), (two,) = (tmp_path / "one").iterdir(), (tmp_path / "two").iterdir()
    assert one.name == two.name == hashlib.sha256(one.read_bytes()).hexdigest()[:16] + ".tar"
    assert one.read_bytes() == two.read_bytes()


def test_a_changed_byte_or_a_missing_shard_is_corruption(tmp_path: Path) -> None:
    ((sha256, _), *_) = packed = pictures(2)
    place = write_shards(tmp_path, packed)[sha256]
    path = tmp_path / place.shard
    content = bytearray(path.read_bytes())
    content[place.offset + 5] ^= 1
    path.write_bytes(content)
    with pytest.raises(CorruptionError, match=place.shard):
        read_picture(tmp_path, place, sha256)
    path.unlink()
    with pytest.raises(CorruptionError, match="cannot be read"):
        read_picture(tmp_path, place, sha256)

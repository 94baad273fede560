"""Pictures packed into uncompressed tar files that are named by their content and never rewritten.

A later drop only adds shards, so that versioning moves what is new, and a million pictures are a few thousand
files. A picture is read with one `pread` at the offset that its `Photo` row holds; `tar` reads the files too.
"""

from __future__ import annotations

import hashlib
import os
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from atelier.errors import CorruptionError

MAX_SHARD_BYTES = 64 * 2**20
_BLOCK = 512


@dataclass(frozen=True)
class Place:
    """Location of a picture's bytes."""

    shard: str
    """File name within the folder of shards."""
    offset: int
    num_bytes: int


def write_shards(
    target_dir: Path, pictures: Iterable[tuple[str, bytes]], max_bytes: int = MAX_SHARD_BYTES
) -> dict[str, Place]:
    """Pack (sha256, bytes) pairs in the order given; returns the place of each by its sha256.

    Equal input gives equal files. A shard appears under its name only when it is whole. At most one shard
    is held in memory.
    """
    target_dir.mkdir(parents=True, exist_ok=True)
    places: dict[str, Place] = {}
    for members in _filled(pictures, max_bytes):
        places |= _write_shard(target_dir, members)
    return places


def read_picture(shards_dir: Path, place: Place, sha256: str) -> bytes:
    """Read one picture; raises CorruptionError where its shard is missing or its bytes have changed."""
    path = shards_dir / place.shard
    try:
        shard = os.open(path, os.O_RDONLY)
    except OSError as error:
        raise CorruptionError(
            f"the shard {path} cannot be read: {error.strerror}. `atelier data restore` brings it back"
        ) from error
    try:
        data = os.pread(shard, place.num_bytes, place.offset)
    finally:
        os.close(shard)
    if hashlib.sha256(data).hexdigest() != sha256:
        raise CorruptionError(
            f"the picture at {place.offset:,} in {path} no longer has the digest {sha256[:16]}... under "
            f"which it was stored. `atelier data restore` brings back an accepted version"
        )
    return data


def _filled(pictures: Iterable[tuple[str, bytes]], max_bytes: int) -> Iterator[list[tuple[str, bytes]]]:
    members: list[tuple[str, bytes]] = []
    size = 0
    for sha256, data in pictures:
        needed = _BLOCK + _padded(len(data))
        if members and size + needed > max_bytes:
            yield members
            members, size = [], 0
        members.append((sha256, data))
        size += needed
    if members:
        yield members


def _write_shard(target_dir: Path, members: list[tuple[str, bytes]]) -> dict[str, Place]:
    blocks: list[bytes] = []
    offsets: list[int] = []
    position = 0
    for sha256, data in members:
        blocks += [_header(sha256, data), data, bytes(_padded(len(data)) - len(data))]
        offsets.append(position + _BLOCK)
        position += _BLOCK + _padded(len(data))
    blocks.append(bytes(2 * _BLOCK))
    digest = hashlib.sha256()
    for block in blocks:
        digest.update(block)
    name = f"{digest.hexdigest()[:16]}.tar"
    partial_path = target_dir / f"{name}.partial"
    with partial_path.open("wb") as shard:
        shard.writelines(blocks)
    partial_path.replace(target_dir / name)
    return {
        sha256: Place(name, offset, len(data))
        for (sha256, data), offset in zip(members, offsets, strict=True)
    }


def _header(sha256: str, data: bytes) -> bytes:
    extension = "png" if data.startswith(b"\x89PNG") else "jpg"
    member = tarfile.TarInfo(f"{sha256}.{extension}")
    member.size = len(data)
    return member.tobuf(tarfile.USTAR_FORMAT)


def _padded(num_bytes: int) -> int:
    return -(-num_bytes // _BLOCK) * _BLOCK

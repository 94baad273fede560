"""Digests name every file beneath a folder by its content."""

from __future__ import annotations

import hashlib
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from atelier.registry.digests import digests_of


def test_every_file_is_listed_in_order_by_its_path_and_folders_are_not(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "empty").mkdir()
    for name, content in (("b.bin", b"b"), ("deep/er/c", b""), ("a.txt", b"a")):
        (tmp_path / name).write_bytes(content)
    assert list(digests_of(tmp_path).items()) == [
        ("a.txt", hashlib.sha256(b"a").hexdigest()),
        ("b.bin", hashlib.sha256(b"b").hexdigest()),
        ("deep/er/c", hashlib.sha256(b"").hexdigest()),
    ]


@given(content=st.binary(max_size=200))
def test_a_digest_is_that_of_the_bytes(content: bytes, tmp_path_factory: object) -> None:
    folder = tmp_path_factory.mktemp("digest")  # type: ignore[attr-defined]
    (folder / "file").write_bytes(content)
    assert digests_of(folder) == {"file": hashlib.sha256(content).hexdigest()}

"""Pictures of a drop are measured once; a bad one costs itself alone, another size may stand in."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from layouts_world import jpeg, png_mask

from atelier.datasets.incoming import Spool, check_pictures
from atelier.datasets.raw import RawPhoto
from atelier.errors import PictureError
from atelier.pictures import PictureLimits
from atelier.vocabulary import Photo

LIMITS = PictureLimits(max_pixels=10_000, min_side=8)


def _raw(name: str, data: bytes, kind: str = "catalogue", otherwise: tuple[bytes, ...] = ()) -> RawPhoto:
    def giving(content: bytes) -> Callable[[], bytes]:
        return lambda: content

    return RawPhoto(
        Photo(name, None, kind, "test"), giving(data), f"pictures/{name}.jpg", tuple(map(giving, otherwise))
    )


def test_a_good_picture_is_measured_and_spooled(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    incoming = check_pictures([_raw("a", jpeg(30, 40))], [], LIMITS, spool)
    (photo,) = incoming.photos
    assert (photo.width, photo.height, photo.sha256) == (30, 40, hashlib.sha256(jpeg(30, 40)).hexdigest())
    assert photo.phash is not None
    assert len(photo.phash) == 16
    assert (photo.shard, photo.offset) == (None, None)
    assert spool.read(photo.sha256 or "") == jpeg(30, 40)


def test_a_mask_is_kept_byte_for_byte_and_has_no_hash(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    (photo,) = check_pictures([_raw("m", png_mask(), "mask")], [], LIMITS, spool).photos
    assert (photo.width, photo.height, photo.phash) == (30, 40, None)
    assert spool.read(photo.sha256 or "") == png_mask()


def test_bad_pictures_are_rejected_one_by_one_in_their_order(tmp_path: Path) -> None:
    def encrypted() -> bytes:
        raise PictureError("encrypted")

    raw = [
        _raw("a", b"no picture"),
        _raw("b", jpeg()),
        RawPhoto(Photo("c", None, "catalogue", "test"), encrypted, "c.jpg"),
        _raw("d", jpeg(200, 200)),
        _raw("e", jpeg(4, 4)),
    ]
    incoming = check_pictures(raw, [], LIMITS, Spool(tmp_path / "spool"))
    assert [photo.photo_id for photo in incoming.photos] == ["b"]
    assert [one.row["photo_id"] for one in incoming.rejected] == ["a", "c", "d", "e"]
    assert incoming.rejected[1].reason == "c.jpg: encrypted"
    assert incoming.rejected[0].reason.startswith("pictures/a.jpg: ")


def test_another_size_stands_in_for_a_damaged_one(tmp_path: Path) -> None:
    raw = _raw("a", b"broken", otherwise=(b"broken too", jpeg(20, 24)))
    incoming = check_pictures([raw], [], LIMITS, Spool(tmp_path / "spool"))
    assert incoming.photos[0].width == 20
    assert incoming.rejected == []


def test_known_bytes_are_not_decoded_or_kept_again(tmp_path: Path) -> None:
    digest = hashlib.sha256(jpeg()).hexdigest()
    present = Photo(
        "old",
        "i",
        "catalogue",
        "s",
        None,
        None,
        None,
        None,
        None,
        None,
        30,
        40,
        digest,
        "f" * 16,
        "s.tar",
        7,
        9,
    )
    spool = Spool(tmp_path / "spool")
    (photo,) = check_pictures([_raw("new", jpeg())], [present], LIMITS, spool).photos
    assert (photo.photo_id, photo.item_id) == ("new", None), "whose it is, is its own"
    assert (photo.shard, photo.offset, photo.num_bytes, photo.phash) == ("s.tar", 7, 9, "f" * 16)
    assert digest not in spool


@pytest.mark.parametrize("threads", [1, 3])
def test_many_pictures_keep_their_order_on_any_number_of_threads(tmp_path: Path, threads: int) -> None:
    seen: set[int] = set()

    def reading(seed: int) -> Callable[[], bytes]:
        def read() -> bytes:
            seen.add(threading.get_ident())
            return jpeg(12, 12, seed)

        return read

    raw = [RawPhoto(Photo(str(n), None, "catalogue", "t"), reading(n), str(n)) for n in range(300)]
    incoming = check_pictures(raw, [], LIMITS, Spool(tmp_path / "spool"), threads=threads)
    assert [photo.photo_id for photo in incoming.photos] == [str(n) for n in range(300)]
    assert len(seen) <= threads


def test_a_spool_keeps_equal_bytes_once(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    for digest, data in (("a", b"first"), ("b", b"second"), ("a", b"first")):
        spool.add(digest, data)
    assert (spool.read("a"), spool.read("b")) == (b"first", b"second")
    assert (tmp_path / "spool").stat().st_size == 11
    assert "c" not in spool

"""Checks and measures the pictures of a drop, on several threads, and keeps the new ones aside on disk."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from pathlib import Path

from atelier import pictures
from atelier.datasets.raw import RawPhoto, Rejected
from atelier.errors import PictureError
from atelier.pictures import PictureLimits
from atelier.progress import Progress
from atelier.vocabulary import Photo, PhotoKind

_PHOTOS_AT_ONCE = 256
_SIDE_FOR_HASH = 64
"""Pixels; the hash looks at 32 x 32."""


@dataclass
class Spool:
    """New pictures of a drop by their sha256, in one file, until it is known which of them are accepted."""

    path: Path
    _places: dict[str, tuple[int, int]] = field(default_factory=dict)

    def __contains__(self, sha256: str) -> bool:
        return sha256 in self._places

    def add(self, sha256: str, data: bytes) -> None:
        if sha256 not in self._places:
            with self.path.open("ab") as file:
                self._places[sha256] = (file.tell(), len(data))
                file.write(data)

    def read(self, sha256: str) -> bytes:
        offset, num_bytes = self._places[sha256]
        with self.path.open("rb") as file:
            file.seek(offset)
            return file.read(num_bytes)


@dataclass(frozen=True)
class Incoming:
    """The photos of a drop whose pictures are good, their picture columns filled in, and the others."""

    photos: list[Photo]
    rejected: list[Rejected]


def check_pictures(
    raw_photos: Sequence[RawPhoto],
    present: Iterable[Photo],
    limits: PictureLimits,
    spool: Spool,
    *,
    threads: int = 2,
    progress: bool = False,
) -> Incoming:
    """Decode every picture whose bytes are not among the present photos' already, and keep it in the spool.

    Photos of a known picture get its columns as they are, place included; those of a new one have no place
    yet. Takes about half a millisecond for a thumbnail and ten for a picture of half a megapixel.
    """
    known = {(photo.sha256, photo.kind == PhotoKind.MASK): photo for photo in present}
    incoming = Incoming([], [])
    bar = Progress("reading pictures", len(raw_photos), unit="pictures", shown=progress)
    with bar, ThreadPoolExecutor(threads) as pool:
        for batch in _batches(raw_photos):
            for raw, result in zip(
                batch, pool.map(lambda raw: _check(raw, known, limits), batch), strict=True
            ):
                if isinstance(result, PictureError):
                    row = {k: v for k, v in asdict(raw.photo).items() if v is not None}
                    incoming.rejected.append(Rejected("photos", row, f"{raw.where}: {result}"))
                    continue
                photo, data = result
                if data is not None and photo.sha256 is not None:
                    spool.add(photo.sha256, data)
                incoming.photos.append(photo)
            bar.update(len(batch))
    return incoming


def _batches(raw_photos: Sequence[RawPhoto]) -> Iterator[list[RawPhoto]]:
    rest = iter(raw_photos)
    while batch := list(islice(rest, _PHOTOS_AT_ONCE)):
        yield batch


Known = Mapping[tuple[str | None, bool], Photo]


def _check(raw: RawPhoto, known: Known, limits: PictureLimits) -> tuple[Photo, bytes | None] | PictureError:
    """The measured photo and its bytes, or None for bytes that are stored already."""
    first_error: PictureError | None = None
    for read in (raw.read, *raw.otherwise):
        try:
            return _measure(raw.photo, read(), known, limits)
        except PictureError as error:
            first_error = first_error or error
    assert first_error is not None, "there is at least one way to read a photo"
    return first_error


def _measure(photo: Photo, data: bytes, known: Known, limits: PictureLimits) -> tuple[Photo, bytes | None]:
    is_mask = photo.kind == PhotoKind.MASK
    seen = known.get((_digest(data), is_mask))
    if seen is None and not is_mask:
        data, (width, height) = pictures.normalise(data, limits)
        seen = known.get((_digest(data), is_mask))
    if seen is not None:
        return _with_picture_of(photo, seen), None
    if is_mask:
        height, width = pictures.read_mask(data, limits).shape
        return replace(photo, width=width, height=height, sha256=_digest(data)), data
    phash = pictures.perceptual_hash(pictures.decode(data, limits, shrink_to=_SIDE_FOR_HASH))
    return replace(photo, width=width, height=height, sha256=_digest(data), phash=phash), data


def _with_picture_of(photo: Photo, seen: Photo) -> Photo:
    return replace(
        photo,
        width=seen.width,
        height=seen.height,
        sha256=seen.sha256,
        phash=seen.phash,
        shard=seen.shard,
        offset=seen.offset,
        num_bytes=seen.num_bytes,
    )


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()

"""Reads zip files of any origin: member names as paths, zips within zips, and reasons for refusal."""

from __future__ import annotations

import io
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from atelier.errors import DropError

ENCRYPTED = 0x1
"""The flag of a member that needs a password."""
MAX_NESTED_BYTES = 256 * 2**20
"""Zips within zips are held in memory while a drop is read: so many bytes, all of them together."""
MAX_NESTED_DEPTH = 3
_NAMES_ARE_UTF8 = 0x800
_BROKEN = (OSError, zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError)
"""What opening a zip may raise; RuntimeError (and NotImplementedError) tells of odd packing."""


@dataclass(frozen=True)
class PassedOver:
    """Why a member is not taken."""

    reason: str


def open_archive(path: Path) -> zipfile.ZipFile:
    """Open a zip on disk. DropError: it is none that can be read."""
    try:
        return zipfile.ZipFile(path)
    except _BROKEN as error:
        raise DropError(
            f"{path} is not a zip file we can read ({error}); it is truncated or damaged. Copy it again"
        ) from error


def members(archive: zipfile.ZipFile) -> Iterator[tuple[PurePosixPath, zipfile.ZipInfo | PassedOver]]:
    """List the files of a zip by their paths in it, folders left out.

    Old Windows tools write backslashes between folders, and macOS UTF-8 without saying so; both are read. A
    name that leads out of the zip is passed over under a name that does not.
    """
    for member in archive.infolist():
        name = _name(member)
        path = PurePosixPath(name)
        if name.endswith("/") or not path.parts:
            continue
        if path.is_absolute() or ".." in path.parts or path.parts[0].endswith(":"):
            yield (
                PurePosixPath(path.name),
                PassedOver(f"its name leads out of the zip: {name[:120]!a}; pack it under a plain name"),
            )
        elif stat.S_ISLNK(member.external_attr >> 16):
            yield path, PassedOver("it is a link; pack the file that it leads to")
        else:
            yield path, member


def nested_archive(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, depth: int, max_bytes: int
) -> zipfile.ZipFile | PassedOver:
    """Open a zip that is a member of another one; `depth`: how many zips that one lies in itself."""
    if depth >= MAX_NESTED_DEPTH:
        return PassedOver(f"it lies in {depth + 1} zips, one in another; unpack the outer ones")
    if member.file_size > max_bytes:
        return PassedOver(
            f"it is a zip of {member.file_size:,} bytes within a zip (at most {MAX_NESTED_BYTES:,} in all "
            f"such); unpack the outer one"
        )
    if member.flag_bits & ENCRYPTED:
        return PassedOver("it is encrypted; expected a zip without a password")
    try:
        with archive.open(member) as stream:
            return zipfile.ZipFile(io.BytesIO(stream.read(member.file_size)))
    except _BROKEN as error:
        return PassedOver(f"it is not a zip file we can read: {error}")


def _name(member: zipfile.ZipInfo) -> str:
    name = member.filename
    if not member.flag_bits & _NAMES_ARE_UTF8:
        with suppress(UnicodeError):  # else it is what it says: a name of the old code page
            name = name.encode("cp437").decode("utf-8")
    return name.replace("\\", "/")

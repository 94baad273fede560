"""`releases/blobs/<sha256>`: the content of every file of every release, once.

A release's own files are hard links to blobs, so that a release costs what is new in it. A blob is sealed
when it is written: read-only, with `SEALED_NS` as its time of modification. A `stat` then tells whether
anything wrote to it since it was hashed. What a `stat` cannot tell, bits that rotted on the disk, takes
reading it (`durable.digest_of`).
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkstemp

from atelier.errors import DigestError
from atelier.release.durable import digest_of, sync_folder

FOLDER = "blobs"
STAGING_PREFIX = ".staging-"
"""Beginning of the name of whatever is not whole yet, here and in `releases/`."""
SEALED_NS = 946_684_800 * 10**9
"""2000-01-01, UTC: no file is written then, and every file system can hold it."""
_NO_LINK = {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}
"""Another file system, one without hard links, or one file with too many."""
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class Blob:
    """A content that is kept."""

    sha256: str
    num_bytes: int


class Blobs:
    """The blobs of a folder of releases. A caller that changes them holds the lock `store.publishing`."""

    def __init__(self, releases_dir: Path) -> None:
        self._folder = releases_dir / FOLDER

    def path(self, sha256: str) -> Path:
        return self._folder / sha256

    def put(self, source: Path, mend: Callable[[str, Path], None]) -> Blob:
        """Keep the content of a file: hash it, and write it durably where there is no such blob yet.

        A blob of this name is read too. A damaged one is replaced, after `mend` was called with its digest
        and a whole file, to replace the links to it: the next call after a kill finds the damage once more.
        """
        sha256 = digest_of(source)
        if not self.path(sha256).is_file():
            sha256 = self._write(source, lambda *_: None)
        elif digest_of(self.path(sha256)) != sha256:
            sha256 = self._write(source, mend)
        return Blob(sha256, self.path(sha256).stat().st_size)

    def link(self, sha256: str, target: Path) -> None:
        """Give a blob one more name; see `link_or_copy`. DigestError: it was copied, and is damaged."""
        seen = link_or_copy(self.path(sha256), target)
        if seen not in (None, sha256):
            target.unlink()
            raise DigestError(
                f"{self.path(sha256)}: expected sha256 {sha256[:16]}, seen {seen[:16]}: the disk spoilt it. "
                f"`atelier publish` writes it anew from the registry."
            )

    def free_all_but(self, sha256s: Collection[str]) -> int:
        """Remove every blob whose digest is not named, and count them."""
        if not self._folder.is_dir():
            return 0
        spare = [path for path in self._folder.iterdir() if path.is_file() and path.name not in sha256s]
        for path in spare:
            path.unlink()
        return len(spare)

    def leftovers(self) -> list[Path]:
        """List unfinished files of interrupted processes."""
        return sorted(self._folder.glob(f"{STAGING_PREFIX}*"))

    def _write(self, source: Path, mend: Callable[[str, Path], None]) -> str:
        self._folder.mkdir(parents=True, exist_ok=True)
        descriptor, name = mkstemp(dir=self._folder, prefix=STAGING_PREFIX)
        os.close(descriptor)
        try:
            sha256 = _copy_sealed(source, Path(name))
            mend(sha256, Path(name))
            Path(name).replace(self.path(sha256))
            sync_folder(self._folder)
            return sha256
        finally:
            Path(name).unlink(missing_ok=True)


def link_or_copy(path: Path, target: Path) -> str | None:
    """Give a sealed file one more name, durable once the folder of `target` is synced.

    Where the file system has no hard links, or the file has as many as it can, `target` becomes a sealed
    copy, and the sha256 of what was copied is returned.
    """
    try:
        target.hardlink_to(path)
        return None
    except OSError as error:
        if error.errno not in _NO_LINK:
            raise
        return _copy_sealed(path, target)


def is_untouched(path: Path, num_bytes: int | None) -> bool:
    """Check, by one `stat`, that nothing wrote to a file since it was hashed and sealed.

    False also for a file that was never sealed, such as one of a release of before there were blobs; those
    have no `num_bytes` either.
    """
    try:
        status = path.lstat()
    except OSError:
        return False
    is_sealed = stat.S_ISREG(status.st_mode) and not status.st_mode & 0o222
    return is_sealed and status.st_mtime_ns == SEALED_NS and status.st_size == num_bytes


def _copy_sealed(source: Path, target: Path) -> str:
    """Copy durably and seal; return the sha256 of what was copied."""
    digest = hashlib.sha256()
    with source.open("rb") as reader, target.open("wb") as writer:
        while block := reader.read(_BLOCK_BYTES):
            digest.update(block)
            writer.write(block)
        writer.flush()
        os.fchmod(writer.fileno(), 0o444)
        os.utime(writer.fileno(), ns=(SEALED_NS, SEALED_NS))
        os.fsync(writer.fileno())
    return digest.hexdigest()

"""Damage that files of a release suffer: somebody wrote to one, or its bits rotted on the disk."""

from __future__ import annotations

import os
from pathlib import Path


def overwrite(path: Path, data: bytes = b"rotten") -> None:
    """Write into a file as an editor would that cares for no read-only flag: every link to it shows it."""
    path.chmod(0o644)
    path.write_bytes(data)


def rot(path: Path) -> None:
    """Turn one bit of a file, and leave all that a `stat` tells as it was: no writer was there."""
    status, data = path.stat(), bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    overwrite(path, bytes(data))
    path.chmod(status.st_mode & 0o777)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

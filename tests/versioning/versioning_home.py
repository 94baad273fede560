"""A small home with two files of data, and processes that are killed at every write."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from atelier.settings import Settings
from atelier.versioning.snapshot import snapshot
from atelier.versioning.version import DataVersion

WRITES = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree", "os.link", "os.truncate"}
ITEMS, SHARD = "tables/items.parquet", "pictures/aa.tar"


@dataclass(frozen=True)
class Home:
    settings: Settings

    def write(self, files: dict[str, bytes]) -> None:
        for name, content in files.items():
            path = self.settings.data_dir / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    def content(self) -> dict[str, bytes]:
        root = self.settings.data_dir
        return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}

    def snapshot(self, drop: str = "drop") -> DataVersion:
        return snapshot(self.settings, drop, {"items": 2}, {"Tshirts": 2})

    def objects(self, place: str) -> list[Path]:
        """Objects in 'cache' or 'remote' that are files of a version, the longest content last."""
        root = self.settings.home / ".dvc/cache" if place == "cache" else Path(self.settings.remote_url)
        found = [path for path in root.rglob("*") if path.is_file() and path.suffix != ".dir"]
        return sorted(found, key=lambda path: path.stat().st_size)


def a_home(root: Path, **settings: Any) -> Home:
    home = Home(Settings(home=root, **settings))
    home.write({ITEMS: b"two items", SHARD: b"a" * 50_000})
    return home


def damage(path: Path, how: str) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(content if how == "flip" else path.read_bytes()[:-3])
    path.chmod(0o444)


def killed_at(action: Callable[[], object], root: Path, at_write: int | None) -> int:
    """Runs `action` in a child that SIGKILLs itself before its write of that number beneath `root`.

    Returns how many writes it came to; without `at_write` it is left to finish.
    """
    context = multiprocessing.get_context("fork")
    counted = context.Value("i", 0)

    def child() -> None:
        def audit(event: str, arguments: tuple[Any, ...]) -> None:
            if event == "socket.connect":
                os._exit(1)
            if event not in WRITES or not str(arguments[0]).startswith(str(root)):
                return
            if event == "open" and not int(arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR):
                return
            if counted.value == at_write:
                os.kill(os.getpid(), signal.SIGKILL)
            counted.value += 1

        sys.addaudithook(audit)
        action()

    process = context.Process(target=child)
    process.start()
    process.join(60)
    assert process.exitcode == (0 if at_write is None else -signal.SIGKILL)
    return int(counted.value)

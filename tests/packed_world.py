"""A pack of photo search, and what a machine without most of our libraries trained from it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from atelier.settings import Settings


@dataclass(frozen=True)
class Elsewhere:
    """A workspace, its pack, and what another machine made of it."""

    settings: Settings
    data_version: str
    pack_dir: Path
    trained_dir: Path
    digest: str

    @classmethod
    def at(cls, folder: Path) -> Elsewhere:
        facts = json.loads((folder / "facts.json").read_text())
        return cls(
            Settings(home=folder / "home"),
            facts["data_version"],
            folder / "pack",
            folder / "trained",
            facts["digest"],
        )

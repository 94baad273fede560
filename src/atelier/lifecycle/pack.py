"""Packs the current data version for the training of a family into a folder that can travel."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from atelier.errors import TrainingError
from atelier.lifecycle import checksums
from atelier.lifecycle.context import Context, open_context
from atelier.lifecycle.family import Family
from atelier.lifecycle.packing import ARRAYS_FOLDER, PACK_FILE, PACK_FORMAT, ArrayWriter
from atelier.settings import Settings


@dataclass(frozen=True)
class Packed:
    """A pack, ready to travel."""

    folder: str
    family: str
    preset: str
    data_version: str
    digest: str
    """Over all its files."""
    num_bytes: int


def pack(
    settings: Settings, family: Family[Any], pack_dir: Path, preset: str, *, progress: bool = True
) -> Packed:
    """Pack the material of every stage that a preset asks for.

    `pack_dir` is written whole or not at all. VersionError: there is no data yet. TrainingError: there is no
    such preset, `pack_dir` exists, or the data cannot teach this family.
    """
    wanted = family.preset(preset)
    if pack_dir.exists():
        raise TrainingError(f"{pack_dir} exists already (expected the name of a new folder)")
    unfinished = pack_dir.with_name(f".{pack_dir.name}-{os.getpid()}")
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        with open_context(settings, wanted, progress=progress) as context:
            missing = family.why_unavailable(context)
            if missing is not None:
                raise TrainingError(f"there is nothing to pack for {family.name}: {missing}")
            (unfinished / ARRAYS_FOLDER).mkdir(parents=True)
            contents = _contents(family, context, unfinished / ARRAYS_FOLDER)
        (unfinished / PACK_FILE).write_text(json.dumps(contents, indent=1) + "\n")
        digest = checksums.write_checksums(unfinished)
        num_bytes = sum(path.stat().st_size for path in unfinished.rglob("*") if path.is_file())
        unfinished.rename(pack_dir)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    return Packed(str(pack_dir), family.name, preset, contents["data_version"], digest, num_bytes)


def _contents(family: Family[Any], context: Context[Any], arrays_dir: Path) -> dict[str, Any]:
    writer = ArrayWriter(arrays_dir, family.plan.packable)
    roles = [stage.role for stage in family.stages(context.preset)]
    return {
        "format": PACK_FORMAT,
        "family": family.name,
        "preset": asdict(context.preset),
        "data_version": context.data_version,
        "material": {role: writer.node(family.material(context, role), role) for role in roles},
    }

"""Writes what training needs of the current data version into a folder that can travel."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from atelier.errors import TrainingError
from atelier.families.retrieval.training import preset_named
from atelier.jobs.retrieval.train import current_version, load_material
from atelier.lifecycle import checksums
from atelier.lifecycle.packing import ARRAYS_FOLDER, PACK_FILE, PACK_FORMAT, ArrayWriter
from atelier.settings import Settings


@dataclass(frozen=True)
class Packed:
    """A pack, ready to travel."""

    folder: str
    preset: str
    data_version: str
    digest: str
    """Over all its files."""
    num_products: int
    num_bytes: int


def pack(settings: Settings, pack_dir: Path, preset: str, *, progress: bool = True) -> Packed:
    """Pack frames, extents, labels, streets and validation of the current data version for a preset.

    `pack_dir` is written whole or not at all. VersionError: there is no data yet. TrainingError: there is no
    such preset, or `pack_dir` exists.
    """
    config, version = preset_named(preset), current_version(settings)
    if pack_dir.exists():
        raise TrainingError(f"{pack_dir} exists already (expected the name of a new folder)")
    unfinished = pack_dir.with_name(f".{pack_dir.name}-{os.getpid()}")
    shutil.rmtree(unfinished, ignore_errors=True)
    (unfinished / ARRAYS_FOLDER).mkdir(parents=True)
    try:
        writer = ArrayWriter(unfinished / ARRAYS_FOLDER)
        teacher = load_material(settings, config.teacher, version, progress)
        student = load_material(settings, config.student, version, progress)
        facts = {
            "format": PACK_FORMAT,
            "family": "retrieval",
            "preset": asdict(config),
            "data_version": version,
            "num_products": len(teacher.products),
            "material": {
                "teacher": writer.node(teacher, "teacher"),
                "student": writer.node(student, "student"),
            },
        }
        (unfinished / PACK_FILE).write_text(json.dumps(facts, indent=1) + "\n")
        digest = checksums.write_checksums(unfinished)
        num_bytes = sum(path.stat().st_size for path in unfinished.rglob("*") if path.is_file())
        unfinished.rename(pack_dir)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    return Packed(str(pack_dir), preset, version, digest, len(teacher.products), num_bytes)

"""Makes the packs that `on_gpu.py` carries to another machine: of this workspace, or of a simulated one."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from atelier.errors import AtelierError
from atelier.jobs.data.ingest import ingest
from atelier.jobs.families import FAMILIES
from atelier.jobs.retrieval.family import RETRIEVAL
from atelier.lifecycle.gate import gate
from atelier.lifecycle.pack import pack
from atelier.lifecycle.register import register
from atelier.lifecycle.runs import train_family
from atelier.settings import Settings
from atelier.simulate.drop import simulate

_SEED = 11


def make_packs(target_dir: Path, preset: str, num_items: int, max_mib: float) -> int:
    """Pack every family into a folder of its name; return the exit code.

    `num_items`: of a simulated catalogue; 0 packs the current workspace.
    """
    try:
        target_dir.mkdir(parents=True)
    except FileExistsError:
        print(f"{target_dir} exists already (expected the name of a new folder)", file=sys.stderr)
        return 1
    if not num_items:
        return _pack_all(Settings(), target_dir, preset, max_mib)
    with TemporaryDirectory(prefix="on-gpu-") as folder:
        settings = Settings(home=Path(folder) / "home")
        fill_workspace(settings, Path(folder) / "drop", num_items)
        return _pack_all(settings, target_dir, preset, max_mib)


def fill_workspace(settings: Settings, drop_dir: Path, num_items: int) -> None:
    """Simulate a catalogue, and train the retrieval champion that other families see its items with."""
    simulate(drop_dir, num_items, seed=_SEED, progress=False)
    ingest(settings, drop_dir, progress=False)
    outcomes = train_family(settings, RETRIEVAL, "debug", progress=False)
    registered = register(settings, RETRIEVAL, "debug", outcomes, progress=False)
    gate(settings, RETRIEVAL, "debug", registered, progress=False)


def _pack_all(settings: Settings, target_dir: Path, preset: str, max_mib: float) -> int:
    total, failed = 0, False
    for family in FAMILIES:
        try:
            packed = pack(settings, family, target_dir / family.name, preset, progress=False)
        except AtelierError as error:
            print(f"{family.name}: {error}", file=sys.stderr)
            failed = True
            continue
        total += packed.num_bytes
        print(f"{family.name}: {packed.num_bytes / 2**20:.1f} MiB, {packed.digest}")
    print(f"{total / 2**20:.1f} MiB in all")
    if total > max_mib * 2**20:
        print(f"that is more than {max_mib:g} MiB: fewer --items, or a larger --max-mib", file=sys.stderr)
        failed = True
    return 1 if failed else 0

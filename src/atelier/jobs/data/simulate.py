"""Write a generated drop, so that a newcomer needs no download."""

from __future__ import annotations

from pathlib import Path

from atelier.settings import Settings
from atelier.simulate.drop import SimulatedDrop
from atelier.simulate.drop import simulate as write_drop
from atelier.simulate.trades import Trade


def simulate(
    settings: Settings,  # noqa: ARG001 - every job takes the workspace first, though this one writes elsewhere
    drop_dir: Path,
    *,
    num_items: int = 1000,
    seed: int = 0,
    trade: str = Trade.FASHION.value,
    first_item: int = 0,
    progress: bool = True,
) -> SimulatedDrop:
    """Write `num_items` items of the world of `seed` to `drop_dir`, in the project's own drop layout.

    trade: 'fashion' or 'bedroom'.

    Deterministic by its arguments; two cores draw about 40 items and their photos a second. `first_item` lets
    a later drop go on where an earlier one ended. Raises DropError where the folder holds something else.
    """
    return write_drop(drop_dir, num_items, seed, trade=Trade(trade), first_item=first_item, progress=progress)

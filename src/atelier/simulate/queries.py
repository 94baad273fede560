"""Makes a held-out folder of photo searches from catalogue photos, for `atelier evaluate retrieval`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

import numpy as np

from atelier.matting import Pixels
from atelier.simulate.archive import add_stored, write_csv
from atelier.simulate.shopper_photo import (
    TYPICAL_DEGRADATION,
    PhotoDegradation,
    cut_out,
    reshot_jpeg,
    street_jpeg,
)
from atelier.simulate.world import Stream, generator
from atelier.vocabulary import Box

KINDS = ("reshot", "street")


def write_queries(
    dir: Path,
    items: Sequence[tuple[str, Pixels]],
    backgrounds: Sequence[Pixels],
    seed: int,
    kinds: Sequence[str] = KINDS,
    *,
    degradation: PhotoDegradation = TYPICAL_DEGRADATION,
) -> None:
    """Write `dir/queries/<kind>.zip` of `<item_id>.jpg` and `dir/queries/truth.csv`.

    items: id and catalogue photo, uint8 [H, W, 3], of each product to be searched for, once in each kind.
    backgrounds: street photos that the products are put on; take such as training never saw.
    Kinds: 'reshot' (a tidy second photo, without a box) and 'street' (over a background, with its true box).
    The same arguments give the same bytes. Raises ValueError for an unknown kind, or for 'street' without
    backgrounds.
    """
    if unknown := set(kinds) - set(KINDS):
        raise ValueError(f"kinds of queries are {' and '.join(KINDS)}, not {', '.join(sorted(unknown))}")
    if "street" in kinds and not backgrounds:
        raise ValueError(
            "street queries need at least one background to put the products on, and there is none"
        )
    queries_dir = dir / "queries"
    queries_dir.mkdir(parents=True, exist_ok=True)
    truth: list[list[object]] = []
    for kind in kinds:
        with ZipFile(queries_dir / f"{kind}.zip", "w", ZIP_STORED) as archive:
            for position, (item_id, pixels) in enumerate(items):
                rng = generator(seed, Stream.QUERIES, position * len(KINDS) + KINDS.index(kind))
                jpeg, box = _photo(kind, pixels, backgrounds, rng, degradation)
                add_stored(archive, f"{item_id}.jpg", jpeg)
                edges = box.as_tuple() if box else (None,) * 4
                truth.append([f"{kind}.zip/{item_id}.jpg", item_id, *edges])
    write_csv(queries_dir / "truth.csv", ("photo", "item_id", "x0", "y0", "x1", "y1"), truth)


def _photo(
    kind: str,
    pixels: Pixels,
    backgrounds: Sequence[Pixels],
    rng: np.random.Generator,
    degradation: PhotoDegradation,
) -> tuple[bytes, Box | None]:
    if kind == "reshot":
        return reshot_jpeg(pixels, rng, degradation), None
    background = backgrounds[int(rng.integers(len(backgrounds)))]
    return street_jpeg(cut_out(pixels), background, rng, degradation)

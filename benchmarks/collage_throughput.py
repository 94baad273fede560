"""Collages a second, their faults, and the same by the plain approach that one would write first.

    python benchmarks/collage_throughput.py [--collages 1000] [--processes 2] [--size 800] [--json]

Simulated outfits of five items, 800 x 800, encoded as JPEG. Measured are:
  - collages_per_second: cut-outs are ready, as an item stands in many collages (the usual case);
  - from_bytes_per_second: every photo is decoded and cut out anew for every collage;
  - plain_per_second: every photo is decoded, shrunk and pasted into a grid, background and all, with Pillow.
`cpu_ms` is the CPU time of one collage, which a busy machine changes less. `ratio` is the first by the third,
`ratio_from_bytes` the second by the third; neither says anything of looks. `faults` counts the sentences of
`measures.faults` on the layouts of `--collages` outfits of two to seven items.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from multiprocessing import get_context
from typing import Any

import numpy as np
from collage_world import Shown, outfits
from PIL import Image

from atelier.collage.boxes import Piece
from atelier.collage.collage import CollageOptions, make_collage
from atelier.collage.cutouts import CutOuts
from atelier.collage.measures import faults
from atelier.collage.templates import library

_SETS: list[list[Any]] = []
"""The sets, in a worker that was forked with them: photos, and pieces that are cut out."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--collages", type=int, default=1000)
    parser.add_argument("--sets", type=int, default=24, help="different sets of five, drawn again and again")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--size", type=int, default=800)
    parser.add_argument("--json", action="store_true", help="one flat JSON object on standard output")
    arguments = parser.parse_args()
    answer = {**_speed(arguments), **_judge(arguments.collages)}
    for key, value in answer.items():
        print(f"{key}: {value}", file=sys.stderr)
    if arguments.json:
        print(json.dumps(answer))


def _speed(arguments: argparse.Namespace) -> dict[str, Any]:
    fives = list(islice((outfit for outfit in outfits(5, 8) if len(outfit) == 5), arguments.sets))
    photos = [[shown.jpeg for shown in outfit] for outfit in fives]
    ready = CutOuts(5 * arguments.sets)
    pieces = [_pieces(outfit, ready) for outfit in fives]
    for piece in (piece for each in pieces for piece in each):
        assert piece.levels, "made before the workers are forked, which share them"
    _SETS[:] = [fives, photos, pieces]
    num = arguments.collages
    ready_rate, ready_ms = _race(_from_pieces, num, arguments)
    bytes_rate, bytes_ms = _race(_from_bytes, max(num // 10, 2), arguments)
    plain_rate, plain_ms = _race(_plain, num // 2, arguments)
    return {
        "collages_per_second": ready_rate,
        "from_bytes_per_second": bytes_rate,
        "plain_per_second": plain_rate,
        "ratio": round(ready_rate / plain_rate, 2),
        "ratio_from_bytes": round(bytes_rate / plain_rate, 2),
        "cpu_ms": ready_ms,
        "from_bytes_cpu_ms": bytes_ms,
        "plain_cpu_ms": plain_ms,
        "size": arguments.size,
        "processes": arguments.processes,
    }


def _race(make: Callable[[int, int], bytes], num: int, arguments: argparse.Namespace) -> tuple[float, float]:
    """Collages a second of all workers together, and CPU time of one in ms; each worker warms up before."""
    share = max(num // arguments.processes, 1)
    with ProcessPoolExecutor(arguments.processes, mp_context=get_context("fork")) as workers:
        warm_up = [workers.submit(_run, make, 2, arguments.size) for _ in range(arguments.processes)]
        assert all(part.result() > 0 for part in warm_up)
        start = time.perf_counter()
        parts = [workers.submit(_run, make, share, arguments.size) for _ in range(arguments.processes)]
        cpu_seconds = sum(part.result() for part in parts)
        made = share * arguments.processes
        return round(made / (time.perf_counter() - start), 1), round(1000 * cpu_seconds / made, 1)


def _run(make: Callable[[int, int], bytes], num: int, size: int) -> float:
    """Make so many; return the CPU time that it took."""
    start = time.process_time()
    for number in range(num):
        assert len(make(number, size)) > 1000
    return time.process_time() - start


def _from_pieces(number: int, size: int) -> bytes:
    pieces = _SETS[2][number % len(_SETS[2])]
    return make_collage(pieces, library(), options=CollageOptions((size, size), seed=number)).encode("jpeg")


def _from_bytes(number: int, size: int) -> bytes:
    pieces = _pieces(_SETS[0][number % len(_SETS[0])], CutOuts(0))
    return make_collage(pieces, library(), options=CollageOptions((size, size), seed=number)).encode("jpeg")


def _plain(number: int, size: int) -> bytes:
    photos = _SETS[1][number % len(_SETS[1])]
    columns = math.ceil(math.sqrt(len(photos)))
    cell = size // columns
    canvas = Image.new("RGB", (size, size), "white")
    for position, data in enumerate(photos):
        photo = Image.open(io.BytesIO(data))
        photo.thumbnail((cell, cell))
        corner = (position % columns * cell, position // columns * cell)
        canvas.paste(photo, (corner[0] + (cell - photo.width) // 2, corner[1] + (cell - photo.height) // 2))
    out = io.BytesIO()
    canvas.save(out, "JPEG", quality=90)
    return out.getvalue()


def _pieces(outfit: Sequence[Shown], cut_outs: CutOuts, small: bool = False) -> list[Piece]:
    return [
        Piece(
            shown.item.item.item_id,
            shown.slot,
            shown.item.item.category,
            cut_outs.get(shown.small_jpeg if small else shown.jpeg),
        )
        for shown in outfit
    ]


def _judge(num: int) -> dict[str, Any]:
    """Faults of the layouts of so many outfits, with how they were laid out."""
    cut_outs = CutOuts(800)
    found: list[str] = []
    used: Counter[str] = Counter()
    measures = []
    for seed, outfit in enumerate(islice(outfits(seed=7, num_collections=num // 25 + 1), num)):
        pieces = _pieces(outfit, cut_outs, small=True)
        collage = make_collage(pieces, library(), options=CollageOptions((128, 128), seed))
        found += faults(collage.layout)
        used[collage.template or "the solver"] += 1
        measures.append(collage.measures)
    white = np.array([each.white_space for each in measures])
    imbalance = np.array([each.imbalance for each in measures])
    for sentence in found[:10]:
        print(sentence, file=sys.stderr)
    return {
        "judged": len(measures),
        "faults": len(found),
        "templates_used": len(used) - ("the solver" in used),
        "by_the_solver": used["the solver"],
        "white_space_p5": round(float(np.quantile(white, 0.05)), 3),
        "white_space_p95": round(float(np.quantile(white, 0.95)), 3),
        "imbalance_p95": round(float(np.quantile(imbalance, 0.95)), 3),
        "max_imbalance": round(float(imbalance.max()), 3),
    }


if __name__ == "__main__":
    main()

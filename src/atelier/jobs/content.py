"""Makes a channel's content: items selected, sets generated, laid out, and published as one folder."""

from __future__ import annotations

import hashlib
import html
import json
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from atelier.collage.collage import CollageOptions
from atelier.datasets.layouts import atelier_drop
from atelier.errors import QueryError, RulesError
from atelier.families.outfit.picking import Assembly
from atelier.families.outfit.questions import compatibility
from atelier.index.query import IndexReader
from atelier.progress import counted
from atelier.release.manifest import Release
from atelier.release.store import live
from atelier.rules.file import parse_rules
from atelier.settings import Settings
from atelier.styling.showcase import Showcase
from atelier.styling.stylist import SetPiece, Stylist
from atelier.vocabulary import Maker

_DROPPED = pa.schema([(name, pa.string()) for name in ("outfit_id", "item_ids", "title", "made_by")])
_MADE_FOR_EACH = 8
"""Sets that are made for each one that is published: the best go out."""
_MAX_USES = 2
"""Sets of those made that an item may stand in; published, no two share one."""


@dataclass(frozen=True)
class Channel:
    """Specification of a channel's content."""

    name: str
    rules: str
    """Rules by their name in the release, or a file."""
    num: int = 12
    where: str | None = None
    """Items that are selected: an SQL condition on their facts; None for all."""
    title: str = ""
    """Stands on every picture, where a template has a place for it."""
    side: int = 800
    """Of the pictures, in pixels."""
    offer: bool = False
    """Whether the sets also go into feeds: they are put into `drops/`, as outfits by the generator, and stand
    beside the experts' from the next daily run on."""

    def __post_init__(self) -> None:
        if not self.name.replace("-", "").replace("_", "").isalnum():
            raise QueryError(f"channel: expected letters, digits, '-' and '_', got {self.name[:60]!r}")
        if not 1 <= self.num <= 1000:
            raise QueryError(f"count: expected 1 to 1,000 sets, got {self.num}")


@dataclass(frozen=True)
class MadeContent:
    """The published content of one day."""

    folder: str
    release_id: str
    num_sets: int
    reused: bool
    """Whether this very content was published before, so that nothing was made."""
    seconds: float
    drop: str | None = None
    """Where its sets wait to be ingested, if they are to be offered in feeds."""


def make_content(
    settings: Settings, channel: Channel, *, day: str | None = None, progress: bool = True
) -> MadeContent:
    """Publish a day's sets of a channel beneath `content/`: `sets.json`, a picture a set, and `index.html`.

    No two sets of a day share an item. The same day, release and channel give the same content, made once.
    NoReleaseError: nothing is live, or it makes no sets. QueryError: no item is selected. RulesError: the
    rules are wrong, or no set keeps them.
    """
    start = time.perf_counter()
    release = live(settings)
    day = day or datetime.now(UTC).date().isoformat()
    shown = {name: value for name, value in asdict(channel).items() if name != "offer"}
    wanted = json.dumps([shown, release.release_id, day], sort_keys=True)
    digest = hashlib.sha256(wanted.encode()).hexdigest()
    folder = settings.content_dir / channel.name / f"{day}-{digest[:8]}"
    was_there = folder.is_dir()
    if not was_there:
        sets = _best_sets(Stylist.open(settings, release, channel.where), channel, int(digest[:12], 16))
        with _finished(folder) as unfinished:
            _write(settings, release, channel, sets, unfinished, progress)
    made = json.loads((folder / "sets.json").read_text(encoding="utf-8"))["sets"]
    return MadeContent(
        str(folder),
        release.release_id,
        len(made),
        was_there,
        time.perf_counter() - start,
        _offered(settings, channel, folder.name, made) if channel.offer else None,
    )


def _best_sets(stylist: Stylist, channel: Channel, seed: int) -> list[tuple[float, tuple[SetPiece, ...]]]:
    """Select the best of many sets, no two of which share an item, best first."""
    assembler = stylist.assembler(parse_rules(stylist.rules_text(channel.rules), channel.rules))
    made = assembler.anew(Assembly(most_uses=_MAX_USES), seed).make_many(_MADE_FOR_EACH * channel.num)
    if not len(made.items_BP):
        raise RulesError(f"{channel.rules}: no set keeps these rules; `atelier rules check` says why")
    scores_B = compatibility(stylist.generator, stylist.vectors_ND, made.items_BP)
    slots = assembler.graph.rules.slots
    used: set[int] = set()
    best: list[tuple[float, tuple[SetPiece, ...]]] = []
    for row in np.argsort(-scores_B, kind="stable"):
        items = [int(item) for item in made.items_BP[row] if item >= 0]
        if used.isdisjoint(items) and len(best) < channel.num:
            used.update(items)
            names = [slots[slot].name for slot in made.slots_BP[row][: len(items)]]
            pieces = tuple(
                SetPiece(name, stylist.item_ids[item]) for name, item in zip(names, items, strict=True)
            )
            best.append((float(scores_B[row]), pieces))
    return best


def _write(
    settings: Settings,
    release: Release,
    channel: Channel,
    sets: Sequence[tuple[float, tuple[SetPiece, ...]]],
    folder: Path,
    progress: bool,
) -> None:
    showcase = Showcase(settings, IndexReader.open(settings, release.index))
    rows = []
    shown = counted(sets, "collages", unit="sets", shown=progress)
    for number, (score, pieces) in enumerate(shown, 1):
        options = CollageOptions(size=(channel.side, channel.side), seed=number)
        drawn = showcase.draw(pieces, texts={"title": channel.title}, options=options)
        name = f"{number:04d}.jpg"
        (folder / name).write_bytes(drawn.encode("jpeg"))
        rows.append(
            {
                "picture": name,
                "template": drawn.template,
                "score": round(score, 4),
                "pieces": [asdict(piece) for piece in pieces],
            }
        )
    facts = {"channel": asdict(channel), "release": release.release_id, "sets": rows}
    (folder / "sets.json").write_text(json.dumps(facts, indent=1, ensure_ascii=False), encoding="utf-8")
    (folder / "index.html").write_text(_page(channel, [row["picture"] for row in rows]), encoding="utf-8")


def _offered(settings: Settings, channel: Channel, made: str, sets: Sequence[dict[str, Any]]) -> str:
    """Put sets where the next daily run ingests them; an existing drop stays as it is."""
    name = f"content-{channel.name}-{made}"
    folder = settings.drops_dir / name
    if not folder.is_dir():
        rows = [
            {
                "outfit_id": f"{name}-{Path(each['picture']).stem}",
                "item_ids": " ".join(piece["item_id"] for piece in each["pieces"]),
                "title": channel.title or None,
                "made_by": Maker.GENERATOR.value,
            }
            for each in sets
        ]
        marker = {"layout": atelier_drop.NAME, "version": atelier_drop.VERSION, "name": name}
        with _finished(folder) as unfinished:
            pq.write_table(pa.Table.from_pylist(rows, schema=_DROPPED), unfinished / "outfits.parquet")
            (unfinished / "drop.json").write_text(json.dumps(marker, indent=2) + "\n", encoding="utf-8")
    return str(folder)


@contextmanager
def _finished(folder: Path) -> Iterator[Path]:
    """Yield a folder to write into; it gets its name once everything is written."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(mkdtemp(dir=folder.parent, prefix=".making-"))
    try:
        yield unfinished
        unfinished.chmod(0o755)
        unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _page(channel: Channel, pictures: Sequence[object]) -> str:
    """Write all pictures of a day into an HTML page."""
    tiles = "".join(f'<img src="{html.escape(str(name))}" alt="" width="320">' for name in pictures)
    name = html.escape(channel.name)
    return f'<!doctype html><meta charset="utf-8"><title>{name}</title><h1>{name}</h1>{tiles}\n'

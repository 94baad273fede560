"""The champion and the current data, live: index built and verified, release staged and promoted."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from atelier.errors import RegistryError, ReleaseError
from atelier.index.build import Build, build, embed_pictures
from atelier.index.query import IndexReader
from atelier.index.saved import FOLDER as SEARCHER_FOLDER
from atelier.index.saved import GRAPH_FROM, saved_among
from atelier.index.schema import IndexItem, IndexVersion
from atelier.index.store import seems_present
from atelier.index.verify import verify
from atelier.jobs.families import FAMILIES
from atelier.jobs.release.co_released import CoReleased, co_released
from atelier.jobs.retrieval.champion import FAMILY as RETRIEVAL
from atelier.jobs.retrieval.embedder import catalogue_embedder
from atelier.lifecycle.context import Context, open_context
from atelier.lifecycle.family import Family
from atelier.lifecycle.runs import sha256_of
from atelier.registry.models import ModelVersion
from atelier.registry.store import Registry
from atelier.release.manifest import Release
from atelier.release.store import damaged_files, live, promote, publishing, stage
from atelier.release.withdrawals import digest_of, withdrawals
from atelier.rules.file import own_rules
from atelier.settings import Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Published:
    """The live release, and the costs of publishing it."""

    release_id: str
    data_version: str
    model: str
    """Name and version in the registry: 'retrieval 3'."""
    rows: int
    """Items that can be found."""
    embedded: int
    """Pictures that went through the model."""
    reused_vectors: int
    """Pictures that had done so before, under the same model."""
    seconds: float
    changed: bool
    """False: this model and this data were live already, and nothing was done."""
    num_written: int = 0
    """Rows of the index that were added, replaced or removed."""
    num_withdrawn: int = 0
    """Items of the catalogue that were left out because they are withdrawn."""
    stages: dict[str, float] = field(default_factory=dict)
    """Stage -> seconds: `open` (champion, catalogue), `embed` (decoding included), `wait` (for another
    publisher), `write`, `verify`, `release` (staged and promoted)."""
    left_out: tuple[str, ...] = ()
    """Own rule files that could not be read, and what the release has in their place."""


def publish(
    settings: Settings,
    *,
    model: str = "champion",
    go_live: bool = True,
    rebuild: bool = False,
    families: Sequence[Family[Any]] = FAMILIES,
    progress: bool = True,
) -> Published:
    """Make the champion and the current data version live, if they are not; serving follows by itself.

    `model` names another version by alias or number. Without `go_live` the release is only staged: whole,
    listed, and ready for a shadow or a promotion, while what was live stays live.

    Embeds only pictures that this champion never saw, and writes only rows that changed; `rebuild` writes the
    whole index anew, for one that was damaged. Embedding takes no turn from other publishers or withdrawals,
    however long a new model needs for the whole catalogue.
    May be killed at any moment: what was live stays live, and the next call goes on with what is embedded.
    RegistryError: there is no champion. VersionError: there is no data. IndexRejected: the new index is not
    fit to go live.
    """
    clock = _Clock()
    with open_context(settings, None, progress=progress) as context:
        context.use(_version(context.registry, model))
        chosen = co_released(context, families)
        present = None if rebuild else _live_already(context, chosen)
        if present is not None:
            return _report(settings, present, clock)
        return _published(context, chosen, clock, go_live=go_live, rebuild=rebuild)


def _published(
    context: Context[None], chosen: Sequence[CoReleased], clock: _Clock, *, go_live: bool, rebuild: bool
) -> Published:
    """Embed what is new, then build the index and stage the release while no other publisher does."""
    settings, embedder = context.settings, context.once(catalogue_embedder)
    gallery, contract_json = embedder.gallery, embedder.contract.space_json()
    clock.lap("open")
    items = _not_withdrawn(settings, gallery.items)
    embedded = embed_pictures(settings, items, gallery.embed, contract_json, progress=context.progress)
    clock.lap("embed")
    with publishing(settings):
        clock.lap("wait")
        present = None if rebuild else _live_already(context, chosen)
        if present is not None:  # another publisher was as far as this one
            return _report(settings, present, clock)
        items = _not_withdrawn(settings, gallery.items)
        built = build(
            settings,
            items,
            gallery.embed,
            contract_json=contract_json,
            data_version=context.data_version,
            withdrawn=digest_of(withdrawals(settings)),
            rebuild=rebuild,
            progress=context.progress,
        )
        clock.lap("write")
        release = _staged(context, chosen, items, built, clock)
        if go_live:
            promote(settings, release.release_id)
        clock.lap("release")
    num_withdrawn = len(gallery.items) - len(items)
    return _report(settings, release, clock, built, embedded=embedded, num_withdrawn=num_withdrawn)


def _staged(
    context: Context[None],
    chosen: Sequence[CoReleased],
    items: Sequence[IndexItem],
    built: Build,
    clock: _Clock,
) -> Release:
    """Verify the index, and stage it with the files of every family."""
    settings = context.settings
    files = {
        name: path
        for each in chosen
        for name, path in each.files(context, [row.item for row in items]).items()
    }
    searcher_files = _searcher_files(settings, built.version, context.folder)
    verification = verify(
        settings,
        built.version,
        Counter(row.item.category for row in items),
        changed=None if built.changes is None else built.changes.upserted,
        saved=saved_among(searcher_files),
    )
    clock.lap("verify")
    return stage(
        settings,
        data_version=context.data_version,
        models={each.name: each.manifest_entry for each in chosen},
        index=built.version,
        verification=verification,
        files=files | {f"{SEARCHER_FOLDER}/{name}": path for name, path in searcher_files.items()},
    )


class _Clock:
    """Wall time since it was made, in laps."""

    def __init__(self) -> None:
        self.started = self._last = time.monotonic()
        self.laps: dict[str, float] = {}

    def lap(self, name: str) -> None:
        now = time.monotonic()
        self.laps[name] = now - self._last
        self._last = now


def _not_withdrawn(settings: Settings, items: Sequence[IndexItem]) -> list[IndexItem]:
    withheld = withdrawals(settings)
    return [row for row in items if row.item.item_id not in withheld]


def _version(registry: Registry, model: str) -> ModelVersion:
    version = registry.version(RETRIEVAL, model)
    if version is None:
        raise RegistryError(
            f"no version of {RETRIEVAL} is the {model} yet; `atelier retrain` trains one and gates it"
        )
    return version


def _searcher_files(settings: Settings, version: IndexVersion, folder: Path) -> dict[str, Path]:
    """The graph of a large catalogue, so that serving loads instead of building it."""
    if version.rows < GRAPH_FROM:
        return {}
    return IndexReader.open(settings, version).searcher_files(folder)


def _live_already(context: Context[None], chosen: Sequence[CoReleased]) -> Release | None:
    """The live release if it has these models, data, rules, nothing withdrawn, and is whole; no LanceDB."""
    settings = context.settings
    try:
        release = live(settings)
    except ReleaseError:  # nothing is live, or what is live is broken: both are mended by publishing
        return None
    is_same = release.models == {each.name: each.manifest_entry for each in chosen}
    is_same &= release.data_version == context.data_version
    is_same &= release.index.withdrawn == digest_of(withdrawals(settings))
    for each in chosen:
        for name, path in each.workspace_files(settings).items():
            is_same &= release.files.get(name) == sha256_of(path.read_bytes())
    if not is_same or not seems_present(settings, release.index):
        return None
    # All of it is read: where nothing is new, a publication is what notices and mends a file that rotted.
    return None if damaged_files(settings, release) else release


def _report(
    settings: Settings,
    release: Release,
    clock: _Clock,
    built: Build | None = None,
    *,
    embedded: int = 0,
    num_withdrawn: int = 0,
) -> Published:
    """`built` is None where nothing was to do."""
    model = release.models[RETRIEVAL]
    num_embedded = embedded + (built.embedded if built else 0)
    published = Published(
        release_id=release.release_id,
        data_version=release.data_version,
        model=f"{model.name} {model.version}",
        rows=release.index.rows,
        embedded=num_embedded,
        reused_vectors=built.embedded + built.reused - num_embedded if built else 0,
        seconds=time.monotonic() - clock.started,
        changed=built is not None,
        num_written=_num_written(built),
        num_withdrawn=num_withdrawn,
        stages={name: round(seconds, 3) for name, seconds in clock.laps.items()},
        left_out=_rules_left_out(settings, release),
    )
    log.info("%s", published)
    for sentence in published.left_out:
        log.warning("%s", sentence)
    return published


def _rules_left_out(settings: Settings, release: Release) -> tuple[str, ...]:
    """A sentence for each own rule file that cannot be read, with what the release has in its place."""
    released = {
        Path(name).stem for name in release.files if Path(name).parent.name == settings.rules_dir.name
    }
    instead = {True: "an earlier or the ready-made one is released", False: "the release is without it"}
    left_out = own_rules(settings.rules_dir).left_out
    return tuple(f"{why}; {instead[name in released]}" for name, why in left_out.items())


def _num_written(built: Build | None) -> int:
    if built is None:
        return 0
    return built.version.rows if built.changes is None else len(built.changes)

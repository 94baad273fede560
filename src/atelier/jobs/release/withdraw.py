"""Takes items down at once, and keeps them down on the way back: `atelier withdraw`, `release rollback`.

The live release gets a successor of the same model, data and files whose index lacks the items. That needs
neither the champion nor the catalogue, and does not wait for a retraining that is under way.
"""

from __future__ import annotations

import difflib
import logging
import time
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from atelier.datasets.catalogue import Catalogue
from atelier.errors import NoReleaseError, ReleaseError
from atelier.index.build import build_without
from atelier.index.schema import FACTS
from atelier.index.store import rows_by_item
from atelier.index.verify import verify
from atelier.release import store
from atelier.release.manifest import Release
from atelier.release.store import damaged_files, live, publishing, show, stage, succeed
from atelier.release.withdrawals import (
    digest_of,
    ever_withdrawn,
    record,
    was_any_reinstated,
    withdrawals,
)
from atelier.settings import Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Withdrawn:
    """The items that were withdrawn or reinstated, and the live release since."""

    item_ids: tuple[str, ...]
    reason: str
    num_in_force: int
    """Items that are withdrawn now, all in all."""
    release_id: str | None
    """The live release; None where nothing is live yet."""
    changed: bool
    """Whether a release without the items was made for it."""
    seconds: float


def withdraw(settings: Settings, item_ids: Sequence[str], reason: str) -> Withdrawn:
    """Make the live release one without these items; serving follows within its `POLL_SECONDS` and a loading.

    First it is recorded, so that a killed call is finished by repeating it, or by the next publication. Items
    that are withdrawn already are no matter. ReleaseError: no reason is given, an id is neither live nor in
    the catalogue, or the live release is damaged. IndexRejected, CatalogueIndexError: there can be no index
    without them.
    """
    started = time.monotonic()
    _require_reason(reason)
    with publishing(settings):
        before = _live_or_none(settings)
        known = withdrawals(settings)
        fresh = [item_id for item_id in dict.fromkeys(item_ids) if item_id not in known]
        _require_known(settings, before, fresh)
        record(settings, fresh, reason, withdrawn=True)
        after = None if before is None else without_withdrawn(settings, before)
        if after is not None and after != before:
            succeed(settings, after.release_id)
    return _report(settings, item_ids, reason, before, after, started)


def reinstate(settings: Settings, item_ids: Sequence[str], reason: str) -> Withdrawn:
    """Let items back; they are found again after the next publication, if the catalogue still has them.

    A killed call is finished by repeating it: items that were let back already are no matter. ReleaseError:
    no reason is given, or an item was never withdrawn.
    """
    started = time.monotonic()
    _require_reason(reason)
    with publishing(settings):
        known, ever = withdrawals(settings), ever_withdrawn(settings)
        for item_id in item_ids:
            if item_id not in ever:
                raise ReleaseError(
                    f"item {item_id!r} was never withdrawn; expected {_some_of(item_id, known)}"
                )
        record(settings, [each for each in dict.fromkeys(item_ids) if each in known], reason, withdrawn=False)
        present = _live_or_none(settings)
    return _report(settings, item_ids, reason, present, present, started)


def rollback(settings: Settings, to: str | None = None) -> Release:
    """Make an earlier release live again, as `release.store.rollback`, without items withdrawn since.

    Where the earlier release has withdrawn items, a successor of it without them goes live in its place.
    """
    with publishing(settings):
        if to is None:
            to = store.previous_id(settings)
        if to is None:
            return store.rollback(settings)  # which says why there is none
        target = show(settings, to)
        clean = without_withdrawn(settings, target)
        return store.rollback(settings, target.release_id, instead=clean.release_id)


def without_withdrawn(settings: Settings, release: Release) -> Release:
    """Return the release itself if it has no withdrawn item, else a new one without them.

    Call it under `publishing`.
    """
    withheld = withdrawals(settings)
    if not withheld or release.index.withdrawn == digest_of(withheld):
        return release
    rows = rows_by_item(settings, release.index)
    doomed = sorted(withheld.keys() & rows.keys())
    if not doomed:
        return release
    damaged = damaged_files(settings, release, trusted=release.files.values())
    if damaged:
        raise ReleaseError(
            f"release {release.release_id} is not whole: {', '.join(damaged)} is missing or changed. "
            f"`atelier publish` makes a new one, without what is withdrawn."
        )
    # An index may lack more than this: what was withdrawn when it was built, and reinstated since.
    honoured = "incomplete" if was_any_reinstated(settings) else digest_of(withheld)
    built = build_without(settings, release.index, doomed, honoured)
    category = FACTS.index("category")
    counts = Counter(str(row[category]) for item_id, row in rows.items() if item_id not in withheld)
    folder = settings.releases_dir / release.release_id
    return stage(
        settings,
        data_version=release.data_version,
        models=release.models,
        index=built.version,
        verification=verify(settings, built.version, counts, changed=()),
        files={name: folder / name for name in release.files},
        note=f"{release.release_id} without {len(doomed)} withdrawn items",
    )


def _live_or_none(settings: Settings) -> Release | None:
    try:
        return live(settings)
    except NoReleaseError:
        return None


def _require_reason(reason: str) -> None:
    """The record is read by people who were not there."""
    if not any(letter.isalnum() for letter in reason):
        raise ReleaseError(f"reason: expected a few words that stay on record, got {reason[:80]!r}")


def _require_known(settings: Settings, release: Release | None, item_ids: Collection[str]) -> None:
    """A mistyped id would be recorded and do nothing: refused."""
    known = {} if release is None else rows_by_item(settings, release.index)
    strange = [item_id for item_id in item_ids if item_id not in known]
    if not strange:
        return
    catalogue = {item.item_id for item in Catalogue.open(settings.data_dir).items()}
    for item_id in strange:
        if item_id not in catalogue:
            raise ReleaseError(
                f"item {item_id!r} is neither in the live release nor in the catalogue; expected "
                f"{_some_of(item_id, known or catalogue)}. Nothing was withdrawn."
            )


def _some_of(item_id: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(item_id, known, n=3) or sorted(known)[:3]
    return f"one of {len(known):,} ids, such as {', '.join(close)}" if close else "one of none"


def _report(
    settings: Settings,
    item_ids: Sequence[str],
    reason: str,
    before: Release | None,
    after: Release | None,
    started: float,
) -> Withdrawn:
    withdrawn = Withdrawn(
        item_ids=tuple(item_ids),
        reason=reason,
        num_in_force=len(withdrawals(settings)),
        release_id=after.release_id if after else None,
        changed=before != after,
        seconds=time.monotonic() - started,
    )
    log.info("%s", withdrawn)
    return withdrawn

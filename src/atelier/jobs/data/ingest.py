"""Ingest a drop: read it, check it, assign splits, and store the good rows as a new data version.

Killed at any moment, it leaves the old state of `data/` or the new one, and running it again finishes the
rest. One at a time: whoever calls it holds the workspace's lock.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from atelier.datasets import store, tables
from atelier.datasets.catalogue import Catalogue
from atelier.datasets.drop import Drop, Rejected, read_drop
from atelier.datasets.incoming import Spool, check_pictures
from atelier.datasets.merge import compare, fingerprint, merge
from atelier.datasets.near_duplicates import near_duplicates
from atelier.datasets.quarantine import write_quarantine
from atelier.datasets.shards import write_shards
from atelier.datasets.splits import MASK_SUFFIX, assign, assign_sets
from atelier.datasets.tables import key_of
from atelier.errors import DropError
from atelier.pictures import PictureLimits, decode
from atelier.settings import Settings
from atelier.vocabulary import KEYS, TABLES, Photo

if TYPE_CHECKING:
    from atelier.contracts.promise import KnownKeys

log = logging.getLogger(__name__)

Rows = dict[str, list[Any]]
"""Rows by the name of their table."""
_SIDE_FOR_COMPARING = 32
_NUM_REASONS = 10


@dataclass(frozen=True)
class IngestReport:
    """The outcome of an ingested drop."""

    drop: str
    data_version: str
    """Digest of the data as it is now."""
    changed: bool
    """Whether that is another version than before."""
    layouts: tuple[str, ...]
    unknown: tuple[str, ...]
    """What lies in the drop's folder and belongs to no known layout."""
    added: dict[str, int]
    """Rows by table, as in the next three."""
    updated: dict[str, int]
    unchanged: dict[str, int]
    quarantined: dict[str, int]
    reasons: tuple[str, ...]
    """Why the first few rows are in quarantine."""
    warnings: tuple[str, ...]
    """What a reviewer should look at, though no row is bad because of it."""
    report_path: str | None
    """The page of Data Docs; None where there was nothing to check."""
    quarantine_dir: str
    seconds: float


def ingest(settings: Settings, drop_dir: Path, *, progress: bool = True) -> IngestReport:
    """Accept the good rows of a drop as a new data version; bad rows go to quarantine with their reason.

    A drop that was ingested before changes nothing. A row of a known key takes the place of the old one and
    keeps its split. Raises DropError where the folder is not a drop, ContractError where too much of it is
    bad, LeakageError where the splits would leak: then nothing is accepted. Costs about a millisecond for a
    picture of 60 x 80 pixels, 20 for one of half a megapixel, and ten seconds to load the contracts' library.
    """
    from atelier.versioning.snapshot import snapshot
    from atelier.versioning.workspace import current

    started = time.monotonic()
    before = current(settings)
    store.settle(settings.data_dir)
    drop = read_drop(drop_dir)
    log.info("%s: %s, %d photos", drop.name, " and ".join(drop.layouts), len(drop.photos))
    ingestion = _Ingestion(settings, drop, Catalogue.open(settings.data_dir))
    try:
        ingestion.run(progress)
    finally:
        store.settle(settings.data_dir)
    store.sweep(settings.data_dir)
    now = Catalogue.open(settings.data_dir)
    counts = {name: now.table(name).num_rows for name in TABLES}
    version = snapshot(settings, drop.name, counts, _categories(now))
    return IngestReport(
        drop=drop.name,
        data_version=version.digest,
        changed=before is None or before.digest != version.digest,
        layouts=drop.layouts,
        unknown=drop.unknown,
        added=ingestion.count(known=False),
        updated=ingestion.count(known=True),
        unchanged=ingestion.num_unchanged,
        quarantined=dict(Counter(one.table for one in ingestion.rejected)),
        reasons=tuple(one.reason for one in ingestion.rejected[:_NUM_REASONS]),
        warnings=ingestion.warnings,
        report_path=ingestion.report_path,
        quarantine_dir=str(settings.quarantine_dir),
        seconds=round(time.monotonic() - started, 1),
    )


class _Ingestion:
    """A drop during its ingestion, and the rows selected so far."""

    def __init__(self, settings: Settings, drop: Drop, present: Catalogue) -> None:
        self.settings = settings
        self.drop = drop
        self.present = present
        self.old: Rows = {name: present.rows(name) for name in TABLES}
        self.new: Rows = {name: [] for name in TABLES}
        """Added and changed rows that are good, as far as is known."""
        self.num_unchanged: dict[str, int] = {}
        self.rejected: list[Rejected] = list(drop.rejected)
        self.warnings: tuple[str, ...] = tuple(drop.notes)
        self.report_path: str | None = None
        self.limits = PictureLimits(settings.max_picture_pixels, settings.min_picture_side)
        self.spool = Spool(store.scratch_dir(settings.data_dir) / "pictures")

    def count(self, *, known: bool) -> dict[str, int]:
        """Count the new rows by table: those of a known key, or the others."""
        counts = {}
        for name in TABLES:
            keys = {key_of(name, row) for row in self.old[name]}
            counts[name] = sum((key_of(name, row) in keys) == known for row in self.new[name])
        return counts

    def run(self, progress: bool) -> None:
        incoming = check_pictures(
            self.drop.photos, self.old["photos"], self.limits, self.spool, progress=progress
        )
        self.rejected += incoming.rejected
        rows = {**self.drop.rows, "photos": incoming.photos}
        mark = fingerprint(rows, self.rejected)
        is_known = mark in store.ingested(self.settings.data_dir)
        candidates = self._compare(rows, is_known)
        if any(self.new.values()) or (self.rejected and not is_known):
            self._check(candidates)
            if any(self.new.values()) or not store.exists(self.settings.data_dir):
                self._publish(mark)

    def _compare(self, rows: Rows, is_known: bool) -> Rows:
        """Find out what is new; returns the rows that are to be checked.

        Of a drop that was ingested before, a row that differs from the accepted one is not a change: a later
        drop has changed it since. A row whose key is missing was bad then, and may be good now.
        """
        candidates: Rows = {}
        for name in TABLES:
            compared = compare(name, rows[name], self.old[name])
            self.new[name] = compared.added + ([] if is_known else compared.changed)
            self.num_unchanged[name] = len(rows[name]) - len(self.new[name]) - len(compared.refused)
            candidates[name] = [*self.new[name], *compared.unchanged]
            for row, reason in compared.refused:
                self._reject(name, row, reason)
        return candidates

    def _check(self, candidates: Rows) -> None:
        """Check the drop against the contracts; bad rows go to quarantine, then their share is checked."""
        from atelier.contracts.check import check_tables
        from atelier.contracts.drift import CategoryShares

        if not any(candidates.values()):
            self._write_quarantine()
            raise DropError(
                f"{self.drop.name}: none of its {len(self.rejected):,} rows can be read; the first: "
                f"{self.rejected[0].reason}. All are in {self.settings.quarantine_dir} with their reasons"
            )
        checked = check_tables(
            {name: tables.to_frame(name, rows) for name, rows in candidates.items()},
            CategoryShares(_categories(self.present)) if self.old["items"] else None,
            self.settings.reports_dir,
            self.settings.max_bad_share,
            self._known_keys(),
            min_side=self.settings.min_picture_side,
        )
        self.warnings += checked.warnings
        self.report_path = str(checked.report_dir / "index.html")
        refused = list(self.rejected)
        for name, bad in checked.bad.items():
            self.rejected += [_as_rejected(name, row) for row in bad.to_dict(orient="records")]
            self._keep_good(name, {tuple(key) for key in checked.good[name][list(KEYS[name])].to_numpy()})
        num_judged = len(self.rejected)
        near = self._split()
        self._write_quarantine()
        refused_later = self.rejected[num_judged:]
        checked.require(
            refused=Counter(one.table for one in refused),
            refused_later=Counter(one.table for one in refused_later),
            reasons={
                name: [one.reason for one in (*refused, *refused_later) if one.table == name]
                for name in TABLES
            },
        )
        self._check_leakage(near)

    def _known_keys(self) -> KnownKeys:
        from atelier.contracts.promise import KnownKeys

        return KnownKeys(
            items=frozenset(row.item_id for row in self.old["items"]),
            photos=frozenset(row.photo_id for row in self.old["photos"]),
            outfits=frozenset(row.outfit_id for row in self.old["outfits"]),
        )

    def _keep_good(self, name: str, good: set[tuple[str, ...]]) -> None:
        """Keep the new rows whose key is good; of several with one key the first, as the contracts do."""
        by_key = {key_of(name, row): row for row in reversed(self.new[name])}
        self.new[name] = [row for row in self.new[name] if by_key[key_of(name, row)] is row]
        self.new[name] = [row for row in self.new[name] if key_of(name, row) in good]

    def _split(self) -> list[tuple[str, str]]:
        """Assign a split to each new row; returns the near-duplicate photos that were found."""
        photos = {row.photo_id: row for row in merge("photos", self.old["photos"], self.new["photos"])}
        near = near_duplicates(
            {photo_id: row.phash for photo_id, row in photos.items() if row.phash is not None},
            {row.photo_id for row in self.new["photos"]},
            lambda photo_id: self._pixels(photos[photo_id]),
        )
        assigned = assign(
            self.new["items"], self.new["photos"], self._staying("items"), self._staying("photos"), near
        )
        self.new |= {"items": assigned.items, "photos": assigned.photos}
        for row, reason in assigned.refused:
            self._reject("photos" if isinstance(row, Photo) else "items", row, reason)
        self._drop_parts_of_refused_photos()
        accepted = {row.photo_id for row in merge("photos", self.old["photos"], self.new["photos"])}
        return [pair for pair in near if accepted.issuperset(pair)]

    def _staying(self, name: str) -> list[Any]:
        keys = {key_of(name, row) for row in self.new[name]}
        return [row for row in self.old[name] if key_of(name, row) not in keys]

    def _drop_parts_of_refused_photos(self) -> None:
        """A mask or region is bad where its photo was refused for its split."""
        accepted = {row.photo_id for row in (*self.old["photos"], *self.new["photos"])}
        for name in ("photos", "regions"):
            rows, self.new[name] = self.new[name], []
            for row in rows:
                whole = row.photo_id.removesuffix(MASK_SUFFIX)
                if whole in accepted:
                    self.new[name].append(row)
                else:
                    self._reject(name, row, f"its photo {whole} was refused")

    def _check_leakage(self, near: list[tuple[str, str]]) -> None:
        from atelier.contracts.leakage import check_leakage

        items, photos = (
            tables.to_frame(name, merge(name, self.old[name], self.new[name])) for name in ("items", "photos")
        )
        check_leakage(items, photos, near)

    def _publish(self, mark: str) -> None:
        """Pack the new pictures and replace the tables."""
        data_dir = self.settings.data_dir
        self.new["photos"] = self._placed(sorted(self.new["photos"], key=lambda row: row.photo_id))
        rows = {name: merge(name, self.old[name], self.new[name]) for name in TABLES}
        rows |= {name: assign_sets(rows[name]) for name in ("outfits", "category_sets")}
        store.publish(data_dir, rows, {**store.ingested(data_dir), mark: self.drop.name})

    def _placed(self, photos: list[Photo]) -> list[Photo]:
        """The photos with the places of their pictures; those in no shard yet go into new ones."""
        digests = dict.fromkeys(row.sha256 for row in photos if row.shard is None)
        pictures = ((sha256, self.spool.read(sha256)) for sha256 in digests if sha256 is not None)
        places = write_shards(self.settings.data_dir / "pictures", pictures)
        return [
            row if row.sha256 not in places else replace(row, **asdict(places[row.sha256])) for row in photos
        ]

    def _pixels(self, photo: Photo) -> np.ndarray:
        assert photo.sha256 is not None, "a photo that was measured has its digest"
        data = self.spool.read(photo.sha256) if photo.sha256 in self.spool else self.present.read(photo)
        return decode(data, self.limits, shrink_to=_SIDE_FOR_COMPARING)

    def _write_quarantine(self) -> None:
        write_quarantine(self.settings.quarantine_dir, self.drop.name, self.rejected)

    def _reject(self, name: str, row: Any, reason: str) -> None:
        self.rejected.append(Rejected(name, asdict(row), reason))


def _as_rejected(name: str, row: dict[Any, Any]) -> Rejected:
    return Rejected(name, {k: v for k, v in row.items() if k != "reason"}, row["reason"])


def _categories(catalogue: Catalogue) -> dict[str, int]:
    """Number of items by category."""
    return dict(Counter(catalogue.table("items").column("category").to_pylist()))

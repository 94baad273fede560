"""Checks what must hold after a `kill -9`: whole releases, unchanged answers, no lost row."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, is_dataclass
from functools import partial
from typing import Any

from atelier.datasets.catalogue import Catalogue
from atelier.datasets.tables import key_of
from atelier.errors import AtelierError
from atelier.index.store import rows_by_item, seems_present
from atelier.release.durable import digest_of
from atelier.release.manifest import Release
from atelier.release.store import damaged_files, list_releases, live, live_id
from atelier.release.withdrawals import digest_of as digest_of_withdrawn
from atelier.release.withdrawals import withdrawals
from atelier.serving.answerer import Answerer
from atelier.serving.live import LiveRelease
from atelier.serving.loader import open_answerer
from atelier.settings import Settings
from atelier.vocabulary import TABLES

NUM_PHOTOS = 3
NUM_SETS_ASKED = 4
DAY = "2026-01-05"
Answers = dict[str, str]
"""Query -> the answer to its last digit."""


class BrokenError(Exception):
    """Something does not hold that must hold after a kill."""


class Evidence:
    """The answers of each release as they were first seen, and the rows that were there."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        catalogue = Catalogue.open(settings.data_dir)
        photos = [photo for photo in catalogue.photos() if photo.item_id is not None][:NUM_PHOTOS]
        self._pictures = [catalogue.read(photo) for photo in photos]
        self._texts = ["red dress", *(item.title for item in catalogue.items()[:2])]
        self._answers: dict[str, Answers] = {}
        self._num_rows: dict[str, int] = {}
        self._serving = LiveRelease(settings)
        """A server that follows the live release over all kills."""
        self._live_before: Release | None = None

    @property
    def num_answers(self) -> int:
        return sum(len(answers) for answers in self._answers.values())

    @property
    def num_releases(self) -> int:
        return len(self._answers)

    def check(self) -> None:
        """Check everything. BrokenError: says what does not hold."""
        self._check_releases()
        self._check_rows()
        release = live(self._settings)
        self._serving.refresh()
        _require(self._serving.state.failure is None, f"serving failed: {self._serving.state.failure}")
        followed = self._serving.current
        _require(followed.release == release, f"serving answers with {followed.release.release_id}")
        self._compare(followed, "the server that follows")
        self._compare(open_answerer(self._settings, release), "a server that starts")
        before, listed = self._live_before, {each.release_id for each in list_releases(self._settings)}
        if before is not None and before != release and before.release_id in listed:
            self._compare(open_answerer(self._settings, before), "the release that was live before")
        self._live_before = release

    def require_found(self, item_id: str, *, expected: bool) -> None:
        """Check that the live release has an item, or lacks it."""
        found = item_id in rows_by_item(self._settings, live(self._settings).index)
        _require(found == expected, f"item {item_id} is {'found' if found else 'missing'}")

    def _check_releases(self) -> None:
        releases = list_releases(self._settings)
        known = {release.release_id for release in releases}
        _require(live_id(self._settings) in known, f"live names {live_id(self._settings)}, listed: {known}")
        for release in releases:
            damaged = damaged_files(self._settings, release)
            _require(not damaged, f"release {release.release_id} is not whole: {damaged}")
            _require(seems_present(self._settings, release.index), f"{release.release_id} lost its index")
        for path in (self._settings.releases_dir / "blobs").glob("[0-9a-f]*"):
            _require(digest_of(path) == path.name, f"blob {path.name} has another content")

    def _check_rows(self) -> None:
        for name, rows in all_rows(self._settings).items():
            keys = {key_of(name, row) for row in rows}
            _require(len(keys) == len(rows), f"{name}: {len(rows) - len(keys)} rows are there twice")
            before = self._num_rows.get(name, 0)
            _require(len(rows) >= before, f"{name}: {len(rows)} rows, {before} before")
            self._num_rows[name] = len(rows)

    def _compare(self, answerer: Answerer, who: str) -> None:
        known = self._answers.setdefault(answerer.release.release_id, {})
        for query, answer in self._ask(answerer).items():
            expected = known.setdefault(query, answer)
            _require(answer == expected, f"{who} answers {query} otherwise:\n{answer}\nbefore:\n{expected}")

    def _ask(self, answerer: Answerer) -> Answers:
        """Ask every kind of query that this release answers."""
        answers = {}
        for number, picture in enumerate(self._pictures):
            decoded, inside = answerer.open_photo(picture, None)
            answer = answerer.answer(decoded.pixels, inside)
            pictures = {
                name: hashlib.sha256(data).hexdigest() for name, data in answerer.thumbnails(answer).items()
            }
            answers[f"photo {number}"] = _text({**asdict(answer), "seconds": {}, "pictures": pictures})
        for text in self._texts:
            answers[f"text {text}"] = _text({**asdict(answerer.answer_text(text)), "seconds": {}})
        if answerer.has_stylist:
            stylist = answerer.stylist
            for rules in sorted(stylist.rules_paths)[:2]:
                for item_id in sorted(stylist.item_ids)[:NUM_SETS_ASKED]:
                    answers[f"outfit {rules} {item_id}"] = _made(partial(stylist.make, [item_id], rules))
        if answerer.ranker is not None and answerer is not self._serving.current:
            # No set with an item that was withdrawn before this server started, whatever its release has.
            withdrawn = digest_of_withdrawn(withdrawals(self._settings))
            answers[f"feed without {withdrawn}"] = _made(partial(_feed, answerer))
        return answers


def all_rows(settings: Settings) -> dict[str, list[Any]]:
    """Read the rows of every accepted table."""
    catalogue = Catalogue.open(settings.data_dir)
    return {name: catalogue.rows(name) for name in TABLES}


def release_leftovers(settings: Settings) -> list[str]:
    """List unfinished files of releases, and blobs that no release names: nothing after `atelier collect`."""
    named = {digest for release in list_releases(settings) for digest in release.files.values()}
    found = set(settings.releases_dir.rglob(".staging-*"))
    found |= {path for path in (settings.releases_dir / "blobs").iterdir() if path.name not in named}
    return sorted(str(path.relative_to(settings.home)) for path in found)


def data_leftovers(settings: Settings) -> list[str]:
    """List unfinished files of data, and shards that no photo names: nothing after an ingestion."""
    shards = {photo.shard for photo in Catalogue.open(settings.data_dir).photos()}
    found = {path for path in (settings.data_dir / "pictures").iterdir() if path.name not in shards}
    found |= set((settings.data_dir / ".incoming").rglob("*"))
    return sorted(str(path.relative_to(settings.home)) for path in found)


def _feed(answerer: Answerer) -> list[Any]:
    return [asdict(shown) for shown in answerer.feed_maker.make("U0000001", DAY, num=10)]


def _made(make: Callable[[], Any]) -> str:
    """The result, or the reason why there is none, which must not change either."""
    try:
        made = make()
    except AtelierError as error:
        return f"{type(error).__name__}: {error}"
    return _text(made)


def _text(value: Any) -> str:
    """JSON with every digit of every number."""
    return json.dumps(value, default=_plain, sort_keys=True)


def _plain(value: Any) -> Any:
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else repr(value)


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise BrokenError(what)

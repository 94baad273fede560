"""Checks a whole workspace and reports its problems: `atelier doctor`."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from atelier.collage.fonts import Fonts
from atelier.collage.templates import own_templates
from atelier.errors import AtelierError, NoReleaseError
from atelier.index.store import seems_present
from atelier.registry.moved import made_elsewhere, mend_moved_store
from atelier.release.store import damaged_files, live
from atelier.rules.file import own_rules
from atelier.settings import Settings
from atelier.versioning.workspace import current

OK, NOTE, WRONG = "ok", "note", "wrong"
_MIN_FREE_BYTES = 1_000_000_000


@dataclass(frozen=True)
class Finding:
    """The result of one check."""

    what: str
    status: str
    """`ok`, `note` (nothing is broken), or `wrong`."""
    detail: str


def examine(settings: Settings) -> list[Finding]:
    """Run every check of the workspace, in the order of its parts; changes nothing and imports nothing
    heavy.
    """
    looks: dict[str, Callable[[Settings], Iterator[Finding]]] = {
        "workspace": _workspace,
        "data": _data,
        "runs and models": _registry,
        "remote of the data": _remote,
        "live release": _release,
        "templates": _templates,
        "rules": _rules,
        "fonts": _fonts,
    }
    return [finding for what, look in looks.items() for finding in _safely(what, look, settings)]


def mend(settings: Settings) -> None:
    """Repair what a move of the workspace broke, before programs other than ours open its stores."""
    mend_moved_store(settings)


def _safely(
    what: str, look: Callable[[Settings], Iterator[Finding]], settings: Settings
) -> Iterator[Finding]:
    """A look that fails is a finding: the other parts are still looked at."""
    try:
        yield from look(settings)
    except (AtelierError, OSError, sqlite3.Error, ValueError) as error:
        yield Finding(what, WRONG, str(error))


def _workspace(settings: Settings) -> Iterator[Finding]:
    home = settings.home
    if not home.is_dir():
        yield Finding("workspace", NOTE, f"{home} is not there yet; the first command that writes makes it")
        return
    if not os.access(home, os.W_OK):
        yield Finding("workspace", WRONG, f"{home} cannot be written; only searching works")
    free = shutil.disk_usage(home).free
    status = OK if free >= _MIN_FREE_BYTES else WRONG
    yield Finding("workspace", status, f"{home}, {free / 1e9:.1f} GB free on its disk")


def _data(settings: Settings) -> Iterator[Finding]:
    version = current(settings)
    if version is None:
        yield Finding("data", NOTE, "no drop was ingested yet; `atelier ingest DIR` takes one in")
    else:
        yield Finding("data", OK, f"version {version} from {version.drop}, {version.num_files} files")


def _registry(settings: Settings) -> Iterator[Finding]:
    what, database = "runs and models", settings.home / "mlruns" / "mlflow.db"
    if settings.tracking_uri or not database.is_file():
        yield Finding(what, NOTE, settings.tracking_uri or "nothing was trained yet")
        return
    with closing(sqlite3.connect(database, timeout=60)) as connection:
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    yield Finding(what, OK if verdict == "ok" else WRONG, f"{database}: {verdict}")
    old = made_elsewhere(settings)
    if old is not None:
        yield Finding(
            what, NOTE, f"made in {old}, as the workspace was moved; the next job that opens it mends it"
        )


def _remote(settings: Settings) -> Iterator[Finding]:
    what, url = "remote of the data", settings.remote_url
    if "://" in url or not Path(url).exists():
        yield Finding(what, NOTE, url if "://" in url else f"{url} is not there yet; the first drop makes it")
    else:
        can = os.access(url, os.W_OK)
        yield Finding(what, OK if can else WRONG, url if can else f"{url} cannot be written")


def _release(settings: Settings) -> Iterator[Finding]:
    what = "live release"
    try:
        release = live(settings)
    except NoReleaseError as error:
        yield Finding(what, NOTE, str(error))
        return
    for name in damaged_files(settings, release):
        yield Finding(
            what, WRONG, f"{release.release_id}: {name} is missing or changed; roll back or publish"
        )
    if seems_present(settings, release.index):
        yield Finding(what, OK, f"{release.release_id} with {release.index.rows:,} rows")
    else:
        yield Finding(
            what,
            WRONG,
            f"{release.release_id}: its index {release.index.table} is gone; `atelier publish` builds it",
        )


def _templates(settings: Settings) -> Iterator[Finding]:
    own = own_templates(settings.templates_dir)
    for each in own.left_out:
        yield Finding("templates", WRONG, f"left out: {each}")
    yield Finding("templates", OK, f"{len(own.templates)} of your own")


def _rules(settings: Settings) -> Iterator[Finding]:
    own = own_rules(settings.rules_dir)
    for each in own.left_out.values():
        yield Finding("rules", WRONG, f"left out: {each}")
    yield Finding("rules", OK, f"{len(own.paths)} of your own")


def _fonts(settings: Settings) -> Iterator[Finding]:
    Fonts.of(settings.font_dirs)
    yield Finding("fonts", OK, settings.fonts)

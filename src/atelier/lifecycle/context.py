"""Gives one job of one family its workspace: settings, preset, data version, champions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Generic, TypeVar, cast

from atelier.errors import RegistryError, VersionError
from atelier.registry.models import ModelVersion
from atelier.registry.store import Registry, open_registry
from atelier.settings import Settings
from atelier.versioning.workspace import current

P = TypeVar("P")
T = TypeVar("T")


@dataclass(frozen=True)
class FetchedModel:
    """A model version and the folder that its files were copied to, every digest checked."""

    version: ModelVersion
    folder: Path


@dataclass(frozen=True, eq=False)
class Context(Generic[P]):
    """The workspace of a family's callables, for as long as one job lasts."""

    settings: Settings
    registry: Registry
    preset: P
    data_version: str
    """Digest of the data that is read."""
    progress: bool
    folder: Path
    """Temporary; gone when the job ends."""
    _fetched: dict[str, FetchedModel | None] = field(default_factory=dict, repr=False)
    _made: dict[Any, Any] = field(default_factory=dict, repr=False)

    def champion(self, family: str) -> FetchedModel | None:
        """Return the champion of another family, fetched once; None while it has none."""
        if family not in self._fetched:
            version = self.registry.version(family, "champion")
            self._fetched[family] = None if version is None else self._fetch(version)
        return self._fetched[family]

    def needed(self, family: str) -> FetchedModel:
        """Return the champion of a required family. RegistryError: it has none."""
        champion = self.champion(family)
        if champion is None:
            raise RegistryError(
                f"no version of {family} is the champion yet, and this needs one; "
                f"`atelier retrain` trains one and gates it"
            )
        return champion

    def use(self, version: ModelVersion) -> FetchedModel:
        """Fetch a version and let it stand for its family's champion for as long as this job lasts."""
        fetched = self._fetch(version)
        self._fetched[version.name] = fetched
        return fetched

    def leave_out(self, family: str) -> None:
        """Let a family count as one without a champion for as long as this job lasts."""
        self._fetched[family] = None

    def once(self, make: Callable[[Context[Any]], T]) -> T:
        """Return `make(context)`, computed at the first call."""
        if make not in self._made:
            self._made[make] = make(self)
        return cast(T, self._made[make])

    def _fetch(self, version: ModelVersion) -> FetchedModel:
        folder = self.folder / f"{version.name}-{version.version}"
        return FetchedModel(version, folder if folder.exists() else self.registry.fetch(version, folder))


@contextmanager
def open_context(settings: Settings, preset: P, *, progress: bool = True) -> Iterator[Context[P]]:
    """Open a context on the current data. VersionError: nothing was ingested yet."""
    with TemporaryDirectory(prefix="atelier-") as folder:
        yield Context(
            settings, open_registry(settings), preset, current_version(settings), progress, Path(folder)
        )


def current_version(settings: Settings) -> str:
    """Return the digest of the data that training reads. VersionError: nothing was ingested yet."""
    version = current(settings)
    if version is None:
        raise VersionError(
            f"there is no data in {settings.data_dir} yet: run `atelier ingest DIR` with a drop, or "
            f"`atelier simulate DIR` to make one"
        )
    return version.digest

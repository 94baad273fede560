"""Defines a release: an immutable manifest of everything that goes out together."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from atelier.errors import ReleaseError
from atelier.index.schema import IndexVersion
from atelier.index.verify import Verification


@dataclass(frozen=True)
class ModelFiles:
    """The model version of one family, as the registry knows it."""

    name: str
    version: int
    digest: str
    """Of the version's files, as the registry computed it."""


@dataclass(frozen=True)
class Release:
    """Everything that answers a request, by name and digest: `releases/<release_id>/manifest.json`."""

    release_id: str
    """When it was made, to the second, and a few digits of its own: '20261121T231500-ab12cd34'."""
    created_at: str
    """ISO 8601, UTC."""
    data_version: str
    models: Mapping[str, ModelFiles]
    """Family -> model version: {'retrieval': ...}."""
    index: IndexVersion
    verification: Verification
    files: Mapping[str, str]
    """Path inside the release's folder -> sha256, of every file but the manifest: `<family>/<name>`.

    A release of before families had folders has plain names; `files_of` reads both.
    """
    sizes: Mapping[str, int] = field(default_factory=dict)
    """Path -> bytes, of the same files. Releases of before there were blobs have none."""
    parent: str | None = None
    """The release that was live when this one was made."""
    note: str = field(default="", compare=False)
    """What a person wants to remember of it."""

    @property
    def content_digest(self) -> str:
        """Hash everything that answers: two releases of the same digest answer alike, whenever they were
        made.
        """
        return content_digest(self.data_version, self.models, self.index, self.files)

    def files_of(self, family: str) -> dict[str, str]:
        """Select one folder's files: name inside it -> sha256. Families share one where `is_flat`."""
        prefix = self.prefix_of(family)
        return {
            name.removeprefix(prefix): sha256
            for name, sha256 in self.files.items()
            if name.startswith(prefix)
        }

    def prefix_of(self, family: str) -> str:
        """Return the prefix of the paths of a family's files: `<family>/`; empty where `is_flat`."""
        prefix = f"{family}/"
        has_folder = any(name.startswith(prefix) for name in self.files)
        return prefix if has_folder or not self.is_flat else ""

    @property
    def is_flat(self) -> bool:
        """Test whether no model has a folder of its own: a release made before families had folders."""
        return not any(name.startswith(f"{family}/") for family in self.models for name in self.files)

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2, sort_keys=True, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str, where: str = "manifest") -> Self:
        """Read a manifest back. ReleaseError: the text is not one; `where` says where it was found."""
        try:
            values: dict[str, Any] = json.loads(text)
            values["models"] = {family: ModelFiles(**model) for family, model in values["models"].items()}
            values["index"] = IndexVersion(**values["index"])
            values["verification"] = Verification(**values["verification"])
            return cls(**values)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ReleaseError(
                f"{where}: not the manifest of a release ({error}). It was changed by hand or written by "
                f"another version of Atelier; move its folder away and publish anew."
            ) from error


def content_digest(
    data_version: str, models: Mapping[str, ModelFiles], index: IndexVersion, files: Mapping[str, str]
) -> str:
    """Hash models, index, data version and files (sha256)."""
    content = {
        "data_version": data_version,
        "models": {family: asdict(model) for family, model in models.items()},
        "index": asdict(index),
        "files": dict(files),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

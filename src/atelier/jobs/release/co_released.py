"""Selects the champions that are released together: each family whose champion works with those it needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from atelier.lifecycle.context import Context, FetchedModel
from atelier.lifecycle.family import Family
from atelier.registry.packing import CARD
from atelier.release.manifest import ModelFiles
from atelier.settings import Settings
from atelier.vocabulary import Item


@dataclass(frozen=True)
class CoReleased:
    """A family's champion that is to be released."""

    family: Family[Any]
    model: FetchedModel

    @property
    def name(self) -> str:
        return self.family.name

    @property
    def manifest_entry(self) -> ModelFiles:
        """Describe the version for a manifest."""
        version = self.model.version
        return ModelFiles(version.name, version.version, version.files_digest)

    def workspace_files(self, settings: Settings) -> dict[str, Path]:
        """List the operators' files that are released with the model: path in the release -> file."""
        return self._in_folder(self.family.workspace_files(settings))

    def files(self, context: Context[None], items: Sequence[Item]) -> dict[str, Path]:
        """List all files of the family: path in the release -> file. `items`: those that can be found."""
        card = {CARD: self.model.folder / CARD}
        made = self.family.release_files(context, self.model.folder, items)
        return self._in_folder({**card, **made}) | self.workspace_files(context.settings)

    def _in_folder(self, files: Mapping[str, Path]) -> dict[str, Path]:
        return {f"{self.name}/{name}": path for name, path in files.items()}


def co_released(context: Context[None], families: Sequence[Family[Any]]) -> list[CoReleased]:
    """Choose the champions that work together; a family whose champion does not is left out."""
    chosen: list[CoReleased] = []
    for family in families:
        champion = context.champion(family.name)
        names = {each.name for each in chosen}
        if (
            champion is None
            or not names.issuperset(family.needs)
            or not family.fits(context, champion.version)
        ):
            context.leave_out(family.name)
        else:
            chosen.append(CoReleased(family, champion))
    return chosen

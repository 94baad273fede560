"""What goes out beside the retrieval champion: detector, outfit model and rules, ranker and its sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from atelier.families.detection import inference as detection
from atelier.index.schema import IndexItem
from atelier.jobs.outfit.release import compatible_champion, outfit_files, rule_files
from atelier.jobs.ranking.champion import champion_ranker
from atelier.jobs.ranking.release import ranker_files
from atelier.jobs.retrieval.embedder import CatalogueEmbedder
from atelier.registry.models import ModelVersion
from atelier.registry.store import Registry
from atelier.release.manifest import ModelFiles
from atelier.release.withdrawals import withdrawals
from atelier.settings import Settings

DETECTOR, OUTFIT, RANKER = "detection", "outfit", "ranking"
DETECTOR_FILES = (detection.MODEL_FILE, detection.CONTRACT_FILE)


@dataclass(frozen=True)
class CoReleasedModels:
    """The champions of the other families that a release takes; each may be missing."""

    registry: Registry
    folder: Path
    """Where their files are put together."""
    detector: ModelVersion | None
    outfit: ModelVersion | None
    ranker: ModelVersion | None
    rules: Mapping[str, Path]
    """Path in the release -> rule file; none without an outfit model."""

    @classmethod
    def of(cls, settings: Settings, registry: Registry, space: str, folder: Path) -> Self:
        """Those that can go out with an index of the embedding contract of digest `space`.

        RulesError: one of the workspace's own rule files is wrong.
        """
        outfit = compatible_champion(registry, space, folder / OUTFIT)
        return cls(
            registry,
            folder,
            detector=registry.version(DETECTOR, "champion"),
            outfit=outfit,
            ranker=champion_ranker(registry, space),
            rules=rule_files(settings) if outfit else {},
        )

    @property
    def models(self) -> dict[str, ModelFiles]:
        """As a manifest names them."""
        there = [each for each in (self.detector, self.outfit, self.ranker) if each is not None]
        return {each.name: model_files(each) for each in there}

    def files(
        self, settings: Settings, eyes: CatalogueEmbedder, items: Sequence[IndexItem], progress: bool
    ) -> dict[str, Path]:
        """Path in the release -> file, for the items of its index; `eyes`: the retrieval model."""
        found = dict(self.rules)
        if self.detector is not None:
            folder = self.registry.fetch(self.detector, self.folder / DETECTOR)
            found |= in_folder(DETECTOR, {name: folder / name for name in DETECTOR_FILES})
        if self.outfit is not None:
            files = outfit_files(eyes, items, self.folder / OUTFIT, progress=progress)
            found |= in_folder(OUTFIT, files)
        if self.ranker is not None:
            files = ranker_files(
                self.registry,
                self.ranker,
                eyes,
                self.folder / RANKER,
                withdrawn=withdrawals(settings),
                progress=progress,
            )
            found |= in_folder(RANKER, files)
        return found


def in_folder(family: str, files: Mapping[str, Path]) -> dict[str, Path]:
    """Put a family's files into its folder of a release: path in the release -> file."""
    return {f"{family}/{name}": path for name, path in files.items()}


def model_files(version: ModelVersion) -> ModelFiles:
    """A version as a manifest names it."""
    return ModelFiles(version.name, version.version, version.files_digest)

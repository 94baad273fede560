"""A home in which a ranker is the champion, on a small simulated drop.

Its retrieval champion sees mean colours alone, which is enough to tell sets apart.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from family_runs import train_and_judge
from publish_world import crown

from atelier.datasets import tables
from atelier.datasets.catalogue import Catalogue
from atelier.families.ranking.presets import debug
from atelier.families.ranking.training import RankingMaterial
from atelier.jobs.data.ingest import ingest
from atelier.jobs.ranking.family import RANKING
from atelier.jobs.ranking.material import (
    material_for,
)
from atelier.jobs.retrieval.embedder import champion_embedder
from atelier.lifecycle.context import open_context
from atelier.registry.models import ModelVersion
from atelier.registry.store import open_registry
from atelier.settings import Settings
from atelier.simulate.drop import simulate
from atelier.vocabulary import Click


@dataclass(frozen=True)
class Workspace:
    """A home in which the ranker's path has run once."""

    settings: Settings
    catalogue: Catalogue
    release_dir: Path
    """What a release takes."""

    @classmethod
    def at(cls, folder: Path) -> Workspace:
        settings = Settings(home=folder / "home", serve_threads=1)
        return cls(settings, Catalogue.open(settings.data_dir), folder / "release")

    def material(self) -> RankingMaterial:
        with champion_embedder(self.settings) as eyes:
            return material_for(self.catalogue, eyes, debug(), progress=False)


def make_ranking(folder: Path) -> None:
    """A home of 100 items with a ranker that is the champion, and the files that a release of it takes."""
    settings = Settings(home=folder / "home", serve_threads=1)
    simulate(folder / "drop", 100, seed=5, processes=1, progress=False)
    ingest(settings, folder / "drop", progress=False)
    crown(settings, folder / "model")
    assert train_and_judge(settings, RANKING).verdict.promoted, "the first model becomes the champion"
    files_of_release(settings, folder / "release")


def champion_of(settings: Settings) -> ModelVersion:
    champion = open_registry(settings).version("ranking", "champion")
    assert champion is not None
    return champion


def files_of_release(settings: Settings, folder: Path) -> dict[str, Path]:
    """The files that a release would take, copied into a folder that stays."""
    folder.mkdir()
    with open_context(settings, None, progress=False) as context:
        files = RANKING.release_files(context, context.needed("ranking").folder, [])
        return {name: Path(shutil.copy(path, folder / name)) for name, path in files.items()}


def with_clicks(catalogue: Catalogue, clicks: list[Click]) -> Catalogue:
    return replace(catalogue, tables={**catalogue.tables, "clicks": tables.from_rows("clicks", clicks)})

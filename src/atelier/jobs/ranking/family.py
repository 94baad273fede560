"""Defines the ranking family: ranks sets for a user by the user's clicks."""

from __future__ import annotations

from importlib import resources
from typing import Final

from atelier.families import ranking
from atelier.families.ranking.config import RankingPreset
from atelier.families.ranking.presets import PLAN
from atelier.jobs.ranking.champion import FAMILY, fits
from atelier.jobs.ranking.exam import examine, reexamine
from atelier.jobs.ranking.gate import decide
from atelier.jobs.ranking.material import material, why_no_clicks
from atelier.jobs.ranking.release import release_files
from atelier.jobs.retrieval.champion import FAMILY as RETRIEVAL
from atelier.jobs.retrieval.embedder import embedding_space
from atelier.lifecycle.family import Family

RANKING: Final = Family[RankingPreset](
    name=FAMILY,
    plan=PLAN,
    material=material,
    examine=examine,
    reexamine=reexamine,
    decide=decide,
    release_files=release_files,
    card=resources.files(ranking) / "CARD.md",
    needs=(RETRIEVAL,),
    unavailable=why_no_clicks,
    inputs=embedding_space,
    fits=fits,
)

"""Defines the outfit family: completes one or several items to whole sets that keep the operators' rules."""

from __future__ import annotations

from importlib import resources
from typing import Final

from atelier.families import outfit
from atelier.families.outfit.config import OutfitPreset
from atelier.families.outfit.presets import PLAN
from atelier.jobs.outfit.champion import FAMILY, fits
from atelier.jobs.outfit.evaluate import evaluate
from atelier.jobs.outfit.exam import better_of, examine, reexamine
from atelier.jobs.outfit.gate import decide
from atelier.jobs.outfit.material import material, why_no_outfits
from atelier.jobs.outfit.release import release_files, rule_files
from atelier.jobs.retrieval.champion import FAMILY as RETRIEVAL
from atelier.jobs.retrieval.embedder import embedding_space
from atelier.lifecycle.family import Family

OUTFIT: Final = Family[OutfitPreset](
    name=FAMILY,
    plan=PLAN,
    material=material,
    examine=examine,
    reexamine=reexamine,
    decide=decide,
    release_files=release_files,
    card=resources.files(outfit) / "CARD.md",
    needs=(RETRIEVAL,),
    unavailable=why_no_outfits,
    inputs=embedding_space,
    served_stage=better_of,
    fits=fits,
    workspace_files=rule_files,
    evaluate=evaluate,
)

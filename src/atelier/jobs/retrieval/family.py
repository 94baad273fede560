"""Defines the retrieval family: finds the catalogue item of a shopper's photo or text."""

from __future__ import annotations

from importlib import resources
from typing import Final

from atelier.families import retrieval
from atelier.families.retrieval.config import RetrievalPreset
from atelier.families.retrieval.presets import PLAN
from atelier.jobs.retrieval.champion import FAMILY
from atelier.jobs.retrieval.evaluate import evaluate
from atelier.jobs.retrieval.exam import examine, examined_with, reexamine
from atelier.jobs.retrieval.gate import decide
from atelier.jobs.retrieval.material import material
from atelier.jobs.retrieval.release import release_files
from atelier.lifecycle.family import Family

RETRIEVAL: Final = Family[RetrievalPreset](
    name=FAMILY,
    plan=PLAN,
    material=material,
    examine=examine,
    examined_with=examined_with,
    reexamine=reexamine,
    decide=decide,
    release_files=release_files,
    card=resources.files(retrieval) / "CARD.md",
    required=True,
    evaluate=evaluate,
)

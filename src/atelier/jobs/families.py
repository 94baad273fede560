"""Lists the families that are trained, judged and released. A new family is two folders and one line here."""

from __future__ import annotations

from typing import Any, Final

from atelier.jobs.detection.family import DETECTION
from atelier.jobs.outfit.family import OUTFIT
from atelier.jobs.ranking.family import RANKING
from atelier.jobs.retrieval.family import RETRIEVAL
from atelier.lifecycle.family import Family

FAMILIES: Final[tuple[Family[Any], ...]] = (DETECTION, RETRIEVAL, OUTFIT, RANKING)
"""In the order of training: examinations of retrieval search with the detector, outfits see items as the
retrieval champion does."""

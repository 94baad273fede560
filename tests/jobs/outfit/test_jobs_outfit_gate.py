"""The gate of outfit models: the same blanks, and evidence."""

from __future__ import annotations

import numpy as np

from atelier.jobs.outfit.gate import compare


def test_a_challenger_wins_on_evidence_alone() -> None:
    rng = np.random.default_rng(0)
    old = {"outfits": rng.random(400) < 0.5, "worn": rng.random(100) < 0.4}
    better = {source: hits | (rng.random(len(hits)) < 0.3) for source, hits in old.items()}
    assert compare(better, old, has_champion=True, floor=0.0).promoted
    same = compare(old, old, has_champion=True, floor=0.0)
    assert (same.promoted, same.interval and same.interval.difference) == (False, 0)
    assert not compare(old, better, has_champion=True, floor=0.0).promoted
    assert compare(old, None, has_champion=False, floor=0.4).promoted
    alone = compare(old, None, has_champion=True, floor=0.6)
    assert not alone.promoted
    assert "sees items as an earlier retrieval model did" in alone.reason

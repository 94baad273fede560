"""Lets a ranker take the champion's place, or not: on clicks, in writing.

Two kinds of evidence, the better one first:

1. Feeds that the champion made here. Their log has every set that could have stood at a place, so that the
   challenger's probability of what was shown is known exactly, and `delivery.verdict.decide` compares click
   rates. Where it finds enough evidence, its verdict is the gate's.
2. All other showings of the test. A shop logs the probability of what it showed, but not what else it could
   have shown. To take all sets that were shown within some days for the candidates is not sound: what the
   shop shows seldom is missing from such a list just because it is shown seldom, and what it could not have
   shown that day is in it, so that the challenger's probabilities, and with them every weight, are those of
   another question. So no click rate is estimated there. Both rankers are asked the same showings instead:
   how often a user's clicked set stands above one that the same user did not click, and the log loss, with
   intervals by a paired bootstrap of whole users. This says who knows tastes better, given what was shown.

Both look at the last showings by time alone. A champion of an older data version has seen none of these
unless old showings were ingested later.
"""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from atelier.datasets.catalogue import Catalogue
from atelier.jobs.outfit.champion import champion_embedder
from atelier.jobs.ranking.champion import FAMILY, SPACE, ranker_in
from atelier.jobs.ranking.exam import RESULTS_FILE
from atelier.jobs.ranking.examine import Answers, answers, auc_difference, loss_difference
from atelier.jobs.ranking.feeds import judge_feeds
from atelier.jobs.ranking.material import Description, material_as
from atelier.jobs.ranking.train import ranker_code, ranking_preset
from atelier.jobs.retrieval.embedder import CatalogueEmbedder
from atelier.jobs.retrieval.exam import Registered
from atelier.jobs.retrieval.train import current_version
from atelier.lifecycle.gate import GateVerdict, champion_challenger_test
from atelier.registry.models import ModelVersion
from atelier.registry.store import Registry
from atelier.settings import Settings

MARGIN = 0.01
"""'Not worse' means that the whole interval of the difference of AUC lies above minus this."""
MAX_LOSS = 0.01
"""Log loss may not surely rise by more than this: a policy's temperature divides these log-odds."""


def gate_ranker(
    settings: Settings, preset: str, registered: Registered, *, progress: bool = True
) -> GateVerdict:
    """Hold champion and challenger against the same clicks and move the alias `champion` if they say so.

    A pair that was judged on this data is not judged again. A champion that was made for the vectors of
    another retrieval model can rank nothing any more: the challenger is then judged as a first one.
    """

    def judge(registry: Registry, challenger: ModelVersion, champion: ModelVersion | None) -> dict[str, Any]:
        if champion is not None and champion.tags.get(SPACE) != challenger.tags.get(SPACE):
            champion = None
        with TemporaryDirectory() as folder:
            return _judge(settings, registry, preset, challenger, champion, Path(folder), progress)

    return champion_challenger_test(settings, FAMILY, preset, registered, ranker_code(), judge)


def decide(challenger: Answers, champion: Answers | None, min_auc: float, min_clicks: int) -> dict[str, Any]:
    """`promoted` and its `reason`, and the paired difference of AUC with its 95 % interval.

    A challenger is promoted when it orders each user's showings better without giving worse probabilities,
    or not worse with better ones. The first of all needs `min_auc`; where that is 0, any will do, so that
    feeds can begin.
    """
    clicks, auc = int(challenger.clicked_N.sum()), challenger.metrics.get("auc_within_users")
    if clicks < min_clicks or (auc is None and (champion is not None or min_auc > 0)):
        return {
            "promoted": False,
            "reason": f"not enough evidence: {clicks} clicks on {len(challenger.clicked_N):,} showings of "
            f"the test; at least {min_clicks} are needed, and users with both clicked and unclicked ones",
        }
    if champion is None:
        seen = "no pairs to judge by" if auc is None else f"{auc:.3f} of each user's pairs in the right order"
        words = "the floor is cleared" if (auc or 0) >= min_auc else f"below the floor of {min_auc:.2f}"
        reason = f"there is no champion, {seen}, {words}"
        return {"promoted": (auc or 0) >= min_auc, "reason": reason}
    order, loss = auc_difference(challenger, champion), loss_difference(challenger, champion)
    promoted, reason = _compare(order.low, loss.low, loss.high)
    reason = f"{reason} (AUC {order.difference:+.4f}, log loss {loss.difference:+.4f}, {clicks} clicks)"
    return {
        "promoted": promoted,
        "reason": reason,
        "difference": order.difference,
        "low": order.low,
        "high": order.high,
    }


def _compare(auc_low: float, loss_low: float, loss_high: float) -> tuple[bool, str]:
    if loss_low > MAX_LOSS:
        return False, f"its probabilities are worse: log loss rises by {loss_low:.4f} at least"
    if auc_low > 0:
        return True, "better: the whole interval of the difference of AUC lies above zero"
    if auc_low > -MARGIN and loss_high < 0:
        return True, f"not worse by more than {MARGIN}, with better probabilities"
    return False, "not shown to be better, nor as good with better probabilities"


def _judge(
    settings: Settings,
    registry: Registry,
    preset: str,
    challenger: ModelVersion,
    champion: ModelVersion | None,
    folder: Path,
    progress: bool,
) -> dict[str, Any]:
    catalogue = Catalogue.open(settings.data_dir)
    versions = [challenger] if champion is None else [challenger, champion]
    folders = [registry.fetch(each, folder / str(each.version)) for each in versions]
    with champion_embedder(settings, catalogue) as eyes:
        if champion is not None:
            name, shown_by = f"{FAMILY} {challenger.version}", ranker_in(folders[1]).contract.digest
            verdict = judge_feeds(settings, catalogue, eyes, name, folders[0], shown_by, progress=progress)
            if verdict is not None and verdict.enough:
                gain = verdict.difference
                return {
                    "promoted": verdict.release,
                    "reason": f"by {verdict.support.num_showings:,} places of the champion's own feeds: "
                    f"{verdict.reason}",
                    "difference": gain.value,
                    "low": gain.low,
                    "high": gain.high,
                }
        evidence = [
            _answers(settings, registry, version, own, catalogue, eyes, progress)
            for version, own in zip(versions, folders, strict=True)
        ]
    wanted = ranking_preset(preset)
    before = evidence[1] if champion is not None else None
    return decide(evidence[0], before, wanted.min_auc, wanted.min_clicks)


def _answers(
    settings: Settings,
    registry: Registry,
    version: ModelVersion,
    folder: Path,
    catalogue: Catalogue,
    eyes: CatalogueEmbedder,
    progress: bool,
) -> Answers:
    """A version's answers on the current data: its examination's, or new ones where the data has changed."""
    if version.tags.get("data_version") == current_version(settings):
        return Answers.of_marks(json.loads(registry.read(version.run_id, RESULTS_FILE)))
    ranker = ranker_in(folder)
    description = Description.read(folder, ranker.contract)
    return answers(ranker, material_as(catalogue, eyes, description, progress=progress))

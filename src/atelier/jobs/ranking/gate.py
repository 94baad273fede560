"""Compares a ranker with the champion by clicks.

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

from atelier.evidence import Interval
from atelier.families.ranking.config import RankingPreset
from atelier.jobs.ranking.champion import ranker_in
from atelier.jobs.ranking.examine import RankerAnswers, auc_difference, loss_difference
from atelier.jobs.ranking.feeds import judge_feeds
from atelier.jobs.retrieval.embedder import catalogue_embedder
from atelier.lifecycle.context import Context
from atelier.lifecycle.family import Contestant, Decision

MARGIN = 0.01
"""'Not worse' means that the whole interval of the difference of AUC lies above minus this."""
MAX_LOSS = 0.01
"""Log loss may not surely rise by more than this: a policy's temperature divides these log-odds."""


def decide(context: Context[RankingPreset], challenger: Contestant, champion: Contestant | None) -> Decision:
    """Promote a ranker that is better on its champion's own feeds, or else on all other showings.

    A champion that was made for the vectors of another retrieval model can rank nothing any more: the
    challenger is then judged as a first one.
    """
    if champion is not None and champion.results is None:
        champion = None
    by_feeds = _by_feeds(context, challenger, champion) if champion else None
    if by_feeds is not None:
        return by_feeds
    before = RankerAnswers.of_results(champion.results) if champion else None
    preset = context.preset
    return compare(RankerAnswers.of_results(challenger.results), before, preset.min_auc, preset.min_clicks)


def _by_feeds(
    context: Context[RankingPreset], challenger: Contestant, champion: Contestant
) -> Decision | None:
    """Decide by the champion's own feeds; None where they are not enough evidence."""
    embedder = context.once(catalogue_embedder)
    verdict = judge_feeds(
        context.settings,
        embedder.catalogue,
        embedder,
        challenger.name,
        challenger.files,
        ranker_in(champion.files).contract.digest,
        progress=context.progress,
    )
    if verdict is None or not verdict.enough:
        return None
    gain = verdict.difference
    reason = f"by {verdict.support.num_showings:,} places of the champion's own feeds: {verdict.reason}"
    return Decision(verdict.release, reason, Interval(gain.value, gain.low, gain.high))


def compare(
    challenger: RankerAnswers, champion: RankerAnswers | None, min_auc: float, min_clicks: int
) -> Decision:
    """Compare the order that both give to the same showings.

    A challenger is promoted when it orders each user's showings better without giving worse probabilities,
    or not worse with better ones. The first of all needs `min_auc`; where that is 0, any will do, so that
    feeds can begin.
    """
    clicks, auc = int(challenger.clicked_N.sum()), challenger.metrics.get("auc_within_users")
    if clicks < min_clicks or (auc is None and (champion is not None or min_auc > 0)):
        return Decision(
            False,
            f"not enough evidence: {clicks} clicks on {len(challenger.clicked_N):,} showings of "
            f"the test; at least {min_clicks} are needed, and users with both clicked and unclicked ones",
        )
    if champion is None:
        seen = "no pairs to judge by" if auc is None else f"{auc:.3f} of each user's pairs in the right order"
        words = "the floor is cleared" if (auc or 0) >= min_auc else f"below the floor of {min_auc:.2f}"
        reason = f"there is no champion, {seen}, {words}"
        return Decision((auc or 0) >= min_auc, reason)
    order, loss = auc_difference(challenger, champion), loss_difference(challenger, champion)
    promoted, reason = _compare(order.low, loss.low, loss.high)
    reason = f"{reason} (AUC {order.difference:+.4f}, log loss {loss.difference:+.4f}, {clicks} clicks)"
    return Decision(promoted, reason, order)


def _compare(auc_low: float, loss_low: float, loss_high: float) -> tuple[bool, str]:
    if loss_low > MAX_LOSS:
        return False, f"its probabilities are worse: log loss rises by {loss_low:.4f} at least"
    if auc_low > 0:
        return True, "better: the whole interval of the difference of AUC lies above zero"
    if auc_low > -MARGIN and loss_high < 0:
        return True, f"not worse by more than {MARGIN}, with better probabilities"
    return False, "not shown to be better, nor as good with better probabilities"

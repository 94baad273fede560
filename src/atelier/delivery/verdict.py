"""Decides on evidence from clicks whether a new ranker is promoted."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from atelier.delivery.off_policy import (
    ESTIMATORS,
    Estimate,
    Log,
    Support,
    difference,
    logged_rate,
    support,
)


@dataclass(frozen=True)
class VerdictRules:
    """The thresholds of the verdict."""

    confidence: float = 0.95
    """Of the intervals: a ranker that is worse by the margin goes out in (1 - confidence) / 2 of trials."""
    margin: float = 0.0
    """The new ranker goes out if the whole interval of the difference lies above minus this click rate."""
    clip: float | None = None
    """Largest weight; None leaves weights, and so the estimates unbiased."""
    min_users: int = 50
    """Fewer users than this decide nothing."""
    min_effective_size: float = 300.0
    """Nor do fewer evenly weighted showings than this."""
    max_largest_share: float = 0.05
    """Nor a log in which one showing has more of the weight than this."""
    max_outside: float = 0.01
    """Nor one in which the new ranker shows with more than this probability what was never shown."""
    max_mean_weight_errors: float = 4.0
    """Nor one whose mean weight is more standard errors away from 1: its probabilities are not true."""


@dataclass(frozen=True)
class RankerVerdict:
    """The decision about a new ranker with its reason."""

    release: bool
    enough: bool
    """Whether there was evidence to decide on: where not, more showings with exploration are what helps."""
    reason: str
    ranker: str
    """How a reviewer calls it: 'ranking 7'."""
    confidence: float
    margin: float
    support: Support
    logged: Estimate
    """The click rate of the ranker that made the log."""
    new: tuple[Estimate, ...]
    """The new ranker's, by each estimator that the log allows."""
    difference: Estimate
    """New minus logged, by the estimator that decides."""

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> RankerVerdict:
        facts: dict[str, Any] = json.loads(text)
        facts["support"] = Support(**facts["support"])
        facts["new"] = tuple(Estimate(**each) for each in facts["new"])
        return cls(**facts | {name: Estimate(**facts[name]) for name in ("logged", "difference")})

    def to_markdown(self) -> str:
        """Write the report for the run."""
        seen, gain = self.support, self.difference
        outside = "not told" if seen.outside is None else f"{seen.outside:.4f}"
        rows = [("logged ranker, mean", self.logged)]
        rows += [(f"{self.ranker}, {each.estimator}", each) for each in self.new]
        rows.append((f"difference, {gain.estimator}", gain))
        return "\n".join(
            [
                f"# Ranker: {'may go out' if self.release else 'held'}",
                "",
                f"{self.ranker}: {self.reason}.",
                "",
                f"| Click rate | Estimate | {self.confidence:.0%} interval |",
                "| --- | ---: | :---: |",
                *(
                    f"| {name} | {each.value:+.4f} | [{each.low:+.4f}, {each.high:+.4f}] |"
                    for name, each in rows
                ),
                "",
                f"From {seen.num_showings:,} showings to {seen.num_users:,} users, worth "
                f"{seen.effective_size:,.0f} evenly weighted ones. Heaviest: {seen.largest_share:.2%} "
                f"of the weight. Mean weight: {seen.mean_weight:.3f} (1 but for chance). Probability of sets "
                f"never shown: {outside}.",
                "",
            ]
        )


def decide(ranker: str, log: Log, rules: VerdictRules = VerdictRules()) -> RankerVerdict:
    """Decide whether the new ranker may replace the one that made the log.

    It may when the log can speak about it, and the whole interval of the difference lies above minus the
    margin. The difference is doubly robust where the log has predictions, else self-normalised.
    """
    seen = support(log)
    names = [name for name in ESTIMATORS if log.predictions is not None or name != "doubly robust"]
    if seen.mean_weight == 0:
        names = [name for name in names if name != "self-normalised"]
    decisive = "doubly robust" if log.predictions is not None else names[-1]
    gain = difference(log, decisive, rules.clip, rules.confidence)
    objection = _objection(seen, rules)
    release, reason = (False, objection) if objection else _compare(gain, rules.margin)
    return RankerVerdict(
        release=release,
        enough=objection is None,
        reason=reason,
        ranker=ranker,
        confidence=rules.confidence,
        margin=rules.margin,
        support=seen,
        logged=logged_rate(log, rules.confidence),
        new=tuple(ESTIMATORS[name](log, rules.clip, rules.confidence) for name in names),
        difference=gain,
    )


def _compare(gain: Estimate, margin: float) -> tuple[bool, str]:
    if gain.low > 0:
        return True, "better: the whole interval of the difference lies above zero"
    if gain.low > -margin:
        return True, f"not worse by more than {margin:.4f}"
    if gain.high < 0:
        return False, "worse: the whole interval of the difference lies below zero"
    return False, f"not shown to be as good: the interval reaches down to {gain.low:+.4f}"


def _objection(seen: Support, rules: VerdictRules) -> str | None:
    """Why the log says too little about this ranker, or None."""
    lack = "not enough evidence: "
    if seen.num_users < rules.min_users:
        return f"{lack}{seen.num_users} users are too few; at least {rules.min_users} are needed"
    if seen.outside is not None and seen.outside > rules.max_outside:
        return (
            f"{lack}with probability {seen.outside:.3f} it shows sets that were never shown, more than "
            f"{rules.max_outside:.3f}; show them first, by a share of exploration"
        )
    if seen.effective_size < rules.min_effective_size:
        return (
            f"{lack}{seen.num_showings:,} showings are worth {seen.effective_size:.0f} evenly weighted ones; "
            f"at least {rules.min_effective_size:.0f} are needed"
        )
    if seen.largest_share > rules.max_largest_share:
        limit = rules.max_largest_share
        return f"{lack}one showing has {seen.largest_share:.1%} of the weight, more than {limit:.1%}"
    if abs(seen.mean_weight - 1) > rules.max_mean_weight_errors * seen.mean_weight_error + 1e-9:
        return (
            f"{lack}weights are {seen.mean_weight:.3f} in the mean instead of 1, beyond chance; the logged "
            f"probabilities are not those with which sets were shown, or the new ranker shows others"
        )
    return None

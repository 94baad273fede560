"""Computes metrics from people's judgments of searches.

The judged searches and their judgments are a test collection that outlives data versions and models. A model
is scored by how its answers to these searches were judged; answers that nobody judged are passed over, and
`coverage_at_10` says how many were not.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from atelier.datasets import judgments as store
from atelier.families.retrieval.inference import Encoder
from atelier.families.retrieval.metrics import GRADES, preference_test, relevance_metrics
from atelier.index.query import IndexReader
from atelier.jobs.retrieval.queries import Query, judged_queries
from atelier.jobs.retrieval.scoring import PreparedQuery, look
from atelier.settings import Settings
from atelier.vocabulary import Judgment, Preference

NUM_ANSWERS = 10


@dataclass(frozen=True)
class Collection:
    """Searches that people judged, with their judgments."""

    queries: Mapping[str, Query]
    """By digest."""
    judgments: Sequence[Judgment]
    preferences: Sequence[Preference]
    digest: str
    """Of all that was ever recorded."""

    def grades(self) -> dict[str, dict[str, float]]:
        """Map each search's digest to item id -> grade, the mean over reviewers: see `metrics.GRADES`."""
        told: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
        for row in self.judgments:
            told[row.query_digest, row.item_id].append(GRADES[row.verdict])
        grades: defaultdict[str, dict[str, float]] = defaultdict(dict)
        for (digest, item_id), values in told.items():
            grades[digest][item_id] = float(np.mean(values))
        return dict(grades)

    def weights(self) -> dict[str, float]:
        """Map each search's digest to the number of searches it stands for, summed over its reviews."""
        rows: Sequence[Judgment | Preference] = [*self.judgments, *self.preferences]
        weight = {(row.query_digest, row.review_id): row.weight for row in rows}
        total: defaultdict[str, float] = defaultdict(float)
        for (digest, _), value in weight.items():
            total[digest] += value
        return dict(total)


def load_collection(settings: Settings) -> Collection:
    """Read all recorded judgments of this workspace; empty where there are none."""
    folder = settings.judgments_dir
    queries = {query.digest: query for query in judged_queries(settings)}
    return Collection(
        queries, store.read(folder, "judgments"), store.read(folder, "preferences"), store.digest(folder)
    )


def relevance(collection: Collection, answers: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """Compute the metrics of a model's answers to judged searches; empty where none was judged.

    answers: digest of a search -> item ids, best first. See `metrics.relevance_metrics`, with weights that
    lead back to all searches that the reviews drew from.
    """
    grades, weights = collection.grades(), collection.weights()
    asked = sorted(grades.keys() & answers.keys())
    if not asked:
        return {}
    grade_QK = np.full((len(asked), NUM_ANSWERS), np.nan)
    ideal_QI = np.full((len(asked), max(len(grades[digest]) for digest in asked)), np.nan)
    for row, digest in enumerate(asked):
        for place, item_id in enumerate(answers[digest][:NUM_ANSWERS]):
            grade_QK[row, place] = grades[digest].get(item_id, math.nan)
        ideal_QI[row, : len(grades[digest])] = list(grades[digest].values())
    return relevance_metrics(grade_QK, ideal_QI, np.asarray([weights[digest] for digest in asked]))


def review_figures(collection: Collection, facts: Mapping[str, Any]) -> dict[str, float]:
    """Compute the figures of a review: `champion/ndcg_at_10`, `challenger/...`, and the preference.

    facts: the review's own, from its run. `net_preference` is the weighted share of searches that the
    challenger won minus the share that it lost, with its 95 % interval `net_low` to `net_high`; `sign_test_p`
    is the chance of so one-sided a result between equals. `reviewer_agreement` is the share of items with
    several reviewers that two of them graded alike.
    """
    own = [row for row in collection.judgments if row.review_id == facts["review_id"]]
    votes = [row for row in collection.preferences if row.review_id == facts["review_id"]]
    judged = Collection({}, own, votes, collection.digest)
    figures: dict[str, float] = {
        "num_judgments": float(len(own)),
        "num_reviewers": float(len({row.reviewer for row in own} | {row.reviewer for row in votes})),
    }
    for side in ("champion", "challenger"):
        answers = {query["query"]: query[side] for query in facts["queries"]}
        figures |= {f"{side}/{name}": value for name, value in relevance(judged, answers).items()}
    return figures | _preferred(votes) | _reviewer_agreement(own)


def ask_judged(
    encoder: Encoder, reader: IndexReader, collection: Collection, progress: bool
) -> dict[str, float]:
    """Compute `judged/ndcg_at_10` and so on for an encoder and an index; empty where nothing was judged."""
    queries = [query for digest, query in sorted(collection.queries.items()) if digest in collection.grades()]
    if not queries:
        return {}
    encoded = look(
        encoder, [PreparedQuery(query, query.box) for query in queries], "judged searches", progress
    )
    hits = [reader.search(each.embedding, NUM_ANSWERS, relevance=each.relevance) for each in encoded]
    answers = {query.digest: [hit.item_id for hit in own] for query, own in zip(queries, hits, strict=True)}
    return {f"judged/{name}": value for name, value in relevance(collection, answers).items()}


def compared_in_words(
    collection: Collection, champion: Mapping[str, Sequence[str]], challenger: Mapping[str, Sequence[str]]
) -> str:
    """Write a section of a report, as Markdown, that compares both models' answers by the judgments.

    Empty where nobody judged anything.
    """
    shared = champion.keys() & challenger.keys()
    sides = [
        relevance(collection, {digest: answers[digest] for digest in shared})
        for answers in (champion, challenger)
    ]
    if not collection.judgments:
        return ""
    lines = ["", "## As people judged it", ""]
    if not sides[0]:
        lines.append("The judged searches were not asked when these two were examined.")
        return "\n".join(lines) + "\n"
    lines += [
        f"{sides[0]['num_queries']:.0f} searches that both were asked have judgments "
        f"(collection {collection.digest[:12]}). They inform; the decision does not depend on them.",
        *("", "| | Champion | Challenger |", "| --- | ---: | ---: |"),
    ]
    names = [name for name in sides[0] if name != "num_queries"]
    lines += [f"| {name} | {sides[0][name]:.4f} | {sides[1][name]:.4f} |" for name in names]
    return "\n".join(lines) + "\n"


def _preferred(votes: Iterable[Preference]) -> dict[str, float]:
    value = {"challenger": 1.0, "champion": -1.0, "equal": 0.0}
    of_query: defaultdict[str, list[float]] = defaultdict(list)
    weight: dict[str, float] = {}
    for row in votes:
        of_query[row.query_digest].append(value[row.better])
        weight[row.query_digest] = row.weight
    if not of_query:
        return {}
    outcomes = np.asarray([np.mean(values) for values in of_query.values()])
    test = preference_test(outcomes, np.asarray([weight[digest] for digest in of_query]))
    return {
        **{"challenger_better": float(test.wins), "champion_better": float(test.losses)},
        **{"equal": float(test.ties), "net_preference": test.net},
        **{"net_low": test.low, "net_high": test.high, "sign_test_p": test.p_value},
    }


def _reviewer_agreement(rows: Iterable[Judgment]) -> dict[str, float]:
    told: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for row in rows:
        told[row.query_digest, row.item_id].append(row.verdict)
    same = [one == other for verdicts in told.values() for one, other in combinations(verdicts, 2)]
    return {"reviewer_agreement": float(np.mean(same))} if same else {}

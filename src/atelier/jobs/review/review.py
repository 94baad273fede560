"""Creates a relevance review: searches with the answers of two models side by side, for people to judge.

What a reviewer opens is one HTML file that does not know which model is which. The key lies in `review.json`
beside it, in MLflow and under `reports/`.

A review shows a sample, in which searches that the models answer differently are over-represented: see
`review_sample.draw`. Each search carries its weight; sum(weight * value) / sum(weight) leads any figure back
to all searches of the examination.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from atelier.errors import VersionError
from atelier.families.retrieval.inference import Encoder
from atelier.families.retrieval.metrics import Agreement, agreement
from atelier.jobs.retrieval.held_out import Exam, load_exam
from atelier.jobs.retrieval.queries import Query, write_queries_folder
from atelier.jobs.retrieval.scoring import Gallery, ask, embed
from atelier.jobs.review.page import Found, Shown, page
from atelier.jobs.review.sample import DISAGREEING_FACTOR, Sample, draw
from atelier.jobs.review.sides import Side, choose_sides
from atelier.lifecycle.context import current_version
from atelier.lifecycle.runs import run_key
from atelier.registry.runs import RunRef
from atelier.registry.store import Registry, open_registry
from atelier.settings import Settings
from atelier.vocabulary import Item

FORMAT = "1"
"""Raise it when a review shows something else: kept ones are then made anew."""
NUM_ANSWERS = 10
PAGE_FILE, FACTS_FILE, QUERIES_FOLDER = "review.html", "review.json", "queries"
"""Names under `review/` of a run's artifacts and in the folder under `reports/`."""


@dataclass(frozen=True)
class Reviewed:
    """A review that is ready to be judged."""

    review_id: str
    champion: str
    challenger: str
    run_id: str
    page_path: str
    """The HTML file to open, or to send to a reviewer."""
    num_queries: int
    num_different: int
    """Searches shown of which the two first answers differ."""
    agreement: dict[str, float]
    """Over all searches of the examination: see `summary`."""
    reused: bool
    seconds: float


@dataclass(frozen=True)
class Compared:
    """All searches of an examination with both models' answers."""

    queries: Sequence[Query]
    champion: Sequence[Found]
    challenger: Sequence[Found]

    def agreements(self) -> list[Agreement]:
        """Compute the agreement on each search, over the best NUM_ANSWERS."""
        pairs = zip(self.champion, self.challenger, strict=True)
        return [
            agreement([item for item, _ in one], [item for item, _ in other], NUM_ANSWERS)
            for one, other in pairs
        ]


def review(
    settings: Settings,
    champion: str | None = None,
    challenger: str | None = None,
    num_queries: int = 60,
    seed: int = 0,
    *,
    progress: bool = True,
) -> Reviewed:
    """Let two models answer the examination's searches and lay out a sample of them for judging.

    Which two: see `review_sides.choose_sides`. The same two on the same data with the same size and seed are
    one review, made once. Costs what embedding the catalogue twice costs. RegistryError: there is only one
    model. VersionError: there is no data.
    """
    start = time.perf_counter()
    registry = open_registry(settings)
    sides = choose_sides(settings, registry, champion, challenger)
    data_version = current_version(settings)
    digests = [side.digest for side in sides]
    review_id = run_key("review", data_version, *digests, str(num_queries), str(seed), FORMAT, code="")[:12]
    found = registry.find_run(run_of(review_id))
    if found is None:
        run_id = _make(settings, registry, review_id, data_version, sides, num_queries, seed, progress)
    else:
        run_id = found.run_id
    folder = _fetch(settings, registry, review_id, run_id)
    facts = json.loads((folder / FACTS_FILE).read_text(encoding="utf-8"))
    return Reviewed(
        review_id,
        facts["champion"],
        facts["challenger"],
        run_id,
        str(folder / PAGE_FILE),
        len(facts["queries"]),
        sum(query["differs"] for query in facts["queries"]),
        facts["agreement"],
        found is not None,
        time.perf_counter() - start,
    )


def run_of(review_id: str) -> str:
    """Return the key of a review's run."""
    return f"review-{review_id}"


def find_review(registry: Registry, review_id: str) -> RunRef | None:
    return registry.find_run(run_of(review_id))


def summary(agreements: Sequence[Agreement]) -> dict[str, float]:
    """Average over searches: `overlap_at_10`, `same_top_1`, and `rank_correlation` where it is defined."""
    known = [each.rank_correlation for each in agreements if each.rank_correlation is not None]
    return {
        f"overlap_at_{NUM_ANSWERS}": float(np.mean([each.overlap for each in agreements])),
        "same_top_1": float(np.mean([each.same_first for each in agreements])),
        "rank_correlation": float(np.mean(known)) if known else 0.0,
    }


def _make(
    settings: Settings,
    registry: Registry,
    review_id: str,
    data_version: str,
    sides: tuple[Side, Side],
    num_queries: int,
    seed: int,
    progress: bool,
) -> str:
    """Everything of a review, into a run of its own; returns the run's id."""
    names = {"champion": sides[0].name, "challenger": sides[1].name}
    exam = load_exam(settings, data_version)
    if not exam.queries:
        raise VersionError(
            f"data version {data_version[:12]} has no held-out product to search for, so there is nothing to "
            f"review; ingest a larger drop"
        )
    name = f"review-{sides[0].name}-{sides[1].name}".replace(" ", "-")
    tags = {"data_version": data_version, **names}
    with registry.start_run(name, run_of(review_id), tags) as run, TemporaryDirectory() as folder:
        encoders = [side.open(Path(folder)) for side in sides]
        compared = compare(exam, encoders[0], encoders[1], progress)
        target = Path(folder) / "review"
        facts: dict[str, Any] = {"review_id": review_id, "data_version": data_version, **names}
        facts |= _lay_out(target, review_id, exam, compared, num_queries, seed)
        (target / FACTS_FILE).write_text(json.dumps(facts, indent=1), encoding="utf-8")
        run.metrics(facts["agreement"])
        run.file(target, "review")
        run.describe(_description(facts))
    if sides[1].version is not None:
        registry.tag_version(sides[1].version, {"review_run": run.run_id})
    return run.run_id


def _lay_out(
    target: Path, review_id: str, exam: Exam, compared: Compared, num_queries: int, seed: int
) -> dict[str, Any]:
    """Write page and searches of a sample into a folder; returns what `review.json` says of it."""
    agreements = compared.agreements()
    sample = draw(
        [query.kind for query in compared.queries],
        [exam.item_of[query.item_id].category for query in compared.queries],
        np.asarray([not each.same_first for each in agreements]),
        num_queries,
        seed,
    )
    champion_is_a = np.random.default_rng([seed, 1]).random(len(sample.index_n)) < 0.5
    shown = _shown(compared, sample, champion_is_a)
    write_queries_folder(target / QUERIES_FOLDER, [compared.queries[i] for i in sample.index_n])
    (target / PAGE_FILE).write_text(page(review_id, shown, _items(exam, shown)), encoding="utf-8")
    return {
        "seed": seed,
        "disagreeing_factor": DISAGREEING_FACTOR,
        "num_searches": len(compared.queries),
        "agreement": summary(agreements),
        "queries": _facts(compared, sample, champion_is_a, agreements),
    }


def compare(exam: Exam, champion: Encoder, challenger: Encoder, progress: bool = True) -> Compared:
    """Find both models' best items for every search of the examination, in the view that shoppers use."""
    item_ids = [item.item_id for item in exam.items]
    sides = []
    for encoder in (champion, challenger):
        photos = [(exam.catalogue.read(photo), None) for photo in exam.photos]
        encoded = embed(encoder, photos, "embedding the gallery", progress)
        gallery = Gallery.of(encoded, exam.items)
        views = ask(encoder, gallery, exam.queries, progress, only_best=True)
        queries = [query for view in views for query in view.queries]
        sides.append([found for view in views for found in view.found(item_ids, NUM_ANSWERS)])
    return Compared(queries, *sides)


def _shown(compared: Compared, sample: Sample, champion_is_a: np.ndarray) -> list[Shown]:
    searches = []
    for index, champion_first in zip(sample.index_n, champion_is_a, strict=True):
        query = compared.queries[index]
        answers = compared.champion[index], compared.challenger[index]
        a, b = answers if champion_first else answers[::-1]
        searches.append(Shown(query.digest, query.kind, query.item_id, query.box, query.data, a, b))
    return searches


def _items(exam: Exam, shown: Sequence[Shown]) -> dict[str, tuple[Item, bytes]]:
    """Facts and first catalogue picture of every item on the page."""
    photo_of = {
        item.item_id: photo for item, photo in reversed(list(zip(exam.items, exam.photos, strict=True)))
    }
    wanted = {item_id for each in shown for item_id, _ in (*each.a, *each.b, (each.item_id, 1.0))}
    return {
        item_id: (exam.item_of[item_id], exam.catalogue.read(photo_of[item_id])) for item_id in sorted(wanted)
    }


def _facts(
    compared: Compared, sample: Sample, champion_is_a: np.ndarray, agreements: Sequence[Agreement]
) -> list[dict[str, Any]]:
    """Return what recording needs of each search, the assignment of A and B included."""
    return [
        {
            "query": compared.queries[index].digest,
            "query_id": compared.queries[index].query_id,
            "kind": compared.queries[index].kind,
            "item_id": compared.queries[index].item_id,
            "weight": float(weight),
            "a": "champion" if champion_first else "challenger",
            "champion": [item for item, _ in compared.champion[index]],
            "challenger": [item for item, _ in compared.challenger[index]],
            "differs": not agreements[index].same_first,
            "agreement": asdict(agreements[index]),
        }
        for index, weight, champion_first in zip(sample.index_n, sample.weight_n, champion_is_a, strict=True)
    ]


def _description(facts: dict[str, Any]) -> str:
    figures = "\n".join(f"| {name} | {value:.4f} |" for name, value in facts["agreement"].items())
    return (
        f"# Relevance review {facts['review_id']}\n\nChampion {facts['champion']}, challenger "
        f"{facts['challenger']}. Open `review/{PAGE_FILE}` among the artifacts: {len(facts['queries'])} of "
        f"{facts['num_searches']} searches, those with different first answers "
        f"{facts['disagreeing_factor']:.0f} times as likely. Agreement over all of them:\n\n"
        f"| | |\n| --- | ---: |\n{figures}\n"
    )


def _fetch(settings: Settings, registry: Registry, review_id: str, run_id: str) -> Path:
    """The review under `reports/`, as it lies in its run."""
    folder = settings.reports_dir / f"review-{review_id}"
    folder.mkdir(parents=True, exist_ok=True)
    for name in (PAGE_FILE, FACTS_FILE):
        (folder / name).write_bytes(registry.read(run_id, f"review/{name}"))
    return folder

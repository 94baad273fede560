"""One model for all categories beside one model a category: same data, same network, same passes.

A category is a subcategory of the catalogue ('Shoes', 'Bags') with at least `--least` items. Every model is
the `small` preset's student network, trained from scratch with the teacher's losses for `--epochs` passes
over its own products. A category's held-out products are searched for among that category's products only,
as if somebody had told the right model beforehand: that favours the many.

    ATELIER_HOME=... .venv/bin/python benchmarks/one_model.py [--epochs 4] [--json]
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from atelier.engine.processes import device
from atelier.engine.tracker import NullTracker
from atelier.families.retrieval.config import RetrievalConfig
from atelier.families.retrieval.framing import frame
from atelier.families.retrieval.metrics import rank_of_item
from atelier.families.retrieval.model import RetrievalNetwork
from atelier.families.retrieval.presets import small
from atelier.families.retrieval.products import Products, squeezed
from atelier.families.retrieval.task import RetrievalModule, RetrievalTask
from atelier.families.retrieval.training import Material, learn_space_of, new_network
from atelier.families.retrieval.validation import embed_all
from atelier.families.schedule import Schedule
from atelier.families.training import Training
from atelier.jobs.retrieval.held_out import Exam, load_exam
from atelier.jobs.retrieval.material import load_material
from atelier.jobs.retrieval.products import item_numbers, products_of
from atelier.lifecycle.cache import in_threads
from atelier.lifecycle.context import current_version
from atelier.lifecycle.fit import fit_on_schedule
from atelier.pictures import decode
from atelier.precision import choose_precision
from atelier.settings import Settings
from atelier.vocabulary import Split


@dataclass(frozen=True)
class Row:
    """One category's result."""

    category: str
    items: int
    searches: int
    one: float
    """recall_at_1 of the one model."""
    own: float
    """The same of the category's own model."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--least", type=int, default=100, help="items of the smallest category that counts")
    parser.add_argument("--json", action="store_true", help="print one flat object")
    arguments = parser.parse_args()
    settings = Settings()
    preset = small()
    config = replace(preset.student, loss=preset.teacher.loss)
    material = load_material(settings, config, current_version(settings), progress=not arguments.json)
    pictures = Pictures.of(load_exam(settings, current_version(settings)), config)
    _, items = products_of(pictures.exam.catalogue, Split.TRAIN)
    subcategory_N = np.asarray([item.subcategory or "" for item in items])

    one, one_seconds = trained(material, material.products, config, arguments.epochs)
    rows, own_seconds = [], 0.0
    for category, count in zip(*np.unique(pictures.subcategory_G, return_counts=True), strict=True):
        if count < arguments.least or not category:
            continue
        chosen = np.flatnonzero(subcategory_N == category)
        own, seconds = trained(material, only(material.products, chosen), config, arguments.epochs)
        own_seconds += seconds
        (searches, one_recall), (_, own_recall) = (pictures.recall(net, category) for net in (one, own))
        rows.append(Row(str(category), int(count), searches, one_recall, own_recall))
        if not arguments.json:
            print(rows[-1], flush=True)
    report(rows, one_seconds, own_seconds, arguments.json)


@dataclass(frozen=True)
class Pictures:
    """The exam's gallery and searches, framed and squeezed once for all models."""

    exam: Exam
    gallery_G3SS: NDArray[np.uint8]
    number_G: NDArray[np.int64]
    subcategory_G: NDArray[np.str_]
    queries_Q3SS: NDArray[np.uint8]
    number_Q: NDArray[np.int64]
    subcategory_Q: NDArray[np.str_]

    @classmethod
    def of(cls, exam: Exam, config: RetrievalConfig) -> Pictures:
        size = config.network.image_size
        numbers = item_numbers(exam.items)
        number_of = {item.item_id: number for item, number in zip(exam.items, numbers, strict=True)}
        stored = [exam.catalogue.read(photo) for photo in exam.photos]
        gallery = in_threads(lambda data: squeezed(frame(decode(data)), size), stored, "gallery", False)
        queries = in_threads(
            lambda query: squeezed(frame(query.pixels(), query.box), size), exam.queries, "queries", False
        )
        return cls(
            exam,
            np.stack(gallery),
            numbers,
            np.asarray([item.subcategory or "" for item in exam.items]),
            np.stack(queries),
            np.asarray([number_of[query.item_id] for query in exam.queries]),
            np.asarray([exam.item_of[query.item_id].subcategory or "" for query in exam.queries]),
        )

    def recall(self, network: RetrievalNetwork, category: str) -> tuple[int, float]:
        """Number of searches for a category's products among its own products, and recall_at_1."""
        network.eval()
        rows_G, rows_Q = self.subcategory_G == category, self.subcategory_Q == category
        rank_Q = rank_of_item(
            embed_all(network, self.queries_Q3SS[rows_Q]).embedding_ND,
            embed_all(network, self.gallery_G3SS[rows_G]).embedding_ND,
            self.number_Q[rows_Q],
            self.number_G[rows_G],
        )
        return len(rank_Q), float((rank_Q < 1).mean())


def trained(
    material: Material, products: Products, config: RetrievalConfig, epochs: int
) -> tuple[RetrievalNetwork, float]:
    """A network trained from scratch on these products, and the seconds it took."""
    network = new_network(config, products.labels, seed=0)
    module = RetrievalModule(network, products.labels, config)
    own = replace(material, products=products)
    schedule = Schedule(num_epochs=epochs)
    precision = choose_precision(schedule.precision, device())
    training = Training(
        task=RetrievalTask(module, material.streets_M3HW, config),
        examples=products,
        schedule=schedule,
        finish=lambda: learn_space_of(network, own, config, precision),
        write=lambda _: None,
    )
    started = time.perf_counter()
    with TemporaryDirectory() as folder:
        fit_on_schedule(training, NullTracker(), Path(folder), progress=False)
    return network, time.perf_counter() - started


def only(products: Products, rows_N: NDArray[np.int64]) -> Products:
    """Some of the products; items are numbered anew, so that the softmax has no class without a product."""
    labels = products.labels
    _, item_N = np.unique(labels.item_N[rows_N], return_inverse=True)
    return replace(
        products,
        frames_N4FF=products.frames_N4FF[rows_N],
        extents_N4=products.extents_N4[rows_N],
        shopper_N=products.shopper_N[rows_N],
        tokens_NT=products.tokens_NT[rows_N],
        labels=replace(
            labels,
            item_N=item_N.astype(np.int64),
            cluster_N=labels.cluster_N[rows_N],
            category_N=labels.category_N[rows_N],
            attributes_NA=labels.attributes_NA[rows_N],
            title_N=labels.title_N[rows_N],
        ),
    )


def report(rows: list[Row], one_seconds: float, own_seconds: float, as_json: bool) -> None:
    worse = [row.category for row in rows if row.one < row.own]
    totals = {
        "categories": len(rows),
        "categories_where_one_is_worse": len(worse),
        "recall_one": float(np.average([row.one for row in rows], weights=[row.searches for row in rows])),
        "recall_own": float(np.average([row.own for row in rows], weights=[row.searches for row in rows])),
        "seconds_one": one_seconds,
        "seconds_own": own_seconds,
        "cost_ratio": one_seconds / own_seconds,
    }
    if as_json:
        print(json.dumps(totals | {f"one/{row.category}": row.one for row in rows}))
        return
    table = Table("category", "items", "searches", "one model", "its own model")
    for row in sorted(rows, key=lambda row: -row.items):
        table.add_row(row.category, str(row.items), str(row.searches), f"{row.one:.3f}", f"{row.own:.3f}")
    console = Console()
    console.print(table)
    console.print(totals)


if __name__ == "__main__":
    main()

"""Scores the live release on a folder that training never saw."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from atelier.datasets.drop import Drop, read_drop
from atelier.datasets.raw import RawPhoto
from atelier.errors import DropError, PictureError
from atelier.families.detection.inference import Detector
from atelier.families.retrieval.inference import Encoder
from atelier.index.query import IndexReader
from atelier.jobs.detection.champion import FAMILY as DETECTION
from atelier.jobs.detection.champion import detector_in
from atelier.jobs.retrieval.champion import FAMILY, encoder_in
from atelier.jobs.retrieval.products import item_numbers
from atelier.jobs.retrieval.queries import read_truth
from atelier.jobs.retrieval.relevance import ask_judged, load_collection
from atelier.jobs.retrieval.scoring import Gallery, ask, embed, recall_metrics, recognised
from atelier.jobs.retrieval.user_photos import label_metrics
from atelier.pictures import decode
from atelier.progress import counted, write
from atelier.release.store import folder_of, live
from atelier.settings import Settings
from atelier.vocabulary import Item, PhotoKind

QUERIES_FOLDER = "queries"


def evaluate(settings: Settings, data_dir: Path, *, progress: bool = True) -> dict[str, float]:
    """Compute the live release's metrics on the products and searches in `data_dir`.

    Its products, in any known layout, join a throwaway copy of the live gallery; one that the gallery has
    already takes the place of the old one, which has no say in its article type either. `category_accuracy`
    is over the products' article types. With a folder `queries/` (see `jobs.queries`) come
    `<zip>/whole/recall_at_1`, `<zip>/boxed/recall_at_10`, with a detector in the release
    `<zip>/detected/recall_at_1`, and so on. Where people judged searches in this workspace, the live release
    is asked those too: `judged/ndcg_at_10` and so on, see `jobs.relevance`. A query that cannot be asked, for
    its item is nowhere or its line is short, is named on standard error and counted apart.

    Shoppers' photos with a label and no item add `user_photos/label_accuracy` (see `jobs.user_photos`).

    NoReleaseError: nothing is live. DropError: no layout is recognised, no product can be read, or the
    queries are broken.
    """
    release = live(settings)
    encoder = encoder_in(folder_of(settings, release, FAMILY))
    has_detector = DETECTION in release.models
    detector = detector_in(folder_of(settings, release, DETECTION)) if has_detector else None
    reader = IndexReader.open(settings, release.index, encoder.contract.digest)
    drop = read_drop(data_dir)
    pictures, products = _readable(_products(drop), progress)
    if not products:
        raise DropError(f"{data_dir} holds no product with a readable catalogue photo to evaluate on")
    items = [item for item, _ in products]
    encoded = embed(encoder, [(picture, None) for picture in pictures], "embedding products", progress)
    known, others = _gallery_without(reader, {item.item_id for item in items})
    categories = recognised(
        encoder.contract.categories,
        encoded.embedding,
        encoded.category_probability,
        others.recall_GK,
        [item.category for item in known],
    )
    right = [item.category == name for item, name in zip(items, categories, strict=True)]
    metrics = {"num_products": float(len(items)), "category_accuracy": float(np.mean(right))}
    queries_dir = data_dir / QUERIES_FOLDER
    if queries_dir.is_dir():
        joined = known + items
        gallery = Gallery(
            np.concatenate([others.recall_GK, encoded.embedding]),
            np.concatenate([others.relevance_GR, encoded.relevance]),
            [item.item_id for item in joined],
            item_numbers(joined),
        )
        metrics |= _query_metrics(queries_dir, encoder, detector, gallery, progress)
    metrics |= label_metrics(encoder, _labelled(drop), progress)
    return metrics | ask_judged(encoder, reader, load_collection(settings), progress)


def _query_metrics(
    queries_dir: Path, encoder: Encoder, detector: Detector | None, gallery: Gallery, progress: bool
) -> dict[str, float]:
    """Ask the searches of a folder; those that cannot be asked are named on standard error and counted."""
    truth = read_truth(queries_dir).among(lambda item_id: gallery.number_of(item_id) >= 0)
    for reason in truth.left_out:
        write(f"not asked: {reason}")
    counts = {
        "num_gallery": float(len(gallery.item_ids)),
        "num_queries": float(len(truth.queries)),
        "num_left_out_queries": float(len(truth.left_out)),
    }
    return counts | recall_metrics(ask(encoder, gallery, truth.queries, progress, detector=detector))


def _gallery_without(reader: IndexReader, ids: set[str]) -> tuple[list[Item], Gallery]:
    """The live gallery's other items, and their vectors."""
    others = np.asarray([item_id not in ids for item_id in reader.item_ids], bool)
    items = [item for item_id in reader.item_ids if item_id not in ids and (item := reader.item(item_id))]
    assert reader.relevance_NR is not None, "every student has relevance vectors"
    kept = reader.vectors_ND[others], reader.relevance_NR[others].astype(np.float32)
    return items, Gallery(*kept, [item.item_id for item in items], item_numbers(items))


def _labelled(drop: Drop) -> list[tuple[bytes, str]]:
    """Shoppers' photos that say what they show, but not which item; what cannot be decoded is named."""
    found = []
    for raw in drop.photos:
        if raw.photo.kind == PhotoKind.SHOPPER and raw.photo.category and raw.photo.item_id is None:
            data = _first_readable([raw.read, *raw.otherwise])
            if data is None:
                write(f"left out: {raw.where} is not a readable picture")
            else:
                found.append((data, raw.photo.category))
    return found


def _products(drop: Drop) -> list[tuple[Item, RawPhoto]]:
    """Each product of the folder with its first catalogue photo."""
    photo_of: dict[str | None, RawPhoto] = {}
    for raw in drop.photos:
        if raw.photo.kind == PhotoKind.CATALOGUE:
            photo_of.setdefault(raw.photo.item_id, raw)
    return [(item, photo_of[item.item_id]) for item in drop.rows["items"] if item.item_id in photo_of]


def _readable(
    products: list[tuple[Item, RawPhoto]], progress: bool
) -> tuple[list[bytes], list[tuple[Item, RawPhoto]]]:
    """The pictures that can be decoded, and their products; what cannot is named on standard error."""
    pictures, kept = [], []
    for item, raw in counted(products, "reading products", unit="photos", shown=progress):
        data = _first_readable([raw.read, *raw.otherwise])
        if data is None:
            write(f"left out: {raw.where} is not a readable picture")
            continue
        pictures.append(data)
        kept.append((item, raw))
    return pictures, kept


def _first_readable(readers: list[Callable[[], bytes]]) -> bytes | None:
    for read in readers:
        try:
            data = read()
            decode(data)
            return data
        except PictureError:
            continue
    return None

"""Scores the live release's outfit model on a folder of sets that training never saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from atelier.datasets.catalogue import Catalogue
from atelier.datasets.drop import Drop, read_drop
from atelier.datasets.outfit_protocol import OutfitProtocol, protocols_in
from atelier.datasets.raw import RawPhoto
from atelier.datasets.splits import MASK_SUFFIX
from atelier.errors import DropError, NoReleaseError, PictureError
from atelier.families.outfit.colours import DIMENSION, item_palette
from atelier.families.outfit.inference import OutfitModel, load_model
from atelier.families.outfit.material import SetMaterial, Source
from atelier.families.outfit.metrics import compatibility_auc, fill_in_the_blank
from atelier.families.outfit.questions import Blanks, compatibility, padded, queries_of, scores_of
from atelier.families.outfit.table import ItemTable
from atelier.jobs.outfit.champion import FAMILY
from atelier.jobs.outfit.examine import run_exam
from atelier.jobs.outfit.material import category_source, worn_source
from atelier.jobs.outfit.street_crops import crops_of, describe
from atelier.jobs.retrieval.champion import FAMILY as RETRIEVAL
from atelier.jobs.retrieval.embedder import CatalogueEmbedder, codes_in
from atelier.matting import matte
from atelier.pictures import decode, read_mask
from atelier.progress import counted, write
from atelier.release.store import folder_of, live
from atelier.settings import Settings
from atelier.vocabulary import CategorySet, Item, PhotoKind, Region, Split

CCP = "ccp"
"""What worn-together crops are called in an evaluation: the set that has them."""
_AT_ONCE = 64


def evaluate(settings: Settings, data_dir: Path, *, progress: bool = True) -> dict[str, float]:
    """Compute metrics for each kind of sets in a folder; sets that the workspace trains on are left out.

    - `categories/fill_in_the_blank`: sets of categories; one random piece is blanked, three wrong answers are
      drawn by training frequency;
    - `ccp/fill_in_the_blank`, `ccp/compatibility_auc`: crops of street photos by their masks, wrong answers
      being crops of the same label from other photos;
    - `nondisjoint/...`, `disjoint/...`: the published questions of Polyvore Outfits.

    NoReleaseError: nothing is live, or it has no outfit model. DropError: the folder holds none of these.
    """
    release = live(settings)
    if FAMILY not in release.models:
        raise NoReleaseError(
            f"release {release.release_id} has no outfit model; `atelier retrain` trains one"
        )
    folder = folder_of(settings, release, FAMILY)
    model, catalogue = load_model(folder), Catalogue.open(settings.data_dir)
    retrieval = CatalogueEmbedder(settings, folder_of(settings, release, RETRIEVAL), catalogue)
    embedder = retrieval.with_image_tower(folder)
    drop = read_drop(data_dir)
    metrics: dict[str, float] = {}
    for name, source in (
        ("categories", _categories(drop, catalogue, model, embedder)),
        (CCP, _worn(drop, catalogue, model, embedder, progress)),
    ):
        if source.rows[Split.TEST]:
            material = SetMaterial(model.contract.facts, (source,), model.contract.space)
            exam = run_exam(material, model, material.validation(Split.TEST, most=None))
            metrics |= {f"{name}/{each.split('/')[1]}": value for each, value in exam.metrics.items()}
    for protocol in protocols_in(data_dir):
        metrics |= _published(protocol, drop, model, embedder, progress)
    if not metrics:
        raise DropError(
            f"{data_dir} holds no sets to ask about that training has not seen; expected the layouts "
            f"polyvore-categories, clothing-co-parsing or polyvore-outfits ({', '.join(drop.layouts)} found)"
        )
    return metrics


def _categories(drop: Drop, catalogue: Catalogue, model: OutfitModel, embedder: CatalogueEmbedder) -> Source:
    """Collect the folder's unseen sets of categories; training frequency is the workspace's own."""
    known = {each.set_id: each.split for each in catalogue.category_sets()}
    folder: list[CategorySet] = drop.rows["category_sets"]
    asked = [replace(e, split=Split.TEST) for e in folder if known.get(e.set_id, Split.TEST) == Split.TEST]
    return category_source([*asked, *catalogue.category_sets(Split.TRAIN)], model.contract.facts, embedder)


def _worn(
    drop: Drop, catalogue: Catalogue, model: OutfitModel, embedder: CatalogueEmbedder, progress: bool
) -> Source:
    """Collect the pieces of the folder's unseen street photos."""
    known = {photo.photo_id: photo.split for photo in catalogue.photos(PhotoKind.STREET)}
    raw = {each.photo.photo_id: each for each in drop.photos}
    regions: dict[str, list[Region]] = {}
    for region in drop.rows["regions"]:
        regions.setdefault(region.photo_id, []).append(region)
    asked = [
        name
        for name in sorted(regions)
        if name in raw and f"{name}{MASK_SUFFIX}" in raw and known.get(name, Split.TEST) == Split.TEST
    ]
    crops = []
    for name in counted(asked, "worn pieces", unit="photos", shown=progress):
        try:
            pixels, mask = decode(raw[name].read()), read_mask(raw[f"{name}{MASK_SUFFIX}"].read())
        except PictureError as error:
            write(f"left out: {raw[name].where}: {error}")
            continue
        crops += crops_of(name, pixels, mask, regions[name])
    return worn_source(describe(crops), model.contract.facts, embedder)


def _published(
    protocol: OutfitProtocol, drop: Drop, model: OutfitModel, embedder: CatalogueEmbedder, progress: bool
) -> dict[str, float]:
    """Answer the published questions about the folder's own items; those about unknown ones are left out."""
    named = {item_id for q in protocol.questions for item_id in (*q.context, *q.candidates)}
    named |= {item_id for each in protocol.compatibility for item_id in each.item_ids}
    items: list[Item] = [item for item in drop.rows["items"] if item.item_id in named]
    vectors_ND = model.items.encode(_table(items, drop.photos, model.contract.facts, embedder, progress))
    row = {item.item_id: number for number, item in enumerate(items)}
    asked = [q for q in protocol.questions if row.keys() >= {*q.context, *q.candidates}]
    judged = [each for each in protocol.compatibility if row.keys() >= {*each.item_ids}]
    metrics = {
        f"{protocol.name}/num_questions": float(len(asked)),
        f"{protocol.name}/num_judged": float(len(judged)),
    }
    if asked:
        contexts = padded([[row[item_id] for item_id in q.context] for q in asked])
        right_first = [
            [row[q.candidates[q.right]], *(row[c] for n, c in enumerate(q.candidates) if n != q.right)]
            for q in asked
        ]
        blanks = Blanks(contexts, np.array(right_first))
        scores = scores_of(queries_of(model.generator, vectors_ND, contexts), blanks.answers_QA, vectors_ND)
        metrics[f"{protocol.name}/fill_in_the_blank"] = fill_in_the_blank(scores)
    if len({each.is_outfit for each in judged}) == 2:
        rows_SP = padded([[row[item_id] for item_id in each.item_ids] for each in judged])
        scores_S, real_S = (
            compatibility(model.generator, vectors_ND, rows_SP),
            [each.is_outfit for each in judged],
        )
        is_real_S = np.array(real_S)
        metrics[f"{protocol.name}/compatibility_auc"] = compatibility_auc(
            scores_S[is_real_S], scores_S[~is_real_S]
        )
    return metrics


def _table(
    items: Sequence[Item],
    photos: Sequence[RawPhoto],
    facts: Mapping[str, tuple[str, ...]],
    embedder: CatalogueEmbedder,
    progress: bool,
) -> ItemTable:
    """Describe a folder's items as a table."""
    photo_of = {raw.photo.item_id: raw for raw in photos if raw.photo.kind == PhotoKind.CATALOGUE}
    image_NI = np.zeros((len(items), embedder.contract.relevance_dimension), np.float32)
    colour_NC = np.zeros((len(items), DIMENSION), np.float32)
    shown = [row for row, item in enumerate(items) if item.item_id in photo_of]
    for start in counted(range(0, len(shown), _AT_ONCE), "pictures", unit="batches", shown=progress):
        rows, pictures = shown[start : start + _AT_ONCE], []
        for row in list(rows):
            try:
                pictures.append(decode(photo_of[items[row].item_id].read()))
            except PictureError as error:
                write(f"without its picture: {items[row].item_id}: {error}")
                rows.remove(row)
        if rows:
            image_NI[rows] = embedder.encoder.encode(pictures).relevance
            colour_NC[rows] = [item_palette(matte(pixels)) for pixels in pictures]
    titles_NT = embedder.titles([item.title for item in items])
    return ItemTable(image_NI, titles_NT, colour_NC, codes_in(items, facts))

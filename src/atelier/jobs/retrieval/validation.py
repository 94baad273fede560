"""Reads the validation split: held-out products among some others, searches for them, labelled photos."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from atelier.datasets.catalogue import Catalogue
from atelier.families.retrieval.config import RetrievalConfig
from atelier.families.retrieval.framing import frame
from atelier.families.retrieval.products import Labels, squeezed
from atelier.families.retrieval.tokens import token_ids
from atelier.families.retrieval.validation import Validation
from atelier.jobs.retrieval.products import item_numbers, labelled, products_of
from atelier.jobs.retrieval.queries import Query, held_out_queries
from atelier.lifecycle.cache import in_threads
from atelier.pictures import decode
from atelier.settings import Settings
from atelier.vocabulary import Photo, Split

_VALIDATION_GALLERY = 1000
"""Catalogue photos among which validation looks, at most; the test looks among all."""


def validation_of(
    settings: Settings, catalogue: Catalogue, data_version: str, config: RetrievalConfig, labels: Labels
) -> Validation:
    """Read the validation split of a data version as inputs of a network of this configuration."""
    size = config.network.image_size
    held_out, _ = products_of(catalogue, Split.VALIDATION)
    others, _ = products_of(catalogue, Split.TRAIN)
    photos = held_out + others[: max(0, _VALIDATION_GALLERY - len(held_out))]
    items = {item.item_id: item for item in catalogue.items()}
    gallery_items = [items[str(photo.item_id)] for photo in photos]
    number_G = item_numbers(gallery_items)
    number_of = {item.item_id: int(number) for item, number in zip(gallery_items, number_G, strict=True)}
    category_of = {name: index for index, name in enumerate(labels.categories)}

    def gallery_picture(photo: Photo) -> NDArray[np.uint8]:
        return squeezed(frame(decode(catalogue.read(photo), shrink_to=2 * size)), size)

    def query_picture(query: Query) -> NDArray[np.uint8]:
        return squeezed(frame(query.pixels(), query.box), size)

    def labelled_picture(photo: Photo) -> NDArray[np.uint8]:
        return squeezed(frame(decode(catalogue.read(photo))), size)

    labelled_photos, label_L, _ = labelled(catalogue, Split.VALIDATION)
    labelled_pictures = in_threads(labelled_picture, labelled_photos, "labelled photos", False)
    _, title_G = np.unique([item.title for item in gallery_items], return_inverse=True)
    queries = held_out_queries(settings, catalogue, data_version, Split.VALIDATION)
    queries = [query for query in queries if query.item_id in number_of]
    kinds = sorted({query.kind for query in queries})
    by_kind = {kind: [query for query in queries if query.kind == kind] for kind in kinds}
    return Validation(
        gallery_G3SS=np.stack(in_threads(gallery_picture, photos, "validation gallery", False)),
        gallery_item_G=number_G,
        gallery_category_G=np.asarray([category_of.get(item.category, -1) for item in gallery_items]),
        gallery_tokens_GT=token_ids([item.title for item in gallery_items], config.network.text.num_buckets),
        gallery_title_G=title_G.astype(np.int64),
        held_out_G=np.arange(len(photos)) < len(held_out),
        queries={
            kind: np.stack(in_threads(query_picture, own, kind, False)) for kind, own in by_kind.items()
        },
        query_items={
            kind: np.asarray([number_of[query.item_id] for query in own]) for kind, own in by_kind.items()
        },
        labelled_L3SS=np.stack(labelled_pictures)
        if labelled_pictures
        else np.zeros((0, 3, size, size), np.uint8),
        label_L=label_L,
    )

"""Real shoppers' photos with a label and no item: how well their label can be read out of the embedding."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from atelier.datasets.catalogue import Catalogue
from atelier.families.retrieval.inference import Encoded, Encoder
from atelier.families.retrieval.readout import RIDGES, Readout, features_of, fit, log_loss
from atelier.jobs.scoring import embed
from atelier.vocabulary import Photo, Split

LEAST_TO_LEARN = 50
"""Photos to fit on; with fewer there is no examination of this kind."""


def user_photo_metrics(catalogue: Catalogue, encoder: Encoder, progress: bool = True) -> dict[str, float]:
    """`user_photos/label_accuracy` over the test senders' whole photos, its 95 % interval, and their number.

    The read-out is fitted on the training senders' photos; its regularisation is chosen by the validation
    senders'. No metrics where the catalogue has no such photos to ask or too few to learn from.
    """
    test = catalogue.labelled_photos(Split.TEST)
    pictures = [(catalogue.read(photo), str(photo.category)) for photo in test]
    return label_metrics(catalogue, encoder, pictures, progress)


def label_metrics(
    catalogue: Catalogue, encoder: Encoder, asked: Sequence[tuple[bytes, str]], progress: bool = True
) -> dict[str, float]:
    """The same over encoded pictures from elsewhere, each with its label; unseen by training."""
    train, validation = (catalogue.labelled_photos(split) for split in (Split.TRAIN, Split.VALIDATION))
    if len(train) < LEAST_TO_LEARN or not asked:
        return {}
    own = [(catalogue.read(photo), None) for photo in [*train, *validation]]
    pictures = own + [(data, None) for data, _ in asked]
    vectors_ND, probability_NC = embed(encoder, pictures, "user photos", progress)
    feature_NF = features_of(Encoded(vectors_ND, probability_NC))
    learned, chosen_by, features = np.split(feature_NF, [len(train), len(own)])
    readout = _chosen(learned, train, chosen_by, validation, vectors_ND.shape[1])
    right = [name == label for name, (_, label) in zip(readout.label(features), asked, strict=True)]
    low, high = wilson_interval(sum(right), len(right))
    return {
        "user_photos/label_accuracy": float(np.mean(right)),
        "user_photos/label_accuracy_low": low,
        "user_photos/label_accuracy_high": high,
        "user_photos/num_photos": float(len(right)),
        "user_photos/num_labels": float(len(readout.labels)),
    }


def wilson_interval(num_right: int, num: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927), too narrow where one sender's photos are alike."""
    z = 1.959964
    share, spread = num_right / num, z * z / num
    centre = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / num + spread / (4 * num)) / (1 + spread)
    return max(0.0, centre - half), min(1.0, centre + half)


def _chosen(
    train: np.ndarray,
    train_photos: Sequence[Photo],
    validation: np.ndarray,
    validation_photos: Sequence[Photo],
    dimension: int,
) -> Readout:
    """The read-out that the validation senders' photos like best; the middle strength without any."""
    labels = [str(photo.category) for photo in train_photos]
    if not validation_photos:
        return fit(train, labels, dimension, RIDGES[len(RIDGES) // 2])
    asked = [str(photo.category) for photo in validation_photos]
    readouts = [fit(train, labels, dimension, ridge) for ridge in RIDGES]
    return min(readouts, key=lambda readout: log_loss(readout, validation, asked))

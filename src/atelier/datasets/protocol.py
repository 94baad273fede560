"""Defines the protocol of a public benchmark: queries, gallery, and published figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from atelier.datasets.files import File
from atelier.vocabulary import Box


@dataclass(frozen=True)
class Shown:
    """One photo of a public set, as the set lists it."""

    name: str
    """Unique within the set: 'img/WOMEN/Dresses/id_00000002/02_1_front.jpg'."""
    item: str
    """The set's own id of the item it shows."""
    status: str
    """The side that the set puts it on: 'train', 'query', 'gallery', 'test'..."""
    file: File | None
    """None where the folder does not hold the picture."""
    box: Box | None = None
    """Where the item is, if the set says so."""
    by_consumer: bool = False
    """Whether a consumer took it, and not a shop."""


@dataclass(frozen=True)
class Listed:
    """All photos of a public set that could be read from its lists."""

    photos: tuple[Shown, ...]
    broken: tuple[str, ...] = ()
    """A sentence for each broken line of its lists."""


@dataclass(frozen=True)
class Published:
    """Figures that others published for a set."""

    model: str
    source: str
    trained_on_the_set: bool
    """Whether the model was trained on the set's own training part, as ours need not be."""
    figures: Mapping[str, float]
    """Metric name -> value, 0 to 1, named as ours are."""


@dataclass(frozen=True)
class Protocol:
    """Protocol of a public set: each query is searched in the gallery for another photo of its item.

    A photo that is query and gallery at once never finds itself: it is left out of the gallery for its own
    query and stays in for all others.
    """

    name: str
    queries: tuple[Shown, ...]
    gallery: tuple[Shown, ...]
    ks: tuple[int, ...]
    """The k of the recalls that are customary for the set."""
    broken_lines: tuple[str, ...] = ()
    published: tuple[Published, ...] = field(default=(), kw_only=True)

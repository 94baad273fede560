"""The public measuring sticks for finding the very item, by name: `read_protocol("in-shop", folder)`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from atelier.datasets.files import Files
from atelier.datasets.layouts import (
    deepfashion_consumer_to_shop,
    deepfashion_in_shop,
    stanford_online_products,
)
from atelier.datasets.layouts.layout import Folder, Layout
from atelier.datasets.protocol import Protocol, Published
from atelier.errors import DropError

_UNICOM = "github.com/deepglint/unicom, unicom/README.md (An et al. 2023)"
_OML = "github.com/OML-Team/open-metric-learning, README.md, Zoo"


@dataclass(frozen=True)
class PublicSet:
    """A set that others measure with, too."""

    layout: Layout
    protocol: Callable[[Folder], Protocol]
    published: tuple[Published, ...]
    """Figures on whole pictures. Read in the sources; not measured again here."""


PUBLIC_SETS: dict[str, PublicSet] = {
    "in-shop": PublicSet(
        deepfashion_in_shop.LAYOUT,
        deepfashion_in_shop.protocol,
        (
            Published("unicom ViT-L/14 at 336 px", _UNICOM, True, {"recall_at_1": 0.967}),
            Published("unicom ViT-L/14 at 336 px", _UNICOM, False, {"recall_at_1": 0.867}),
            Published("open-metric-learning ViT-S/16", _OML, True, {"recall_at_1": 0.903}),
        ),
    ),
    "consumer-to-shop": PublicSet(
        deepfashion_consumer_to_shop.LAYOUT, deepfashion_consumer_to_shop.protocol, ()
    ),
    "sop": PublicSet(
        stanford_online_products.LAYOUT,
        stanford_online_products.protocol,
        (
            Published("unicom ViT-L/14 at 336 px", _UNICOM, True, {"recall_at_1": 0.912}),
            Published("unicom ViT-L/14 at 336 px", _UNICOM, False, {"recall_at_1": 0.745}),
            Published("open-metric-learning ViT-S/16", _OML, True, {"recall_at_1": 0.830}),
        ),
    ),
}


def read_protocol(name: str, data_dir: Path) -> Protocol:
    """Read the protocol of a set whose folder lies at `data_dir` or beneath it. Pictures are found, not
    opened.

    ValueError: no set has this name. DropError: the folder does not hold the set, or has nothing to ask.
    """
    if name not in PUBLIC_SETS:
        raise ValueError(f"there is no protocol {name!r}; expected one of {', '.join(PUBLIC_SETS)}")
    chosen = PUBLIC_SETS[name]
    files = Files(data_dir)
    folders = [Folder(path, files) for path in files.folders()]
    found = [folder for folder in folders if chosen.layout.recognises(folder)]
    if len(found) != 1:
        raise DropError(_not_one(name, data_dir, folders, [str(folder.path) for folder in found]))
    protocol = chosen.protocol(found[0])
    if not protocol.queries or not protocol.gallery:
        raise DropError(
            f"{data_dir}: the lists of {name} name {len(protocol.queries)} queries and "
            f"{len(protocol.gallery)} gallery photos; expected some of both. "
            f"{next(iter(protocol.broken_lines), 'No line is broken')}"
        )
    return replace(protocol, published=chosen.published)


def _not_one(name: str, data_dir: Path, folders: list[Folder], found: list[str]) -> str:
    """Why a folder does not hold the one set that is asked for."""
    recognised_by = PUBLIC_SETS[name].layout.recognised_by
    if found:
        return f"{data_dir} holds the set {name} {len(found)} times: {', '.join(found)}; name one of them"
    held = [
        f"--protocol {other} reads {folder.path} in it"
        for other, public in PUBLIC_SETS.items()
        for folder in folders
        if public.layout.recognises(folder)
    ]
    seen = sorted({folder.path.parts[0] for folder in folders if folder.path.parts})[:8]
    instead = "; ".join(held) or f"its folders: {', '.join(seen) or 'none'}"
    return f"{data_dir} does not hold the set {name}: expected {recognised_by}. {instead}"

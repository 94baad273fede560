"""The outfit model that sets are made with now, and the retrieval model that it sees items with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from atelier.datasets.catalogue import Catalogue
from atelier.errors import RegistryError
from atelier.jobs.outfit.material import RETRIEVAL
from atelier.jobs.retrieval.embedder import CatalogueEmbedder
from atelier.registry.store import open_registry
from atelier.settings import Settings

FAMILY = "outfit"
"""Name of the experiment, of the registered model, and of the model's entry in a release."""


@contextmanager
def champion_embedder(settings: Settings, catalogue: Catalogue) -> Iterator[CatalogueEmbedder]:
    """The retrieval champion, for as long as it is needed. RegistryError: there is none yet."""
    registry = open_registry(settings)
    champion = registry.version(RETRIEVAL, "champion")
    if champion is None:
        raise RegistryError(
            f"outfits are learned from what a {RETRIEVAL} champion sees, and none is there yet; "
            f"`atelier retrain` trains one first"
        )
    with TemporaryDirectory() as folder:
        yield CatalogueEmbedder(settings, registry.fetch(champion, Path(folder) / RETRIEVAL), catalogue)

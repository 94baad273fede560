"""Public sets of outfits go through the contracts and keep, or are given, their sides."""

from __future__ import annotations

from pathlib import Path

from outfit_sets_world import (
    maryland_outfit,
    write_categories,
    write_maryland,
    write_pog,
    write_polyvore_outfits,
)

from atelier.datasets.catalogue import Catalogue
from atelier.datasets.splits import split_of
from atelier.jobs.data.ingest import ingest
from atelier.settings import Settings
from atelier.vocabulary import Split


def test_four_sets_of_outfits_are_accepted_whole_and_twice_is_once(tmp_path: Path) -> None:
    drop_dir, settings = tmp_path / "drop", Settings(home=tmp_path / "home")
    write_polyvore_outfits(drop_dir / "release")
    write_maryland(drop_dir / "maryland", maryland_outfit("31"))
    write_categories(drop_dir / "polyvore_categories", {"set_id": "31", "items_category": [4, 46]})
    write_pog(drop_dir / "pog")
    report = ingest(settings, drop_dir, progress=False)
    assert report.quarantined == {}
    assert report.added == {
        "items": 12 + 3 + 5, "photos": 12 + 3 + 2, "regions": 0, "outfits": 4 + 1 + 2, "category_sets": 3,
        "clicks": 3,
    }  # fmt: skip
    assert any("were left out" in warning for warning in report.warnings)
    catalogue = Catalogue.open(settings.data_dir)
    sides = {outfit.outfit_id: outfit.split for outfit in catalogue.outfits()}
    assert {name: sides[name] for name in ("po-100", "po-200", "po-300", "po-400")} == {
        "po-100": "train", "po-200": "validation", "po-300": "test", "po-400": "test",
    }  # fmt: skip
    assert all(sides[name] == split_of(name) for name in ("polyvore-31", "pog-o1", "pog-o2"))
    (same_set,) = [row for row in catalogue.category_sets() if row.set_id == "polyvore-31"]
    assert same_set.split == sides["polyvore-31"], "one set of the same site stands on one side"
    assert {item.split for item in catalogue.items()} <= set(Split)
    assert {outfit.made_by for outfit in catalogue.outfits()} == {"expert"}
    again = ingest(settings, drop_dir, progress=False)
    assert (again.changed, sum(again.added.values()), sum(again.updated.values())) == (False, 0, 0)

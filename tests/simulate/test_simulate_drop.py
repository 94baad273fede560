"""A drop is complete, true, and the same bytes every time."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from PIL import Image

from atelier.errors import DropError
from atelier.jobs.data.simulate import simulate as simulate_job
from atelier.settings import Settings
from atelier.simulate.drop import SimulatedDrop, simulate
from atelier.simulate.stylists import style_collection
from atelier.simulate.taste import liking, make_user
from atelier.simulate.world import make_item

NUM_ITEMS = 40


@pytest.fixture(scope="module")
def drop(tmp_path_factory: pytest.TempPathFactory) -> SimulatedDrop:
    return simulate(tmp_path_factory.mktemp("drop"), NUM_ITEMS, seed=5, progress=False)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def _picture(folder: Path, file: str) -> Image.Image:
    archive, member = file.split("/", 1)
    with ZipFile(folder / archive) as pictures:
        return Image.open(io.BytesIO(pictures.read(member)))


def test_the_drop_has_the_layout_that_the_reference_describes(drop: SimulatedDrop) -> None:
    marker = json.loads((drop.drop_dir / "drop.json").read_text())
    assert (marker["layout"], marker["version"]) == ("atelier-drop", 1)
    reference = (Path(__file__).parents[2] / "docs/reference/drop-layout.md").read_text()
    for table in ("items", "photos", "regions", "outfits", "clicks"):
        columns = _rows(drop.drop_dir / f"{table}.csv")[0]
        assert all(f"`{column}`" in reference for column in columns), table


def test_every_item_has_its_photo_and_one_of_a_shopper_with_a_true_box(drop: SimulatedDrop) -> None:
    items, photos = _rows(drop.drop_dir / "items.csv"), _rows(drop.drop_dir / "photos.csv")
    assert len(items) == NUM_ITEMS
    assert len({row["photo_id"] for row in photos}) == len(photos) > 2 * NUM_ITEMS
    for kind in ("catalogue", "shopper"):
        assert [row["item_id"] for row in photos if row["kind"] == kind] == [row["item_id"] for row in items]
    for row in photos[:10]:
        picture = _picture(drop.drop_dir, row["file"])
        if row["kind"] == "shopper":
            x0, y0, x1, y1 = (float(row[edge]) for edge in ("x0", "y0", "x1", "y1"))
            assert 0 <= x0 < x1 <= picture.width
            assert 0 <= y0 < y1 <= picture.height
            assert row["sender"]


def test_references_resolve(drop: SimulatedDrop) -> None:
    item_ids = {item.item.item_id for item in drop.items}
    outfits = {styled.outfit.outfit_id: styled.outfit for styled in drop.outfits}
    assert len(outfits) == len(drop.outfits) > 0
    assert all(len(outfit.item_ids) >= 2 for outfit in outfits.values())
    assert all(set(outfit.item_ids) <= item_ids for outfit in outfits.values())
    assert all(click.outfit_id in outfits and 0 < (click.propensity or 0) <= 1 for click in drop.clicks)
    assert any(click.clicked for click in drop.clicks)


def test_the_same_seed_gives_the_same_bytes_on_any_number_of_processes(tmp_path: Path) -> None:
    for folder, processes in (("one", 1), ("two", 2)):
        simulate(tmp_path / folder, 32, seed=9, processes=processes, progress=False)
    assert _digests(tmp_path / "one") == _digests(tmp_path / "two")


def test_a_larger_drop_holds_the_smaller_one_unchanged_and_can_be_continued(
    drop: SimulatedDrop, tmp_path: Path
) -> None:
    later = simulate(tmp_path, 4, seed=5, first_item=NUM_ITEMS - 4, progress=False)
    assert later.items == drop.items[-4:]
    for row in [row for row in _rows(tmp_path / "photos.csv") if row["item_id"]]:
        assert _picture(tmp_path, row["file"]).tobytes() == _picture(drop.drop_dir, row["file"]).tobytes()


def test_an_earlier_drop_is_replaced_but_a_stranger_s_folder_is_refused(tmp_path: Path) -> None:
    simulate(tmp_path, 2, seed=0, progress=False)
    simulate(tmp_path, 1, seed=1, progress=False)
    assert len(_rows(tmp_path / "items.csv")) == 1
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(DropError, match=r"thesis\.tex"):
        simulate(tmp_path, 1, seed=1, progress=False)


def test_a_negative_number_of_items_is_a_wrong_argument(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="num_items"):
        simulate(tmp_path, 0, seed=1)


def test_the_job_writes_the_drop(tmp_path: Path) -> None:
    drop = simulate_job(
        Settings(home=tmp_path / "home"), tmp_path / "drop", num_items=2, seed=3, progress=False
    )
    assert (drop.drop_dir / "drop.json").exists()


def test_users_differ_in_what_they_like() -> None:
    styled = style_collection(5, [make_item(5, number) for number in range(200)])
    likings = np.array(
        [[liking(make_user(5, user), outfit.items) for outfit in styled] for user in range(10)]
    )
    assert np.corrcoef(likings).min() < 0.5
    assert likings.std() > 0.3

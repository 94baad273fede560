"""What goes out together: each family whose champion works with those that it needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from atelier.families.training import TrainingPlan
from atelier.jobs.release.co_released import CoReleased, co_released
from atelier.lifecycle.context import Context, FetchedModel
from atelier.lifecycle.family import Family
from atelier.registry.models import ModelVersion
from atelier.release.manifest import ModelFiles
from atelier.settings import Settings
from atelier.vocabulary import Item


@dataclass
class Shelf:
    """Champions by family, as far as `co_released` asks a context for them."""

    champions: dict[str, FetchedModel]
    left_out: list[str] = field(default_factory=list)

    def champion(self, name: str) -> FetchedModel | None:
        return self.champions.get(name)

    def leave_out(self, name: str) -> None:
        self.left_out.append(name)


def nothing(*_: Any) -> Any:
    raise AssertionError("nothing is trained here")


def files(_context: Context[Any], model: Path, items: Sequence[Item]) -> Mapping[str, Path]:
    return {"net.onnx": model / "net.onnx", "items.txt": model / f"{len(items)} items"}


def family(name: str, *needs: str, fits: bool = True) -> Family[Any]:
    plan = TrainingPlan({}, (), ())
    return Family(
        *(name, plan, nothing, nothing, nothing, files, Path()),
        needs=needs,
        fits=lambda _context, _model: fits,
        workspace_files=lambda settings: {"rules/own.yaml": settings.home / "own.yaml"},
    )


def model(name: str) -> FetchedModel:
    version = ModelVersion(name, 7, "run", "digest", {}, (), {}, 0.0, "")
    return FetchedModel(version, Path("/models") / name)


@pytest.mark.parametrize(
    ("families", "champions", "expected"),
    [
        ([family("a"), family("b", "a")], "ab", ["a", "b"]),
        ([family("a"), family("b", "a")], "b", []),
        ([family("a", fits=False), family("b", "a"), family("c", "b")], "abc", []),
        ([family("a"), family("b", "a", fits=False), family("c", "a")], "abc", ["a", "c"]),
    ],
    ids=["all", "without what it needs", "a chain", "one that does not fit"],
)
def test_a_family_goes_out_with_all_that_it_needs_or_not_at_all(
    families: list[Family[Any]], champions: str, expected: list[str]
) -> None:
    shelf = Shelf({name: model(name) for name in champions})
    chosen = co_released(shelf, families)  # type: ignore[arg-type]
    assert [each.name for each in chosen] == expected
    assert sorted([*expected, *shelf.left_out]) == sorted(each.name for each in families)


def test_files_lie_in_the_folder_of_their_family_with_the_card_and_the_operators_own(tmp_path: Path) -> None:
    released = CoReleased(family("a"), model("a"))
    settings = Settings(home=tmp_path)

    @dataclass
    class Place:
        settings: Settings

    found = released.files(Place(settings), [])  # type: ignore[arg-type]
    assert found == {
        "a/card.md": Path("/models/a/card.md"),
        "a/net.onnx": Path("/models/a/net.onnx"),
        "a/items.txt": Path("/models/a/0 items"),
        "a/rules/own.yaml": tmp_path / "own.yaml",
    }
    assert released.manifest_entry == ModelFiles("a", 7, "digest")

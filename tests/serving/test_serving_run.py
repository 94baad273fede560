"""What the command line calls, and what serving must never import."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from serving_world import PICTURES, garment, publish

from atelier.errors import NoReleaseError, PictureError, QueryError
from atelier.serving.run import search
from atelier.settings import Settings
from atelier.vocabulary import Box

SOURCES = Path(__file__).parents[2] / "src"
FORBIDDEN = (
    *("torch", "prefect", "mlflow", "dvc", "great_expectations", "accelerate", "timm"),
    *("atelier.jobs", "atelier.engine", "atelier.datasets", "atelier.registry", "atelier.versioning"),
)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = Settings(home=tmp_path_factory.mktemp("shop"), serve_threads=1)
    publish(settings, "data-1")
    return settings


@pytest.fixture
def street_path(tmp_path: Path) -> Path:
    street = np.full((200, 300, 3), 90, np.uint8)
    street[50:90, 100:130] = garment("Jeans", 205)
    Image.fromarray(street).save(tmp_path / "street.png")
    return tmp_path / "street.png"


def test_search_answers_in_process_and_draws_its_answer(
    settings: Settings, street_path: Path, tmp_path: Path
) -> None:
    box = Box(100, 50, 130, 90)
    answer = search(settings, street_path, box, k=4, sheet_path=tmp_path / "sheet.png")
    assert answer.items[0].item_id == "J/1"
    assert answer.categories[0].name == "Jeans"
    assert set(answer.seconds) == {"decode", "embed", "search"}
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width > sheet.height > 500


def test_search_obeys_its_categories(settings: Settings, street_path: Path) -> None:
    answer = search(settings, street_path, categories=["Handbags"], k=100)
    assert [item.category for item in answer.items] == ["Handbags"] * 4


def test_the_answer_to_a_text_is_drawn_too(settings: Settings, tmp_path: Path) -> None:
    for name in ("a.png", "a.jpg", "a.webp"):
        answer = search(settings, None, text="Jeans number 1", sheet_path=tmp_path / name)
        assert answer.items
        with Image.open(tmp_path / name) as sheet:
            assert sheet.width > sheet.height > 500


def test_a_picture_without_a_place_is_refused(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(PictureError, match=r"a\.xyz: expected a name that ends with \.jpg"):
        search(settings, None, text="Jeans", sheet_path=tmp_path / "a.xyz")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        search(settings, None, text="Jeans", sheet_path=tmp_path / "nowhere" / "a.png")


def test_search_says_how_to_get_a_first_release(tmp_path: Path, street_path: Path) -> None:
    with pytest.raises(NoReleaseError, match="atelier retrain"):
        search(Settings(home=tmp_path), street_path)


def test_search_names_the_file_it_cannot_read(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(PictureError, match=r"absent\.jpg"):
        search(settings, tmp_path / "absent.jpg")
    (tmp_path / "text.jpg").write_text("text")
    with pytest.raises(PictureError, match=r"text\.jpg"):
        search(settings, tmp_path / "text.jpg")


def test_search_refuses_a_box_beside_the_photo(settings: Settings, street_path: Path) -> None:
    with pytest.raises(QueryError, match="300 wide"):
        search(settings, street_path, Box(400, 0, 500, 100))


def test_serving_imports_nothing_of_the_training_side(settings: Settings) -> None:
    photo_path = settings.home / "photo.png"
    Image.fromarray(PICTURES["H/0"]).save(photo_path)
    program = (
        "import sys; from pathlib import Path; from atelier.settings import Settings\n"
        "from atelier.serving.run import search, serve\n"
        f"assert search(Settings(), Path({str(photo_path)!r})).items\n"
        f"print([name for name in {FORBIDDEN!r} if name in sys.modules])"
    )
    seen = subprocess.run(
        [sys.executable, "-c", program],
        env={"ATELIER_HOME": str(settings.home), "PYTHONPATH": str(SOURCES)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert seen.returncode == 0, seen.stderr
    assert seen.stdout.strip().endswith("[]")

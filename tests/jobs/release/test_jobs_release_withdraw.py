"""Taking items down: out of the answers within seconds, and not back by a drop or a roll-back."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from damage import overwrite
from fastapi.testclient import TestClient
from publish_world import accept_catalogue, crown, patchwork

from atelier.errors import ReleaseError
from atelier.index.query import IndexReader
from atelier.index.schema import Embedded
from atelier.index.store import open_version
from atelier.jobs.release import withdraw as taking_down
from atelier.jobs.release.collect import collect
from atelier.jobs.release.publish import publish
from atelier.jobs.release.withdraw import reinstate, rollback, withdraw
from atelier.jobs.retrieval.gallery_items import GalleryItems
from atelier.pictures import encode_jpeg
from atelier.release.store import folder_of, live, live_id, previous_id, publishing
from atelier.release.withdrawals import withdrawals
from atelier.serving.app import create_app
from atelier.serving.live import LiveRelease
from atelier.settings import Settings


@pytest.fixture(scope="module")
def registry_home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = Settings(home=tmp_path_factory.mktemp("registry"))
    crown(settings, settings.home / "model")
    return settings


@pytest.fixture
def settings(registry_home: Settings, tmp_path: Path) -> Settings:
    settings = Settings(
        home=tmp_path,
        tracking_uri=registry_home.mlflow_uri,
        artifact_root=registry_home.mlflow_artifacts,
        serve_threads=1,
    )
    accept_catalogue(settings, range(1, 21))
    publish(settings, progress=False)
    return settings


def found(settings: Settings) -> set[str]:
    """Every item that the live release can answer with."""
    return set(IndexReader.open(settings, live(settings).index).item_ids)


def test_a_withdrawn_item_is_gone_from_a_live_servers_answers_within_a_minute(settings: Settings) -> None:
    photo = encode_jpeg(np.asarray(patchwork(7)), quality=95)
    with TestClient(create_app(settings, LiveRelease(settings))) as client:

        def best() -> str:
            answer = client.post("/v1/search", files={"photo": photo}, data={"k": "1"})
            return str(answer.json()["items"][0]["item_id"]) if answer.status_code == 200 else "none yet"

        while best() != "0007":
            time.sleep(0.05)
        started = time.monotonic()
        done = withdraw(settings, ["0007"], "a claim")
        while best() == "0007":
            assert time.monotonic() - started < 60
            time.sleep(0.05)
        assert time.monotonic() - started < 60
        assert client.get("/v1/items/0007").status_code == 404
        assert client.get("/v1/pictures/0007").status_code == 404
    assert (done.changed, done.num_in_force, done.release_id) == (True, 1, live_id(settings))
    assert found(settings) == {f"{number:04d}" for number in range(1, 21)} - {"0007"}


@pytest.mark.parametrize("reason", ["", " ", "\n", "?!", "\u200b"])
def test_a_reason_is_asked_for(registry_home: Settings, reason: str) -> None:
    for change in (withdraw, reinstate):
        with pytest.raises(ReleaseError, match="reason: expected a few words"):
            change(registry_home, ["0007"], reason)
    assert withdrawals(registry_home) == {}


def test_the_release_without_it_has_the_same_model_and_data(settings: Settings) -> None:
    before = live(settings)
    withdraw(settings, ["0007", "0007", "0009"], "a claim")
    after = live(settings)
    assert (after.models, after.files, after.data_version) == (
        before.models,
        before.files,
        before.data_version,
    )
    assert (after.parent, after.index.rows) == (before.release_id, 18)
    for name in before.files:
        one, other = (settings.releases_dir / each.release_id / name for each in (before, after))
        assert one.samefile(other), "nothing was copied"
    assert withdraw(settings, ["0007"], "again").changed is False
    assert live(settings) == after


def test_the_next_publications_leave_it_out(settings: Settings) -> None:
    withdraw(settings, ["0007"], "a claim")
    present = publish(settings, progress=False)
    assert (present.changed, present.release_id) == (False, live_id(settings))
    accept_catalogue(settings, range(1, 24))
    published = publish(settings, progress=False)
    assert (published.rows, published.num_withdrawn, published.num_written) == (22, 1, 3)
    assert "0007" not in found(settings)
    assert publish(settings, rebuild=True, progress=False).rows == 22


def test_a_withdrawal_killed_after_its_record_is_finished_by_the_next_publication(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(taking_down, "stage", killed)
        withdraw(settings, ["0007"], "a claim")
    assert "0007" in found(settings)
    assert publish(settings, progress=False).changed
    assert "0007" not in found(settings)


def test_rolling_back_does_not_bring_it_back(settings: Settings) -> None:
    first = live(settings)
    accept_catalogue(settings, range(1, 22))
    publish(settings, progress=False)
    accept_catalogue(settings, range(1, 23))
    publish(settings, progress=False)
    withdraw(settings, ["0007"], "a claim")
    assert (len(found(settings)), "0007" in found(settings)) == (21, False)
    rollback(settings)
    assert (len(found(settings)), "0007" in found(settings)) == (20, False)
    rollback(settings)
    assert (len(found(settings)), "0007" in found(settings)) == (19, False)
    assert live(settings).files == first.files
    assert previous_id(settings) is None
    with pytest.raises(ReleaseError, match="nothing was live before"):
        rollback(settings)


def test_a_roll_back_without_withdrawals_goes_to_the_very_release(settings: Settings) -> None:
    first = live(settings)
    accept_catalogue(settings, range(1, 22))
    publish(settings, progress=False)
    assert rollback(settings) == first == live(settings)


def test_a_reinstated_item_comes_back_with_the_next_publication(settings: Settings) -> None:
    withdraw(settings, ["0007", "0008"], "a claim")
    assert reinstate(settings, ["0007"], "settled").num_in_force == 1
    assert "0007" not in found(settings)
    published = publish(settings, progress=False)
    assert (published.changed, published.embedded, published.num_withdrawn) == (True, 0, 1)
    assert found(settings) & {"0007", "0008"} == {"0007"}


def test_a_killed_reinstatement_is_finished_by_repeating_it(settings: Settings) -> None:
    withdraw(settings, ["0007", "0008"], "a claim")
    done = reinstate(settings, ["0007"], "settled")
    record_path = settings.releases_dir / "withdrawn.jsonl"
    recorded = record_path.read_text()
    again = reinstate(settings, ["0007"], "settled")
    assert (again.num_in_force, again.release_id, again.changed) == (1, done.release_id, False)
    assert record_path.read_text() == recorded
    with pytest.raises(ReleaseError, match="'0009' was never withdrawn; expected one of 1 ids, such as 0008"):
        reinstate(settings, ["0007", "0009"], "settled")
    assert record_path.read_text() == recorded


def test_a_mistyped_id_is_refused_with_near_ones_and_nothing_is_recorded(settings: Settings) -> None:
    with pytest.raises(
        ReleaseError, match=r"'007' is neither in the live release.*0007.*Nothing was withdrawn"
    ):
        withdraw(settings, ["0003", "007"], "a claim")
    assert withdrawals(settings) == {}
    accept_catalogue(settings, range(1, 24))
    assert withdraw(settings, ["0023"], "before it was ever live").num_in_force == 1
    publish(settings, progress=False)
    assert "0023" not in found(settings)


def test_a_damaged_release_is_not_copied_into_a_new_one(settings: Settings) -> None:
    before = live(settings)
    overwrite(folder_of(settings, before, "retrieval") / "student.onnx")
    with pytest.raises(ReleaseError, match=r"not whole: retrieval/student\.onnx"):
        withdraw(settings, ["0007"], "a claim")
    publish(settings, progress=False)
    assert "0007" not in found(settings)


def test_its_picture_leaves_the_storage_of_the_index_by_retention(settings: Settings) -> None:
    thumbnail = IndexReader.open(settings, live(settings).index).thumbnail("0007")
    assert thumbnail is not None
    withdraw(settings, ["0007"], "a claim")
    few = settings.model_copy(update={"keep_releases": 1})
    for number in (21, 22, 23):
        accept_catalogue(settings, range(1, number + 1))
        publish(settings, progress=False)
        collect(few)
    stored = [path.read_bytes() for path in (settings.home / "indexes").rglob("*.lance") if path.is_file()]
    assert not any(thumbnail in content for content in stored)
    other = IndexReader.open(settings, live(settings).index).thumbnail("0008")
    assert other is not None
    assert any(other in content for content in stored)


def test_withdrawing_does_not_wait_for_a_model_that_embeds(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An item is withdrawn in the middle of a publication's embedding, which then leaves it out."""
    embed = GalleryItems.embed

    def withdraw_meanwhile(gallery: GalleryItems, pictures: Sequence[str]) -> Embedded:
        withdraw(settings, ["0007"], "a claim")
        assert "0007" not in found(settings)
        return embed(gallery, pictures)

    monkeypatch.setattr("atelier.jobs.retrieval.gallery_items.GalleryItems.embed", withdraw_meanwhile)
    accept_catalogue(settings, range(1, 23))
    published = publish(settings, progress=False)
    assert (published.embedded, published.rows, published.num_withdrawn) == (2, 21, 1)
    with publishing(settings):
        assert len(open_version(settings, live(settings).index)) == 21

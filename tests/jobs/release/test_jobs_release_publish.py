"""From champion and catalogue to a live release, again and again: only what changed costs anything."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from damage import rot
from numpy.typing import NDArray
from PIL import Image
from publish_world import accept_catalogue, crown, patchwork

from atelier.errors import IndexRejected, RegistryError, VersionError
from atelier.families.retrieval.inference import EmbeddingContract, Encoded, Encoder
from atelier.index import pictures
from atelier.index.query import IndexReader
from atelier.index.store import connect
from atelier.jobs.release.collect import collect
from atelier.jobs.release.publish import publish
from atelier.registry.store import open_registry
from atelier.release.store import damaged_files, folder_of, list_releases, live, live_id
from atelier.settings import Settings


@pytest.fixture(scope="module")
def registry_home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A registry with a champion; it takes seconds to set up, and the workspaces of all tests share it."""
    settings = Settings(home=tmp_path_factory.mktemp("registry"))
    crown(settings, settings.home / "model")
    return settings


@pytest.fixture
def settings(registry_home: Settings, tmp_path: Path) -> Settings:
    return Settings(
        home=tmp_path,
        tracking_uri=registry_home.mlflow_uri,
        artifact_root=registry_home.mlflow_artifacts,
        keep_releases=1,
    )


def ask(settings: Settings, number: int) -> str:
    """The item that the live release finds for a picture of item `number`."""
    release = live(settings)
    folder = folder_of(settings, release, "retrieval")
    contract = EmbeddingContract.from_json((folder / "contract.json").read_bytes())
    encoder = Encoder(folder / "student.onnx", contract, threads=1)
    reader = IndexReader.open(settings, release.index, contract.digest)
    return reader.search(encoder.encode([patchwork(number)]).embedding[0], 1)[0].item_id


def test_a_first_publication_makes_the_champion_answer_over_the_data(settings: Settings) -> None:
    digest = accept_catalogue(settings, range(1, 21))
    published = publish(settings, progress=False)
    assert (published.changed, published.rows, published.embedded) == (True, 20, 20)
    assert (published.data_version, published.model) == (digest, "retrieval 1")
    assert published.release_id == live_id(settings)
    names = ("card.md", "contract.json", "student.onnx", "text.onnx")
    assert sorted(live(settings).files) == [f"retrieval/{name}" for name in names]
    assert [ask(settings, number) for number in (1, 7, 20)] == ["0001", "0007", "0020"]


def test_items_without_a_photo_are_left_out_and_told(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    accept_catalogue(settings, range(5))
    assert publish(settings, progress=False).rows == 4
    assert "1 items have no photo" in caplog.text


def test_a_broken_rule_file_holds_back_no_publication_and_is_named(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    accept_catalogue(settings, range(1, 21))
    settings.rules_dir.mkdir()
    (settings.rules_dir / "mine.yaml").write_text("slots: [")
    (settings.rules_dir / "._mine.yaml").write_bytes(b"\0\5\x16\7")
    published = publish(settings, progress=False)
    assert published.changed
    (sentence,) = published.left_out
    assert sentence.startswith("rules/mine.yaml, line 1")
    assert sentence.endswith("the release is without it")
    assert sentence in caplog.text


def test_nothing_new_publishes_nothing_and_does_not_open_the_index(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept_catalogue(settings, range(1, 9))
    before = publish(settings, progress=False)
    monkeypatch.setattr("atelier.index.store.connect", None)
    again = publish(settings, progress=False)
    assert (again.changed, again.release_id, again.rows) == (False, before.release_id, 8)
    assert again.seconds < 2


def test_new_items_cost_their_own_embedding_alone(settings: Settings) -> None:
    accept_catalogue(settings, range(1, 21))
    publish(settings, progress=False)
    accept_catalogue(settings, range(1, 24))
    published = publish(settings, progress=False)
    assert (published.changed, published.embedded, published.reused_vectors) == (True, 3, 20)
    assert ask(settings, 23) == "0023"


def test_a_new_champion_embeds_everything(settings: Settings, tmp_path: Path) -> None:
    accept_catalogue(settings, range(1, 9))
    before = publish(settings, progress=False)
    crown(settings, tmp_path / "model", scale=2.0)
    try:
        published = publish(settings, progress=False)
    finally:
        open_registry(settings).set_alias("retrieval", "champion", 1)
    assert (published.changed, published.embedded, published.model) == (True, 8, "retrieval 2")
    back = publish(settings, progress=False)
    assert (back.changed, back.embedded, back.release_id) == (True, 0, before.release_id)


def test_a_killed_publication_goes_on_where_it_was(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept_catalogue(settings, range(1, 41))
    monkeypatch.setattr(pictures, "KEEP_EVERY", 16)
    encode, calls = Encoder.encode, []

    def killed(self: Encoder, batch: Sequence[NDArray[np.uint8]]) -> Encoded:
        calls.append(len(batch))
        if len(calls) == 2:
            raise KeyboardInterrupt
        return encode(self, batch)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Encoder, "encode", killed)
        publish(settings, progress=False)
    assert (live_id(settings), list_releases(settings)) == (None, [])
    published = publish(settings, progress=False)
    assert (published.rows, published.embedded, published.reused_vectors) == (40, 24, 16)


@pytest.mark.parametrize("step", ["verify", "stage", "promote"])
def test_a_publication_killed_between_its_steps_is_finished_by_the_next(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    accept_catalogue(settings, range(1, 9))
    before = publish(settings, progress=False)
    accept_catalogue(settings, range(1, 11))

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(f"atelier.jobs.release.publish.{step}", killed)
        publish(settings, progress=False)
    assert live_id(settings) == before.release_id
    assert ask(settings, 3) == "0003"
    finished = publish(settings, progress=False)
    assert (finished.changed, finished.embedded, finished.rows) == (True, 0, 10)
    assert len(list_releases(settings)) == 2


def test_a_lost_index_or_file_of_the_live_release_is_made_again(settings: Settings) -> None:
    accept_catalogue(settings, range(1, 9))
    publish(settings, progress=False)
    connect(settings).drop_table(live(settings).index.table)
    mended = publish(settings, progress=False)
    assert (mended.changed, mended.embedded, ask(settings, 5)) == (True, 0, "0005")
    (folder_of(settings, live(settings), "retrieval") / "student.onnx").unlink()
    again = publish(settings, progress=False)
    assert (again.changed, again.release_id != mended.release_id) == (True, True)
    assert ask(settings, 5) == "0005"


def test_a_live_file_that_rotted_is_noticed_and_mended_by_the_next_publication(settings: Settings) -> None:
    accept_catalogue(settings, range(1, 9))
    published = publish(settings, progress=False)
    rot(folder_of(settings, live(settings), "retrieval") / "student.onnx")
    mended = publish(settings, progress=False)
    assert (mended.changed, mended.embedded, mended.release_id) == (True, 0, published.release_id)
    assert damaged_files(settings, live(settings)) == []
    assert not publish(settings, progress=False).changed


def test_a_weak_index_never_goes_live(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that sees no difference between pictures has vectors of length 1, and finds nothing."""
    accept_catalogue(settings, range(1, 9))
    before = publish(settings, progress=False)
    accept_catalogue(settings, range(100, 180))
    monkeypatch.setattr(Encoder, "encode", blind)
    with pytest.raises(IndexRejected, match="not fit to go live"):
        publish(settings, progress=False)
    monkeypatch.undo()
    assert live_id(settings) == before.release_id
    assert ask(settings, 5) == "0005"


def blind(self: Encoder, batch: Sequence[NDArray[np.uint8]]) -> Encoded:
    embedding = np.zeros((len(batch), self.contract.dimension), np.float32)
    embedding[:, 0] = 1
    probability = np.zeros((len(batch), len(self.contract.categories)), np.float32)
    return Encoded(embedding, embedding, probability, probability[:, :0])


def test_collecting_keeps_what_answers(settings: Settings) -> None:
    for num_items in (8, 9, 10):
        accept_catalogue(settings, range(1, num_items + 1))
        publish(settings, progress=False)
    assert len(collect(settings).releases) == 1
    assert len(list_releases(settings)) == 2
    assert ask(settings, 5) == "0005"


def test_thumbnails_are_small_jpegs_of_the_item(settings: Settings) -> None:
    accept_catalogue(settings, range(1, 4), side=800)
    publish(settings, progress=False)
    thumbnail = IndexReader.open(settings, live(settings).index).thumbnail("0003")
    assert thumbnail is not None
    picture = Image.open(io.BytesIO(thumbnail))
    assert (picture.format, picture.size) == ("JPEG", (256, 256))
    seen = np.asarray(picture).astype(int)[32::64, 32::64]
    assert np.abs(seen - patchwork(3, 4)).mean() < 8


def test_there_is_nothing_to_publish_without_a_champion_or_data(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(VersionError, match=r"there is no data in .* `atelier ingest DIR`"):
        publish(settings, progress=False)
    without_champion = Settings(home=tmp_path / "empty")
    accept_catalogue(without_champion, range(1, 3))
    with pytest.raises(RegistryError, match="retrieval is the champion yet"):
        publish(without_champion, progress=False)
    assert live_id(settings) is None

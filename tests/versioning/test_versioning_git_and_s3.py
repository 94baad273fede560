"""The two settings that reach beyond the home: committing the pointer to git, and a remote on S3."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from atelier.errors import VersionError
from atelier.settings import Settings
from atelier.versioning.restore import restore, verify
from atelier.versioning.snapshot import snapshot


def git(home: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", str(home), *arguments], check=True, capture_output=True, text=True
    ).stdout


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "config", "user.name", "tester")
    git(tmp_path, "config", "user.email", "tester@example.org")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "items.parquet").write_bytes(b"items")
    (tmp_path / "staged.txt").write_text("the user's own work")
    git(tmp_path, "add", "staged.txt")
    return tmp_path


def test_the_pointer_is_committed_alone_and_once(checkout: Path) -> None:
    settings = Settings(home=checkout, commit_pointer=True)
    version = snapshot(settings, "monday", {}, {})
    snapshot(settings, "monday", {}, {})
    log = git(checkout, "log", "--format=%s", "--name-only").split("\n")
    assert [line for line in log if line] == [f"data: version {version} from monday", "data.dvc"]
    assert "A  staged.txt" in git(checkout, "status", "--porcelain")


def test_nothing_is_committed_unless_asked_for(checkout: Path) -> None:
    snapshot(Settings(home=checkout), "monday", {}, {})
    assert "?? data.dvc" in git(checkout, "status", "--porcelain")
    assert not (checkout / ".gitignore").exists()


def test_a_home_without_git_cannot_commit_and_says_so_after_recording(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "items.parquet").write_bytes(b"items")
    with pytest.raises(VersionError, match="ATELIER_COMMIT_POINTER"):
        snapshot(Settings(home=tmp_path, commit_pointer=True), "monday", {}, {})
    assert snapshot(Settings(home=tmp_path), "monday", {}, {}).drop == "monday"


def test_s3_is_a_setting_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = pytest.importorskip("moto.server", reason="needs moto as a stand-in for S3")
    boto3 = pytest.importorskip("boto3")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    stand_in = server.ThreadedMotoServer(port=0)
    stand_in.start()
    endpoint = "http://{}:{}".format(*stand_in.get_host_and_port())
    bucket = boto3.resource("s3", endpoint_url=endpoint).create_bucket(Bucket="shop")
    settings = Settings(home=tmp_path, data_remote="s3://shop/data", data_remote_endpoint=endpoint)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "items.parquet").write_bytes(b"items")
    try:
        version = snapshot(settings, "monday", {}, {})
        assert len(list(bucket.objects.filter(Prefix="data/files/md5/"))) == 2
        shutil.rmtree(tmp_path / ".dvc" / "cache")
        shutil.rmtree(tmp_path / "data")
        assert verify(settings, version) == 2
        restore(settings, version.digest)
        assert (tmp_path / "data" / "items.parquet").read_bytes() == b"items"
    finally:
        stand_in.stop()

"""Reads all settings and default paths; the only reader of environment variables.

Each field is one environment variable: `home` is `ATELIER_HOME`, `data_remote` is `ATELIER_DATA_REMOTE`.
All stores lie beneath `home`, so that a second workspace can live beside the first.
"""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path

from pydantic import Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from atelier.places import has_aliases, is_plain

PROJECT_ROOT = Path(__file__).resolve().parents[2]
"""The checkout: where `flows/`, `prefect.yaml` and `data.dvc` are."""


_UNUSABLE = {
    r"[\ud800-\udfff]": "its path is not valid UTF-8",
    r"[\x00-\x1f\x7f]": "its path holds a control character, such as a line break",
    r"\?": "its path holds '?', where the addresses of MLflow's and Prefect's databases end",
}
"""What no path of a workspace may hold -> why. Anything else works."""


class Settings(BaseSettings):
    """The settings of one workspace. Build it once, at an edge, and pass it on."""

    model_config = SettingsConfigDict(env_prefix="ATELIER_", frozen=True, extra="ignore")

    home: Path = Field(
        PROJECT_ROOT, validate_default=True, description="Folder beneath which all stores lie."
    )
    data_remote: str | None = Field(
        None, description="DVC remote: a folder or s3://bucket/path. Default: stores/dvc beneath home."
    )
    data_remote_endpoint: str | None = Field(
        None, description="Endpoint of an S3 stand-in for `data_remote`."
    )
    commit_pointer: bool = Field(False, description="Commit data.dvc to git after each accepted version.")
    max_bad_share: float = Field(
        0.05, ge=0, le=1, description="A drop of which more rows than this share are bad stops the flow."
    )
    tracking_uri: str | None = Field(
        None, description="MLflow's store. Default: sqlite in mlruns/mlflow.db beneath home."
    )
    artifact_root: str | None = Field(
        None, description="MLflow's artifacts: a folder or s3://... Default: mlruns/artifacts beneath home."
    )
    index_uri: str | None = Field(
        None, description="LanceDB: a folder or s3://bucket/path. Default: indexes beneath home."
    )
    keep_releases: int = Field(5, ge=1, description="Releases, with their indexes, kept for roll-back.")
    serve_host: str = Field("127.0.0.1", description="Address that `atelier serve` listens on.")
    serve_port: int = Field(8080, ge=0, le=65535, description="Port that `atelier serve` listens on.")
    serve_threads: int = Field(2, ge=1, description="Threads of the student's ONNX session.")
    shadow_share: float = Field(
        0.0, ge=0, le=1, description="Share of the searches that `shadow_release` answers as well, unseen."
    )
    shadow_release: str | None = Field(
        None, validate_default=True, description="Release that runs in shadow, for `shadow_share` above 0."
    )
    serve_workers: int | None = Field(
        None, ge=1, description="Photos that are worked on at once. Default: one for each core, at least two."
    )
    serve_queue: int = Field(
        64, ge=1, description="Requests that may be inside at once; more get 503 and Retry-After."
    )
    serve_patience_seconds: float = Field(
        10.0, gt=0, description="A request that has waited longer for its turn gets 503 instead."
    )
    max_upload_bytes: int = Field(20_000_000, gt=0, description="Largest photo that a request may carry.")
    max_picture_pixels: int = Field(
        40_000_000, gt=0, description="Pictures of more pixels are refused before they are decoded."
    )
    min_picture_side: int = Field(16, ge=1, description="Pictures with a shorter side are quarantined.")

    fonts: str = Field(
        "/usr/share/fonts", description="Fonts of collages: files and folders, with a colon between."
    )

    @field_validator("home", mode="before")
    @classmethod
    def _usable_home(cls, value: object) -> object:
        return _usable_folder(value) if isinstance(value, str | Path) else value

    @field_validator("data_remote", "artifact_root", "index_uri")
    @classmethod
    def _folder_or_address(cls, value: str | None, info: ValidationInfo) -> str | None:
        """A folder becomes absolute; a relative one lies beneath home, whatever the working folder is."""
        if not value or "://" in value or "home" not in info.data:
            return value
        if info.field_name == "data_remote" and "%(" in value:
            raise ValueError(
                "DVC fills in what follows '%(' in the address of a remote; call the folder otherwise"
            )
        return str(_usable_folder(value, info.data["home"]))

    @field_validator("shadow_release")
    @classmethod
    def _named_where_there_is_a_share(cls, value: str | None, info: ValidationInfo) -> str | None:
        if not value and info.data.get("shadow_share", 0) > 0:
            raise ValueError(
                "ATELIER_SHADOW_SHARE is above 0, so name the release to run in shadow; "
                "`atelier release list` has them"
            )
        return value

    @property
    def data_dir(self) -> Path:
        return self.home / "data"

    @property
    def data_pointer_path(self) -> Path:
        return self.home / "data.dvc"

    @property
    def stores_dir(self) -> Path:
        """The DVC remote, recorded versions, and checkpoints."""
        return self.home / "stores"

    @property
    def versions_dir(self) -> Path:
        return self.stores_dir / "versions"

    @property
    def checkpoints_dir(self) -> Path:
        return self.stores_dir / "checkpoints"

    @property
    def quarantine_dir(self) -> Path:
        return self.home / "quarantine"

    @property
    def judgments_dir(self) -> Path:
        """Reviewers' judgments, with the searches they judged."""
        return self.home / "judgments"

    @property
    def rules_dir(self) -> Path:
        """Operators' own rule files, `<name>.yaml`; releases include them."""
        return self.home / "rules"

    @property
    def templates_dir(self) -> Path:
        """Designers' own collage templates, `<name>.json`, beside those that come with Atelier."""
        return self.home / "templates"

    @property
    def font_dirs(self) -> list[Path]:
        """Folders with fonts."""
        return [Path(each) for each in self.fonts.split(":") if each]

    @property
    def drops_dir(self) -> Path:
        """Incoming drops: each folder beneath it is ingested by the next daily run."""
        return self.home / "drops"

    @property
    def content_dir(self) -> Path:
        """Content made for channels, a folder a day."""
        return self.home / "content"

    @property
    def reports_dir(self) -> Path:
        return self.home / "reports"

    @property
    def releases_dir(self) -> Path:
        return self.home / "releases"

    @property
    def shadow_dir(self) -> Path:
        """Serving's log of a release in shadow."""
        return self.stores_dir / "shadow"

    @property
    def feeds_dir(self) -> Path:
        """Serving's log of feeds, for clicks to be joined and judged."""
        return self.stores_dir / "feeds"

    @cached_property
    def remote_url(self) -> str:
        return self.data_remote or str(self.stores_dir / "dvc")

    @cached_property
    def mlflow_uri(self) -> str:
        return self.tracking_uri or f"sqlite:///{self.home / 'mlruns' / 'mlflow.db'}"

    @cached_property
    def mlflow_artifacts(self) -> str:
        """A folder or an address; of a folder whose name MLflow would misread, its address."""
        root = self.artifact_root or str(self.home / "mlruns" / "artifacts")
        return root if "://" in root or is_plain(Path(root)) else Path(root).as_uri()

    @cached_property
    def lancedb_uri(self) -> str:
        return self.index_uri or str(self.home / "indexes")


def _usable_folder(value: str | Path, relative_to: Path | None = None) -> Path:
    """The absolute path of a folder that is there or can be made. ValueError says why it cannot be used."""
    text = str(value)
    if not text.strip():
        raise ValueError("it is empty; name a folder, or unset the variable")
    for part, why in _UNUSABLE.items():
        if re.search(part, text):
            raise ValueError(f"{why}; choose another folder")
    try:
        folder = ((relative_to or Path()) / Path(text).expanduser()).resolve()
        there = next(path for path in (folder, *folder.parents) if path.exists())
        is_folder = there.is_dir()
    except (OSError, RuntimeError) as error:  # a name too long, a loop of links, an unknown ~user
        raise ValueError(f"it cannot be used as a folder ({error})") from error
    if not is_folder:
        raise ValueError(f"{there} is not a folder")
    if not (has_aliases() or is_plain(Path(str(folder).replace(" ", "_")))):
        raise ValueError("on this system only letters, digits, spaces and . _ - / can be in its path")
    return folder

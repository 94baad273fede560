"""The states inside one index table: every build adds one, signs it, and `verify` tags it.

A table is a chain of Lance versions. The last commit of a build is its signature: what the state holds and
where it came from. A tag protects a state from retention; an untagged one is nobody's.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from atelier.index.schema import CATALOGUE, FORMAT, ContractText, IndexVersion

if TYPE_CHECKING:
    from lance import LanceDataset
    from lancedb.table import Table

VERIFIED = "verified"
"""Tags of this beginning are set by `verify` on a state that passed; only such a state can go live."""
BASE = "base"
"""The tag of a state that retention left as the newest: the content of a verified one, in fewer files."""
KEPT = "kept"
"""Tags of this beginning are set by retention on a state that somebody needs and nobody verified."""
VECTOR_INDEX = "vector_idx"


def table_name(contract: ContractText) -> str:
    """Return the name of the table that holds every state of the catalogue under a contract."""
    return f"{CATALOGUE}-{contract.digest[:16]}-f{FORMAT}"


def verified_tag(version: int) -> str:
    """Return the name of the tag of a verified Lance version."""
    return f"{VERIFIED}-{version}"


def tagged(dataset: LanceDataset) -> dict[str, int]:
    """Map our tags to Lance versions."""
    return {
        name: tag["version"]
        for name, tag in dataset.tags.list().items()
        if name == BASE or name.startswith((VERIFIED, KEPT))
    }


def verified(dataset: LanceDataset) -> set[int]:
    """List the Lance versions that passed their verification."""
    return {version for name, version in tagged(dataset).items() if name.startswith(VERIFIED)}


def newest(table: Table) -> LanceDataset:
    """Open the table as a Lance dataset, at the newest state."""
    table.checkout_latest()
    return table.to_lance()


def base_of(dataset: LanceDataset) -> int | None:
    """Find the Lance version that a build may start from: the newest known to be sound; None without one."""
    tags = tagged(dataset)
    return max({*verified(dataset), *([tags[BASE]] if BASE in tags else [])}, default=None)


def go_on_from(dataset: LanceDataset, version: int) -> LanceDataset:
    """Return the dataset with `version` as its newest state again, whatever rejected or interrupted builds
    left.
    """
    if version == dataset.latest_version:
        return dataset.checkout_version(version)
    restored = dataset.checkout_version(version)
    restored.restore()
    return restored


def sign(dataset: LanceDataset, key: str, data_version: str, withdrawn: str) -> None:
    """End a build: sign the next version with a digest of its content."""
    dataset.update_metadata(
        {
            "key": key,
            "data_version": data_version,
            "withdrawn": withdrawn,
            "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
            # Metadata is carried over to later versions; only of this one is it a signature.
            "signed": str(dataset.latest_version + 1),
        }
    )


def find_state(dataset: LanceDataset, key: str) -> int | None:
    """Find the newest signed Lance version of this content; None where there is none."""
    candidates = {dataset.latest_version, *tagged(dataset).values()}
    for version in sorted(candidates, reverse=True):
        state = dataset.checkout_version(version)
        if state.metadata.get("signed") == str(version) and state.metadata.get("key") == key:
            return version
    return None


def describe(table: Table, version: int) -> IndexVersion:
    """Describe the signed state as releases name it; pins `table` to it."""
    table.checkout(version)
    metadata = table.to_lance().metadata
    contract = ContractText(table.schema.metadata[b"contract"].decode())
    return IndexVersion(
        name=CATALOGUE,
        table=table.name,
        version=version,
        rows=table.count_rows(),
        contract_digest=contract.digest,
        data_version=metadata["data_version"],
        created_at=metadata["created_at"],
        search="ivf_rq" if has_vector_index(table) else "flat",
        withdrawn=metadata["withdrawn"],
    )


def has_vector_index(table: Table) -> bool:
    return any(index.name == VECTOR_INDEX for index in table.list_indices())

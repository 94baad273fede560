"""A contract: what a family's files take and give, as JSON beside them and in what was built with them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, ClassVar, Self

from atelier.errors import ModelContractError


@dataclass(frozen=True)
class Contract:
    """The parent of the families' contracts: frozen dataclasses that are written as canonical JSON.

    A contract whose fields are not all plain JSON values replaces `to_fields` and `from_fields`.
    """

    description: ClassVar[str]
    """What a text is not that cannot be read, such as 'a detection contract'."""
    error: ClassVar[type[ModelContractError]]
    """What is raised then."""
    sorts_keys: ClassVar[bool] = True
    """Whether the JSON's keys are sorted; else the fields are in the order of the class."""

    @cached_property
    def digest(self) -> str:
        """Hash the JSON (sha256): equal digests mean that equal inputs give equal outputs."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def to_json(self) -> str:
        """Serialise the contract; releases and indexes keep the text, so it never changes."""
        return json.dumps(
            self.to_fields(), sort_keys=self.sorts_keys, ensure_ascii=False, separators=(",", ":")
        )

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read a contract back. `error`: the text is not one."""
        try:
            return cls(**cls.from_fields(json.loads(text)))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise cls.error(
                f"not {cls.description}: expected a JSON object with the fields of {cls.__name__}, "
                f"got {str(text)[:80]!r} ({error})"
            ) from error

    def to_fields(self) -> dict[str, Any]:
        """Convert the fields to JSON values."""
        return asdict(self)

    @classmethod
    def from_fields(cls, fields: dict[str, Any]) -> dict[str, Any]:
        """Convert JSON values back to the fields; any error of a wrong value or type may escape."""
        return fields

"""Every error that Atelier raises on purpose, so that a caller can act on its kind.

AtelierError
├── DropError               a folder is not a drop we can read, or one of its tables is broken
├── PictureError            a picture cannot be decoded, or is too large or too small to be one
├── ContractError           so many rows broke their contract that the flow must stop
│   └── LeakageError        the same picture or product stands on two sides of a split
├── VersionError            a data version is unknown or cannot be restored
│   └── CorruptionError     stored bytes no longer have the digest they were stored under
├── TrainingError           a run cannot go on: its loss is not finite, its data is too small
│   ├── CheckpointError     a checkpoint is incomplete or does not fit this run
│   └── TooLittleDataError  there is too little of what a family learns from; nothing else depends on it
├── RegistryError           a run, model version or alias is missing
│   ├── DigestError         a model's files are not those that were registered
│   └── ModelContractError  a model's files do not do what its contract says, or the contract is none
│       ├── DetectionContractError  those of a detector
│       ├── EmbeddingContractError  those of a retrieval model, or an index belongs to another model
│       ├── OutfitContractError     those of an outfit model, or its items were embedded by another model
│       └── RankingContractError    those of a ranker
├── CatalogueIndexError             an index cannot be built, read or published
│   ├── IndexRejected       an index failed its verification; it was not published
│   └── EmbeddingContractError  the same as above
├── ReleaseError            a release is unknown or incomplete
│   └── NoReleaseError      nothing is live yet
├── QueryError              a search request cannot be answered as it was asked
├── RulesError              a rule file is wrong, contradicts itself, or no items fill its slots
├── CollageError            a set cannot be laid out or drawn: no pieces, an empty picture, a text too long
│   ├── TemplateError       a template is wrong: file, line and place are named
│   └── FontsError          a font is missing, broken, or lacks the characters of a text
├── FeedLogError            a feed cannot be logged, so it may not be shown
├── OverloadedError         more is asked of a server than it can answer in time
├── PartFailedError         a run did all it could, but a part of it failed, which it names
└── ServiceError            a local service did not start or is not healthy

Messages say what, what was expected, what was seen, and what to do next.
A wrong argument from our own code is a `ValueError`; what only we could have broken is an `assert`.
"""


class AtelierError(Exception):
    """The root: `except AtelierError` catches all that Atelier raises on purpose."""


class DropError(AtelierError):
    """A folder is not a drop we can read, or one of its tables is broken."""


class PictureError(AtelierError):
    """A picture cannot be decoded, or is too large or too small to be one."""


class ContractError(AtelierError):
    """So many rows broke their contract that the flow must stop."""


class LeakageError(ContractError):
    """The same picture or product stands on two sides of a split."""


class VersionError(AtelierError):
    """A data version is unknown or cannot be restored."""


class CorruptionError(VersionError):
    """Stored bytes no longer have the digest they were stored under."""


class TrainingError(AtelierError):
    """A run cannot go on: its loss is not finite, or its data is too small."""


class CheckpointError(TrainingError):
    """A checkpoint is incomplete or does not fit this run."""


class TooLittleDataError(TrainingError):
    """There is too little data for a family's training; the others can continue without it."""


class RegistryError(AtelierError):
    """A run, model version or alias is missing."""


class DigestError(RegistryError):
    """A model's files are not those that were registered."""


class ModelContractError(RegistryError):
    """A model's files do not match its contract, or the contract cannot be read."""


class DetectionContractError(ModelContractError):
    """A detector's file does not match its contract."""


class OutfitContractError(ModelContractError):
    """An outfit model's files do not match its contract, or it belongs to another embedding space."""


class RankingContractError(ModelContractError):
    """A ranker's files do not match its contract."""


class CatalogueIndexError(AtelierError):
    """An index cannot be built, read or published."""


class IndexRejected(CatalogueIndexError):  # noqa: N818 - a verdict, not a fault
    """An index failed its verification; it was not published."""


class EmbeddingContractError(ModelContractError, CatalogueIndexError):
    """A retrieval model's files do not match its contract, or an index and a model do not belong together."""


class ReleaseError(AtelierError):
    """A release is unknown or incomplete."""


class NoReleaseError(ReleaseError):
    """Nothing is live yet."""


class QueryError(AtelierError):
    """A search request cannot be answered in this form."""


class FeedLogError(AtelierError):
    """A feed cannot be logged, so it may not be shown: its clicks would be lost as evidence."""


class OverloadedError(AtelierError):
    """A server has more requests than it can answer in time; the same request may succeed in a moment."""


class ServiceError(AtelierError):
    """A local service did not start or is not healthy."""


class PartFailedError(AtelierError):
    """A part of a run failed and the rest is done; `summary` describes the whole."""

    def __init__(self, message: str, summary: object) -> None:
        super().__init__(message)
        self.summary = summary


class RulesError(AtelierError):
    """A rule file is wrong, its rules contradict each other, or no items fill its slots."""


class CollageError(AtelierError):
    """A set cannot be laid out or drawn in this form."""


class TemplateError(CollageError):
    """A template is wrong; the message names file, line and place."""


class FontsError(CollageError):
    """A font is missing, broken, or lacks the characters of a text."""

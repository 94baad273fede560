"""Runs Great Expectations: promises become expectations, their results broken rows and Data Docs.

The library takes ten seconds to import, so it is imported when a validation starts. Its context is ephemeral:
everything but the Data Docs stays in memory, and nothing is sent anywhere.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from atelier.contracts.promise import Promise, Surroundings
from atelier.contracts.schema import typed

SITE = "contracts"


@dataclass(frozen=True)
class Broken:
    """A promise that was not kept, and the positions of the rows that broke it."""

    promise: Promise
    rows: list[int]


class ContractValidation:
    """One run over the tables of a drop; ends in Data Docs in `docs_dir`."""

    def __init__(self, docs_dir: Path) -> None:
        import great_expectations as gx
        from great_expectations.data_context.types.base import ProgressBarsConfig

        self._context = gx.get_context(mode="ephemeral")
        self._context.enable_analytics(False)
        self._context.variables.progress_bars = ProgressBarsConfig(globally=False)
        self._source = self._context.data_sources.add_pandas("drop")
        for site in list(self._context.variables.data_docs_sites or {}):
            self._context.delete_data_docs_site(site)
        self._context.add_data_docs_site(SITE, _site(docs_dir))
        self._docs_dir = docs_dir

    def run(
        self, table: str, rows: pd.DataFrame, promises: Sequence[Promise], around: Surroundings
    ) -> list[Broken]:
        """List the promises about `table` that its rows break. An index of `rows` must count from 0."""
        import great_expectations as gx

        expectations = [_expectation(position, promise) for position, promise in enumerate(promises)]
        suite = self._context.suites.add(gx.ExpectationSuite(name=table, expectations=expectations))
        asset = self._source.add_dataframe_asset(table)
        definition = self._context.validation_definitions.add(
            gx.ValidationDefinition(
                name=table, data=asset.add_batch_definition_whole_dataframe("rows"), suite=suite
            )
        )
        result = definition.run(
            batch_parameters={"dataframe": _with_verdicts(table, rows, promises, around)},
            result_format={
                "result_format": "COMPLETE",
                "partial_unexpected_count": 20,
                "return_unexpected_index_query": False,
            },
        )
        return [_broken(promises, outcome) for outcome in result.results if not outcome.success]

    def write_docs(self) -> None:
        """Replace the Data Docs."""
        shutil.rmtree(self._docs_dir, ignore_errors=True)
        self._context.build_data_docs()


def _site(docs_dir: Path) -> dict[str, Any]:
    return {
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,
        "store_backend": {
            "class_name": "TupleFilesystemStoreBackend",
            # The library fills in $VARIABLES; one with a backslash stays as it is.
            "base_directory": str(docs_dir.resolve()).replace("$", "\\$"),
        },
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
    }


def _expectation(position: int, promise: Promise) -> Any:
    import great_expectations.expectations as gxe

    columns: dict[str, Any] = {"column": _verdict_column(promise) if promise.holds else promise.columns[0]}
    if promise.expectation == "ExpectCompoundColumnsToBeUnique":
        columns = {"column_list": list(promise.columns)}
    return getattr(gxe, promise.expectation)(
        **columns,
        **promise.arguments,
        description=f"{', '.join(promise.columns)}: {promise.expected}",
        severity="warning" if promise.only_warns else "critical",
        meta={"promise": position},
    )


def _verdict_column(promise: Promise) -> str:
    return f"{', '.join(promise.columns)}: {promise.expected}"


def _with_verdicts(
    table: str, rows: pd.DataFrame, promises: Sequence[Promise], around: Surroundings
) -> pd.DataFrame:
    """The rows with one more column for each promise in our own words: True, or the values that broke it."""
    checked = typed(table, rows)
    verdicts = {}
    for promise in promises:
        if promise.holds is not None:
            verdict = kept(promise, rows, checked, around).astype(object)
            for position in verdict.index[verdict == False]:  # noqa: E712 - elementwise
                verdict.at[position] = show(rows, position, promise)
            verdicts[_verdict_column(promise)] = verdict
    return pd.concat([checked, pd.DataFrame(verdicts, index=rows.index)], axis=1)


def kept(
    promise: Promise, rows: pd.DataFrame, checked: pd.DataFrame, around: Surroundings
) -> pd.Series[bool]:
    """Test which rows keep a promise of our own; `checked` are the typed rows."""
    assert promise.holds is not None
    return promise.holds(rows if promise.of_raw_values else checked, around).astype(bool)


def show(rows: pd.DataFrame, position: int, promise: Promise) -> str:
    """Format the values of a promise for a reader: `x0=3, x1=missing`."""
    return ", ".join(f"{column}={_shown(rows[column].iat[position])}" for column in promise.columns)


def _shown(value: Any) -> str:
    if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)):
        return "missing"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _broken(promises: Sequence[Promise], outcome: Any) -> Broken:
    """Raises AssertionError where the library itself failed: a promise that was not judged is not kept."""
    info = outcome.exception_info or {}
    assert not info.get("raised_exception"), f"{outcome.expectation_config}: {info}"
    promise = promises[outcome.expectation_config.meta["promise"]]
    return Broken(promise, list(outcome.result.get("unexpected_index_list") or []))

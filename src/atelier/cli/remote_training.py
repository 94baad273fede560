"""Defines `pack`, for training elsewhere, and `adopt`, for its result."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from atelier.cli.family_option import FamilyOption, split_family
from atelier.cli.output import AsJson, Quiet, open_settings, print_facts, print_json, progress_on_stderr


def add_to(app: typer.Typer) -> None:
    app.command()(pack)
    app.command()(adopt)


def pack(
    where: Annotated[
        list[str], typer.Argument(metavar="[FAMILY] PACK_DIR", help="Folder to write; must not exist yet.")
    ],
    family: FamilyOption = None,
    preset: Annotated[str, typer.Option(help="The preset that is to be trained from it.")] = "base",
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Pack the current data for the training of a family into a folder.

    A machine with the training libraries alone trains from it: `python -m atelier.lifecycle.train_pack`.
    """
    from atelier.jobs.families import FAMILIES
    from atelier.lifecycle.family import family_named
    from atelier.lifecycle.pack import pack as job
    from atelier.services import lock

    name, (pack_dir,) = split_family(where, family, num_others=1)
    settings = open_settings()
    with progress_on_stderr(quiet), lock.hold(lock.workspace(settings), "atelier pack"):
        packed = job(settings, family_named(FAMILIES, name), Path(pack_dir), preset)
    print_json(packed) if as_json else print_facts(dataclasses.asdict(packed))


def adopt(
    where: Annotated[
        list[str],
        typer.Argument(metavar="[FAMILY] TRAINED_DIR", help="The folder that train_pack wrote."),
    ],
    digest: Annotated[str, typer.Option(metavar="SHA256", help="The digest that train_pack printed.")],
    family: FamilyOption = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Register a model trained elsewhere as its family's candidate.

    Its digest, its files and its data version are checked first; `atelier retrain --adopt` also publishes.
    """
    from atelier.jobs.families import FAMILIES
    from atelier.lifecycle.adopt import adopt as job
    from atelier.lifecycle.family import family_named
    from atelier.lifecycle.register import register
    from atelier.services import lock

    name, (trained_dir,) = split_family(where, family, num_others=1)
    chosen, settings = family_named(FAMILIES, name), open_settings()
    with progress_on_stderr(quiet), lock.hold(lock.workspace(settings), "atelier adopt"):
        adopted = job(settings, chosen, Path(trained_dir), digest)
        candidate = register(settings, chosen, adopted.preset, adopted.runs)
    if as_json:
        print_json({**dataclasses.asdict(adopted), "candidate": dataclasses.asdict(candidate)})
        return
    print_facts(
        {
            "candidate": f"{name} version {candidate.model_version}",
            "data version": adopted.data_version,
            **{f"run of the {role}": run.run_id for role, run in adopted.runs.items()},
            **dict(sorted(candidate.metrics.items())),
        }
    )

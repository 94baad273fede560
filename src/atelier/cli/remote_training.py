"""Training elsewhere: `pack retrieval` before it, `adopt retrieval` after it."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from atelier.cli.output import AsJson, open_settings, print_facts, print_json, progress_on_stderr

pack = typer.Typer(name="pack", help="What training needs, in a folder that travels.", no_args_is_help=True)
adopt = typer.Typer(name="adopt", help="Take in a model that was trained elsewhere.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    app.add_typer(pack)
    app.add_typer(adopt)


@pack.command("retrieval")
def pack_retrieval(
    pack_dir: Annotated[Path, typer.Argument(help="Folder to write; must not exist yet.")],
    preset: Annotated[str, typer.Option(help="The preset that is to be trained from it.")] = "base",
    as_json: AsJson = False,
) -> None:
    """Write what a preset's training needs of the current data into a folder.

    A machine with the training libraries alone trains from it: `python -m atelier.lifecycle.train_pack`.
    """
    from atelier.lifecycle.pack import pack as job
    from atelier.services import lock

    settings = open_settings()
    with progress_on_stderr(), lock.hold(lock.workspace(settings), "atelier pack"):
        packed = job(settings, pack_dir, preset)
    print_json(packed) if as_json else print_facts(dataclasses.asdict(packed))


@adopt.command("retrieval")
def adopt_retrieval(
    trained_dir: Annotated[Path, typer.Argument(help="The folder that train_pack wrote.")],
    digest: Annotated[str, typer.Option(metavar="SHA256", help="The digest that train_pack printed.")],
    as_json: AsJson = False,
) -> None:
    """Take in a model trained elsewhere, and register its student as the candidate.

    Its digest, its files and its data version are checked first; `atelier retrain --adopt` also publishes.
    """
    from atelier.jobs.retrieval.exam import register
    from atelier.lifecycle.adopt import adopt as job
    from atelier.services import lock

    settings = open_settings()
    with progress_on_stderr(), lock.hold(lock.workspace(settings), "atelier adopt"):
        adopted = job(settings, trained_dir, digest)
        candidate = register(settings, adopted.preset, adopted.student, adopted.teacher)
    if as_json:
        print_json({**dataclasses.asdict(adopted), "candidate": dataclasses.asdict(candidate)})
        return
    print_facts(
        {
            "candidate": f"version {candidate.model_version}",
            "data version": adopted.data_version,
            "teacher's run": adopted.teacher.run_id,
            "student's run": adopted.student.run_id,
            **dict(sorted(candidate.metrics.items())),
        }
    )

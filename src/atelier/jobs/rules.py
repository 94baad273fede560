"""Implements `atelier rules list | check`: rule files for the items of this workspace."""

from __future__ import annotations

from atelier.datasets.catalogue import Catalogue
from atelier.rules.arrow import attributes_of
from atelier.rules.file import find_rules, load_rules, ready_made
from atelier.rules.report import RulesReport, check_rules
from atelier.rules.rules import Rules
from atelier.settings import Settings


def list_rules() -> dict[str, Rules]:
    """List the ready-made rules by the names of their files, in their order."""
    return {name: load_rules(path) for name, path in ready_made().items()}


def check(settings: Settings, name: str) -> RulesReport:
    """Check whether ready-made rules, or those in a file, can be kept with the items of the workspace.

    RulesError: the file is wrong, or there are no items.
    """
    return check_rules(find_rules(name), attributes_of(Catalogue.open(settings.data_dir).table("items")))

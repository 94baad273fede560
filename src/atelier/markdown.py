"""Text from data inside Markdown: on MLflow's and Prefect's pages, in reports and model cards."""

from __future__ import annotations

import re

_MARKUP = re.compile(r"[\\`*_\[\]<>|~$]|&(?=[#\w])")
"""What begins emphasis, code, a link, a tag, a cell, a formula or an entity."""
_AT_A_LINE = re.compile(r"^(\s*)([#+-]\s)", re.MULTILINE)
"""What begins a heading or a list."""


def literal(text: str) -> str:
    """Escape all that Markdown would read, so that a category called `[sale](x)` is shown as that."""
    return _AT_A_LINE.sub(r"\1\\\2", _MARKUP.sub(r"\\\g<0>", text))

"""Names that shops chose stay names in Markdown."""

from __future__ import annotations

import pytest

from atelier.markdown import literal


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("Casual Shoes, 30.5 %", "Casual Shoes, 30.5 %"),
        ("[sale](http://x)", "\\[sale\\](http://x)"),
        ("<script>", "\\<script\\>"),
        ("*all* `x` a_b | c", "\\*all\\* \\`x\\` a\\_b \\| c"),
        ("# A\n- b", "\\# A\n\\- b"),
        ("&lt; A & B", "\\&lt; A & B"),
        ("C:\\x", "C:\\\\x"),
    ],
)
def test_what_markdown_would_read_is_escaped(text: str, escaped: str) -> None:
    assert literal(text) == escaped

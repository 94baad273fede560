"""What may name a user."""

from __future__ import annotations

import pytest

from atelier.vocabulary import is_user_id


@pytest.mark.parametrize(
    "user", ["a", "ann", "a/b", "a b", "[/x]", "小明", "x" * 200, "é\u0301", "-", "..", "a//b"]
)
def test_one_line_of_any_script_names_a_user(user: str) -> None:
    assert is_user_id(user)


@pytest.mark.parametrize(
    "user",
    ["", " ", "/", "a/", "/a", " a", "a ", "a\u3000", "a\n", "a\nb", "a\x00b", "x" * 201, "\udce9", "\ufffd"],
)
def test_what_could_be_mistaken_for_another_name_does_not(user: str) -> None:
    assert not is_user_id(user)

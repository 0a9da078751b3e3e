from __future__ import annotations

import pytest

from schemas.ids import id_from, is_id


@pytest.mark.parametrize("text", ["a", "Phone-1_b.c:d", "x" * 64])
def test_letters_digits_and_four_signs_are_an_id(text: str) -> None:
    assert is_id(text)


@pytest.mark.parametrize("text", ["", "x" * 65, "my phone", "ä", "a/b", "a\n"])
def test_all_else_is_none(text: str) -> None:
    assert not is_id(text)


def test_a_name_becomes_an_id() -> None:
    assert id_from("My phone (2)/left", "import") == "My-phone-2-left"
    assert id_from("x" * 70, "import") == "x" * 64
    assert id_from("", "folder") == "folder"
    assert id_from("(a)", "import") == "-a-"
    assert id_from("(a)", "import", strip="-") == "a"

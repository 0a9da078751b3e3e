from __future__ import annotations

from typing import Any

import pytest

from schemas import ImuFrame
from tests.docs import reference


@pytest.mark.parametrize("name", reference.PAGES)
def test_a_page_is_what_the_code_says(name: str) -> None:
    written = (reference.FOLDER / name).read_text(encoding="utf-8")
    assert written == reference.PAGES[name](), "python -m tests.docs.reference writes it anew"


def test_no_other_page_calls_itself_reference() -> None:
    assert {path.name for path in reference.FOLDER.iterdir()} == set(reference.PAGES)


def test_settings_are_shown_as_they_ship(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EGOLOG_LLM_RETRIES", "7")
    assert "| `EGOLOG_LLM_RETRIES` | `2` | Maximum retries of a failed call |" in (
        reference.settings_page()
    )


def test_a_field_has_its_type_its_bounds_and_its_default() -> None:
    inner: dict[str, Any] = {}
    lines = reference._fields(ImuFrame, inner).splitlines()
    assert "| `rate` | float | ≥ 10.0, ≤ 800.0 | required |" in lines
    assert "| `acc` | [Vector](#vector) |  | required |" in lines
    assert "| `final` | bool |  | `False` |" in lines
    assert list(inner) == ["Vector"]


def test_prose_that_markdown_would_read_as_its_own_stays_as_it_is() -> None:
    assert reference._prose("a <b> of `x_y` and c*d | EGOLOG_A_B_FILE") == (
        "A \\<b> of `x_y` and c\\*d \\| `EGOLOG_A_B_FILE`"
    )

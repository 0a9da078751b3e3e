from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from models.research.lib.page_sections import lead, put_section, sections, with_section

if TYPE_CHECKING:
    from pathlib import Path

PAGE = "# Results\n\nOf today.\n\n## Length\n\nfirst\n\n### Of a window\n\n## Sizes\n\nlast\n"


def test_a_section_ends_at_the_next_heading_of_its_level() -> None:
    found = sections(PAGE)
    assert found["## Length"] == "## Length\n\nfirst\n\n### Of a window"
    assert found["## Sizes"] == "## Sizes\n\nlast"
    assert len(found) == 2


def test_a_new_section_comes_last() -> None:
    assert with_section(PAGE, "## Loop\n\none") == f"{PAGE}\n## Loop\n\none\n"


def test_a_section_replaces_itself_and_nothing_else() -> None:
    replaced = with_section(PAGE, "## Length\n\nanother\n\nmore\n")
    assert (
        replaced == "# Results\n\nOf today.\n\n## Length\n\nanother\n\nmore\n\n## Sizes\n\nlast\n"
    )
    assert with_section(replaced, sections(PAGE)["## Length"]) == PAGE


def test_a_page_is_made_where_there_is_none(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    put_section(page, "## Loop\n\none")
    put_section(page, "## Sizes\n\nlast")
    assert sections(page.read_text()).keys() == {"## Loop", "## Sizes"}


def test_a_new_section_may_come_first_and_stays_where_it_is() -> None:
    first = with_section(PAGE, "## Loop\n\none", first=True)
    assert first == PAGE.replace("## Length", "## Loop\n\none\n\n## Length")
    assert with_section(PAGE, "## Sizes\n\nmore", first=True) == PAGE.replace("last", "more")
    assert with_section("", "## Loop\n\none", first=True) == "## Loop\n\none\n"


def test_what_stands_above_the_sections_is_the_lead() -> None:
    assert lead(PAGE) == "# Results\n\nOf today."
    assert lead("## Sizes\n\nlast\n") == ""


def test_sections_with_one_heading_are_one() -> None:
    twice = f"{PAGE}\n## Length\n\nsecond\n\n## Last\n"
    assert sections(twice)["## Length"] == (
        "## Length\n\nfirst\n\n### Of a window\n\n## Length\n\nsecond"
    )
    kept = with_section(twice, "## Sizes\n\nmore")
    assert [kept.index(each) for each in ("first", "second", "more", "## Last")] == sorted(
        kept.index(each) for each in ("first", "second", "more", "## Last")
    )
    assert "first" not in with_section(twice, "## Length\n\nanother")
    assert "second" not in with_section(twice, "## Length\n\nanother")


@pytest.mark.parametrize(
    "block",
    [
        "```sh\n## a comment\n```",
        "~~~~\n## a comment\n~~~\n## another\n~~~~",
        "````\n```\n## a comment\n```\n````",
        "   ```\n## a comment\n   ```",
    ],
)
def test_a_line_of_a_block_of_code_is_no_heading(block: str) -> None:
    page = f"# Results\n\n## Length\n\n{block}\n\nfirst\n\n## Sizes\n\nlast\n"
    assert sections(page) == {
        "## Length": f"## Length\n\n{block}\n\nfirst",
        "## Sizes": "## Sizes\n\nlast",
    }
    assert with_section(page, "## Sizes\n\nlast") == page


def test_code_within_a_line_opens_no_block() -> None:
    assert list(sections("```sh``` is\n\n## Sizes\n\nlast\n")) == ["## Sizes"]


@pytest.mark.parametrize("text", ["one", "# Loop\n\n## Sizes\n\nlast", "lead\n\n## Sizes", ""])
def test_text_without_a_heading_is_refused_and_not_dropped(text: str) -> None:
    with pytest.raises(ValueError, match="expected a heading as '## Sizes'"):
        with_section(PAGE, text)

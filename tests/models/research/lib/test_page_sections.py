from __future__ import annotations

from typing import TYPE_CHECKING

from models.research.lib.page_sections import put_section, sections, with_section

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

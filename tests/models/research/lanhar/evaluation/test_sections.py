from pathlib import Path

from models.research.lanhar.evaluation.sections import (
    lead_and_section_of,
    put_first,
    put_last,
    section_of,
)


def test_a_section_is_put_at_the_end_and_replaced_where_it_is(tmp_path: Path) -> None:
    page = tmp_path / "LANHAR.md"
    page.write_text("# LanHAR\n\ntext\n")
    put_last("first", page, "figures")
    put_last("other", page, "leave one out")
    put_last("second", page, "figures")
    assert page.read_text() == (
        "# LanHAR\n\ntext\n\n<!-- figures -->\n\nsecond\n\n<!-- /figures -->\n\n"
        "<!-- leave one out -->\n\nother\n\n<!-- /leave one out -->\n"
    )
    assert section_of(page, "figures") == "<!-- figures -->\n\nsecond\n\n<!-- /figures -->"


def test_a_section_is_put_behind_the_title_and_replaced_where_it_is(tmp_path: Path) -> None:
    page = tmp_path / "LANHAR.md"
    page.write_text("# LanHAR across data sets\n\nText.\n", "utf-8")
    for body in ("first", "second"):
        put_first(body, page, "live")
    section = "<!-- live -->\n\nsecond\n\n<!-- /live -->"
    assert page.read_text() == f"# LanHAR across data sets\n\n{section}\n\nText.\n"
    assert lead_and_section_of(page, "live") == section
    page.write_text(f"# LanHAR\n\nLead.\n\n{section}\n", "utf-8")
    assert lead_and_section_of(page, "live") == f"Lead.\n\n{section}"


def test_a_page_without_the_section_has_none(tmp_path: Path) -> None:
    page = tmp_path / "LANHAR.md"
    assert section_of(page, "figures") is None
    assert lead_and_section_of(page, "live") is None
    put_last("only", page, "figures")
    assert page.read_text().startswith("# LanHAR\n\n<!-- figures -->")

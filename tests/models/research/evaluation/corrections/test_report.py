from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from models.research.evaluation.corrections.__main__ import main
from models.research.evaluation.corrections.measures import GAINS
from models.research.evaluation.corrections.report import HEADING, UNMEASURED, present, section

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

SHOWN = [name for name in GAINS if name != "expert_gain"]


def figures(seed: int, *gains: float) -> dict[str, Any]:
    """Return a run whose wearers gain so much, however it is counted."""
    wearers = []
    for gain in gains:
        wearer: dict[str, Any] = {"corrections": 40 + seed}
        for after, before in GAINS.values():
            wearer |= {before: 0.5, after: 0.5 + gain}
        wearers.append(wearer)
    mean = sum(gains) / len(gains)
    return {
        "details": {"seed": seed, "weights": "weights abc"},
        **dict.fromkeys(SHOWN, mean),
        "corrections": 40.0,
        "published": 0.5,
        "sd": dict.fromkeys(SHOWN, 0.01),
        "wearers": wearers,
    }


def test_the_section_has_every_gain_over_the_seeds_and_who_loses() -> None:
    text = section([figures(0, 0.04, 0.02), figures(1, -0.01, 0.03)], "a command", "2026-03-02")
    assert text.startswith(HEADING)
    assert (
        "| scenario F1 of later days, in the log | 0.020 ± 0.014 "
        "| +0.030 ± 0.010, +0.010 ± 0.010 | 1 of 4 | +0.03 |"
    ) in text
    assert text.count("0.020 ± 0.014") == len(SHOWN)
    assert "corrects up to 41 half minutes" in text
    assert "Written by `a command` on 2026-03-02, weights abc." in text


def test_a_page_without_the_section_says_how_to_get_it() -> None:
    assert present("# Results\n") == UNMEASURED
    text = section([figures(0, 0.04)], "a command", "2026-03-02")
    assert present(f"# Results\n\n## Far sound\nx\n\n{text}\n") == text


def test_figures_of_several_runs_become_one_section(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "RESULTS.md"
    page.write_text("# Results\n\n## Sizes and time\nsmall\n")
    sources = [tmp_path / f"{seed}.json" for seed in (0, 1)]
    for seed, source in enumerate(sources):
        source.write_text(json.dumps(figures(seed, 0.04, 0.02)))
    main(["--results", str(page), "--from", *map(str, sources)])
    text = page.read_text()
    assert f"evaluation.corrections --results {page} --seeds 0 1` on" in text
    assert text.startswith("# Results\n\n## Sizes and time\nsmall\n")
    assert f"wrote {page}" in capsys.readouterr().out


def test_the_figures_of_several_seeds_in_one_file_are_read_again(tmp_path: Path) -> None:
    sources = [tmp_path / f"{seed}.json" for seed in (1, 0)]
    for seed, source in zip((1, 0), sources, strict=True):
        source.write_text(json.dumps(figures(seed, 0.04)))
    whole, page = tmp_path / "whole.json", tmp_path / "RESULTS.md"
    main(["--json", str(whole), "--from", *map(str, sources)])
    assert [run["details"]["seed"] for run in json.loads(whole.read_text())] == [0, 1]
    main(["--results", str(page), "--from", str(whole)])
    assert "Seeds 0, 1, each a domain" in page.read_text()

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from bench.__main__ import main
from tests.bench.figures import benchmark_figures

if TYPE_CHECKING:
    from pathlib import Path


def test_a_page_is_written_from_figures_alone(tmp_path: Path) -> None:
    source, page = tmp_path / "figures.json", tmp_path / "docs" / "PERFORMANCE.md"
    source.write_text(json.dumps(benchmark_figures()))
    assert main(["--from", str(source), "--page", str(page)]) == 0
    text = page.read_text()
    assert "| wearers a core | 200.0 |" in text
    assert "| activity, p50 / p99, 8 wearers with aligned clocks, ms | 10 / 30 |" in text
    assert "| product, Apache Kafka | 5.00 | 5.00 to 5.00 | 200 | 0.80 | 3.5 |" in text
    assert "| kafka | 1 | activity → log | 10 | 20 | 30 | 30 |" in text
    assert "costs 0.25 ms a wearer-second: 20 times less" in text
    assert "| 3 of 10 s | 9.00 | 100 | 109 |" in text
    assert "they took 1.25 ms of a wearer-second" in text
    assert "in 1 of 500 looks" in text
    assert "Some CPU, 2 cores" in text
    for picture in ("cost.png", "wearers.png"):
        assert f"(figures/{picture})" in text
        assert (tmp_path / "docs" / "figures" / picture).stat().st_size > 1_000


def test_what_was_left_out_is_listed(tmp_path: Path) -> None:
    figures = benchmark_figures() | {
        "skipped": {"kafka": "java is missing"},
        "disk_mb_per_wearer_day": None,
    }
    source, page = tmp_path / "figures.json", tmp_path / "PERFORMANCE.md"
    source.write_text(json.dumps(figures))
    main(["--from", str(source), "--page", str(page)])
    text = page.read_text()
    assert "Left out: kafka, because java is missing." in text
    assert "| disk a wearer-day of 16 h without raw sound, with an hour of motion, MB | – |" in text


def test_what_a_gpu_measured_stays_in_the_page(tmp_path: Path) -> None:
    source, page = tmp_path / "figures.json", tmp_path / "PERFORMANCE.md"
    source.write_text(json.dumps(benchmark_figures()))
    page.write_text("# Old\n\n## In short\n\nold\n\n## On a GPU\n\nfast\n\n## Gone\n\nold\n")
    for _ in range(2):
        main(["--from", str(source), "--page", str(page)])
        text = page.read_text()
        assert text.endswith("\n\n## On a GPU\n\nfast\n")
        assert "\n\nold\n" not in text

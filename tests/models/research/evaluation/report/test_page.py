import re
from pathlib import Path
from typing import Any

from models.research.evaluation.report.ablations import section
from models.research.evaluation.report.headlines import COMPOSED_BARS, MEASURED_BARS
from models.research.evaluation.report.page import Report, write
from models.research.lib.sizes import Cost, Size


def located(value: float) -> dict[str, Any]:
    return {
        "direction_accuracy": value,
        "distance_accuracy": value,
        "front_back_error": 1 - value,
        "micro_f1": value,
        "confusion": [[8, 1, 1, 0], [0, 9, 0, 1], [2, 0, 8, 0], [0, 0, 0, 10]],
        "by_turn": [
            {"from_deg_s": 0, "to_deg_s": 2, "seconds": 40, "direction_accuracy": value},
            {"from_deg_s": 2, "to_deg_s": None, "seconds": 0, "direction_accuracy": None},
        ],
    }


def figures(value: float) -> dict[str, Any]:
    both = {"with_motion": located(value), "without_motion": located(value - 0.1)}
    return {
        "localization": {
            **both,
            "glasses": both,
            "headphones": both,
            "mono": located(value),
            "direction_accuracy": value,
            "by_length": {"0.5": located(value - 0.1), "1": located(value), "2": located(value)},
        },
        "measured": {
            "ku100": {
                "distances": {"0.5": {"said_near": value}, "3.25": {"said_near": 1 - value}},
                "in_rooms": {"0.5": {"said_near": value}},
                "balanced_lateral": value,
            },
            "surrey": {"room_a": {"distances_m": [0.7, 1.5], "said_far": value}},
            "calibration": {"room_a": {"said": 1 - value, "near": 0.0, "ece": 1 - value}},
            "ece": 1 - value,
        },
        "sound_events": {"top1": value},
        "speech": {
            "quiet": value,
            "street": value - 0.1,
            "false": 1 - value,
            "clips": 70,
            "other_clips": 320,
        },
        "urbansound8k": {"top1": value, "clips": 174},
        "scenario": {"f1": value, "by_length": {"10": value, "30": value}},
        "har": {
            "accuracy": value,
            "accuracy_clean": value,
            "accuracy_interfered": value - 0.1,
            "accuracy_interfered_gated": value - 0.08,
            "accuracy_interfered_near_kept": value - 0.05,
            "by_length": {"1": value, "10": value},
        },
        "gate": {
            "far_only_closed": value,
            "near_wrongly_closed": 1 - value,
            "won_back": None if value == 0.8 else 0.5,
            "won_back_dropped": 0.2,
        },
        "localization_in_order": {
            "with_motion": {"alone": located(value - 0.02), "remembered": located(value)},
            "without_motion": {"alone": located(value - 0.1)},
        },
        "events": {"distance_accuracy": value, "by_regions": {"distance_accuracy": value - 0.1}},
    }


ABLATION = {
    "scenario": {"multi-modal": 0.5, "+ contrastive": 0.7},
    "scenario_baselines": {"audio only": 0.4},
    "har": {"accuracy": 0.8},
    "har_baselines": {"late fusion": 0.6},
    "training": {"stretches": 600, "network": "0.7 min", "stage": "90 steps, 6 min at most"},
}


def report(**changes: Any) -> Report:
    given = {
        "runs": {0: figures(0.8), 1: figures(0.84), 2: figures(0.82)},
        "sizes": [Size("har", 1_000, 0.5), Size("scenario", 2_000, 1.25)],
        "costs": [Cost("har", 5, 12.5, 3.25), Cost("spatial", 1, 5.0, 1.0)],
        "date": "2026-03-02",
        "command": "python -m models.research.evaluation --results docs/RESULTS.md",
        "data": "weights abc",
    }
    return Report(**{**given, **changes})


def row(page: str, name: str) -> list[str]:
    (line,) = [line for line in page.splitlines() if line.startswith(f"| {name} |")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_page_has_every_table_and_three_plots(tmp_path: Path) -> None:
    page = tmp_path / "docs" / "RESULTS.md"
    write(report(), page)
    text = page.read_text()
    assert "on 2026-03-02; weights abc. Seeds 0, 1, 2" in text
    assert "`python -m models.research.evaluation --results docs/RESULTS.md`" in text
    assert row(text, "scenario, 30 s, F1")[1:] == ["0.820 ± 0.020", "0.85", "0.80", "0.90"]
    assert all(f"| {bar.name} |" in text for bar in (*MEASURED_BARS, *COMPOSED_BARS))
    assert row(text, "motion class, macro-F1")[1] == "not measured"
    assert row(text, "near or far of a sound event")[1] == "0.820 ± 0.020"
    assert row(text, "… near and far not heard apart")[1] == "0.720 ± 0.020"
    assert text.index("## Measured") < text.index("## Composed")
    assert row(text, "dry, 3.25 m")[1] == "0.180 ± 0.020"
    assert row(text, "room_a, 0.7 and 1.5 m")[1] == "0.180 ± 0.020"
    assert row(text, "with motion, with the seconds before")[1] == "0.820 ± 0.020"
    assert row(text, "without motion, each second by itself")[1] == "0.720 ± 0.020"
    assert row(text, "all")[1:] == ["3,000", "1.75"]
    for plot in re.findall(r"\((figures/\w+\.png)\)", text):
        assert (page.parent / plot).read_bytes().startswith(b"\x89PNG")
    assert len(set(re.findall(r"figures/\w+\.png", text))) == 3


def test_the_measured_part_says_what_speech_and_streets_were_measured_on(tmp_path: Path) -> None:
    write(report(), tmp_path / "RESULTS.md")
    text = (tmp_path / "RESULTS.md").read_text()
    measured = text[text.index("## Measured") : text.index("## Composed")]
    assert row(measured, "real speech heard as speech, in quiet")[1:] == [
        *("0.820 ± 0.020", "", "0.95", "0.99")
    ]
    assert row(measured, "… at 0 dB under street noise")[1] == "0.720 ± 0.020"
    assert row(measured, "room_a")[1:] == ["0.180 ± 0.020", "0.000 ± 0.000", "0.180 ± 0.020"]
    assert row(measured, "false speech on ESC-50's other sounds")[1] == "0.180 ± 0.020"
    assert row(measured, "street and home sounds, UrbanSound8K's ten as parents")[3] == "0.70"
    assert "70 clips of 4 s by speakers that nothing was trained on" in measured
    assert "children playing and street music have voices in them and are left out" in measured
    assert "320 clips of ESC-50; its sounds of people (breathing, brushing teeth," in measured
    assert "174 clips are of recordings that nothing was trained on" in measured
    run = figures(0.8)
    del run["speech"], run["urbansound8k"]
    write(report(runs={0: run}), tmp_path / "RESULTS.md")
    text = (tmp_path / "RESULTS.md").read_text()
    assert row(text, "real speech heard as speech, in quiet")[1] == "not measured"
    assert "Speech is" not in text


def test_every_table_row_has_as_many_cells_as_its_head(tmp_path: Path) -> None:
    write(report(), tmp_path / "RESULTS.md")
    tables = [
        [line.count("|") for line in block.splitlines() if line.startswith("|")]
        for block in (tmp_path / "RESULTS.md").read_text().split("\n\n")
    ]
    assert any(tables)
    assert all(len(set(rows)) <= 1 for rows in tables), tables


def test_what_was_not_measured_is_said(tmp_path: Path) -> None:
    run = figures(0.8)
    del run["localization"]
    write(report(runs={4: run}), tmp_path / "RESULTS.md")
    text = (tmp_path / "RESULTS.md").read_text()
    assert "Not measured: sounds or ears were absent." in text
    assert "Not measured: `python -m models.research.evaluation.ablations" in text
    assert row(text, "scenario, 30 s, F1")[1] == "0.800"


def test_sections_of_other_commands_stay(tmp_path: Path) -> None:
    page = tmp_path / "RESULTS.md"
    tables = section("tables", {"0": ABLATION, "1": ABLATION}, "Written yesterday")
    page.write_text(f"# Results\n\n{tables}\n\n## Sizes and time\n\nof before\n")
    write(report(), page)
    text = page.read_text()
    assert row(text, "+ contrastive")[1] == "0.700 ± 0.000"
    assert row(text, "late fusion")[1] == "0.600 ± 0.000"
    assert "Written yesterday: seeds 0, 1, measured on other unseen" in text
    assert "Trained on 600 composed minutes; a network for 0.7 min." in text
    pairs = section("positive_pairs", {"0": ABLATION}, "Written yesterday")
    assert "a network for 0.7 min, a contrastive stage for 90 steps, 6 min at most." in pairs
    assert "of before" not in text
    assert "evaluation.ablations" not in text


def test_the_same_figures_write_the_same_page_and_pictures(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        write(report(), tmp_path / folder / "RESULTS.md")
    files = sorted(p.relative_to(tmp_path / "one") for p in (tmp_path / "one").rglob("*.*"))
    assert len(files) == 4
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_each_way_of_dealing_with_far_sound_is_said_with_what_it_wins_back(tmp_path: Path) -> None:
    write(report(), tmp_path / "RESULTS.md")
    page = (tmp_path / "RESULTS.md").read_text()
    assert row(page, "no gate") == ["no gate", "0.720 ± 0.020", "–"]
    assert row(page, "audio dropped") == ["audio dropped", "0.740 ± 0.020", "0.200 ± 0.000"]
    # A seed in which the loudspeaker costs nothing has no share of it.
    assert row(page, "near field kept") == ["near field kept", "0.770 ± 0.020", "0.500 ± 0.000"]
    assert row(page, "gate closed, far-only windows")[1] == "0.820 ± 0.020"
    assert "beside 0.820 ± 0.020 without it" in page


def test_the_gain_by_motion_is_of_drawn_seconds_and_of_days_alike(tmp_path: Path) -> None:
    runs = {0: figures(0.8), 1: figures(0.84)}
    for run, drawn in zip(runs.values(), (0.78, 0.80), strict=True):
        run["localization"]["direction_accuracy_without_motion"] = drawn
    write(report(runs=runs), tmp_path / "RESULTS.md")
    page = (tmp_path / "RESULTS.md").read_text()
    # The spread is that of the gain, not of what it is the difference of.
    gain = row(page, "IMU's gain on direction, drawn seconds")
    assert gain[1:] == ["0.030 ± 0.014", "0.10", "0.06", "0.10"]
    assert row(page, "… days' seconds, each by itself")[1] == "0.080 ± 0.000"
    assert row(page, "… days' seconds, with those before")[1] == "0.100 ± 0.000"


def test_a_gain_needs_both_of_its_figures(tmp_path: Path) -> None:
    run = figures(0.8)
    del run["localization_in_order"]["without_motion"]["alone"]
    write(report(runs={0: run}), tmp_path / "RESULTS.md")
    page = (tmp_path / "RESULTS.md").read_text()
    assert row(page, "… days' seconds, each by itself")[1] == "not measured"

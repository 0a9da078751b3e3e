"""Rules of `models.research.lanhar.evaluation.results`."""

import json
from pathlib import Path
from typing import Any

import pytest

from models.research.lanhar.evaluation import way_runs
from models.research.lanhar.evaluation.baseline_figures import Baselines
from models.research.lanhar.evaluation.data_sets import DATA_SETS
from models.research.lanhar.evaluation.evaluation_settings import EvaluationSettings
from models.research.lanhar.evaluation.over_seeds import Way
from models.research.lanhar.evaluation.results import main, rank_ms
from models.research.lanhar.evaluation.shared_classes import DataSetPair
from models.research.lanhar.evaluation.way_runs import (
    WayRun,
    groups,
    in_a_pocket,
    jobs,
    measure,
    run,
    walking_and_sitting,
)
from models.research.lib.error_lines import UNUSABLE
from models.serving.registry import Registry
from tests.models.research.lanhar.motion import data_set, motion_file

FOUND = {
    "accuracy": 0.9, "macro_f1": 0.8, "category_macro_f1": 0.9, "baselines": {},
    "new_activities": None,
}  # fmt: skip
FOUND_NEW = {**FOUND, "new_activities": {"accuracy": 0.5, "baselines": {}}}
FOREST = {"known": {"accuracy": 0.6, "macro_f1": 0.5}, "new": {"accuracy": 0.1}}
WAY = Way("HAPT", "ClassyGlass", "four")


def test_every_way_has_its_way_back() -> None:
    for group in [*groups(["sealed"]), walking_and_sitting()]:
        ways = set(group.ways)
        assert {Way(way.target, way.source, way.label_set) for way in ways} == ways


def test_wisdm_is_compared_by_level_classes_too_but_without_new_activities() -> None:
    level = [group for group in groups() if group.ways[0].label_set == "level"]
    assert [len(group.ways) for group in level] == [4]
    assert not level[0].new


def test_another_data_set_is_source_and_target_of_the_papers_four() -> None:
    added = {way for group in groups(["pocket"]) for way in group.ways} - {
        way for group in groups() for way in group.ways
    }
    assert len(added) == 4
    assert all(way.label_set == "four" and "pocket" in (way.source, way.target) for way in added)


def test_runs_with_fewer_steps_are_never_taken_for_whole_ones(tmp_path: Path) -> None:
    files = {name: Path(file) for name, file in DATA_SETS.items()}
    wanted = [*groups(), walking_and_sitting(), in_a_pocket()]
    quick, whole = (
        {job.kept for job in jobs(wanted, files, [0, 1], tmp_path, short)}
        for short in (True, False)
    )
    assert len(quick | whole) == 2 * 22


def job(tmp_path: Path, *baselines: str, source: str = "gone", target: str = "gone") -> WayRun:
    return WayRun(WAY, tmp_path / source, tmp_path / target, 0, True, True, tmp_path, baselines)


def test_a_baseline_is_kept_beside_lanhar_and_read_where_it_is_asked_for(tmp_path: Path) -> None:
    both, forest, none = (
        job(tmp_path, "random_forest", "dcnn"),
        job(tmp_path, "random_forest"),
        job(tmp_path),
    )
    both.kept.write_text(json.dumps(FOUND_NEW))
    both.kept_baseline("random_forest").write_text(json.dumps(FOREST))
    assert not both.is_kept()
    assert forest.is_kept()
    merged = forest.kept_figures()
    assert measure([forest], 1) == measure([both], 1, only_kept=True) == {WAY: {0: merged}}
    assert merged["baselines"] == {"random_forest": FOREST["known"]}
    assert merged["new_activities"] == {
        "accuracy": 0.5, "baselines": {"random_forest": FOREST["new"]},
    }  # fmt: skip
    assert none.kept_figures() == FOUND_NEW


def test_a_kept_run_is_read_and_not_trained_again(tmp_path: Path) -> None:
    one = job(tmp_path)
    one.kept.write_text(json.dumps(FOUND))
    assert measure([one], 1) == {WAY: {0: FOUND}}


def test_only_what_is_kept_leaves_the_rest_out(tmp_path: Path) -> None:
    assert measure([job(tmp_path)], 1, only_kept=True) == {}


def test_each_part_of_a_run_is_kept_and_only_what_is_missing_is_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: list[str] = []

    def lanhar(pair: DataSetPair, seed: int, settings: EvaluationSettings) -> dict[str, Any]:
        trained.append(f"{pair.source.name} to {pair.target.name}, {pair.label_set}, {seed}")
        assert settings == EvaluationSettings().quick()
        return FOUND_NEW

    def baseline(_: Baselines, name: str) -> dict[str, Any]:
        trained.append(name)
        return FOREST

    monkeypatch.setattr(way_runs, "evaluate_lanhar", lanhar)
    monkeypatch.setattr(Baselines, "figures", baseline)
    for name in ("a_20hz.npz", "b_20hz.npz"):
        motion_file(tmp_path / name, data_set("x", 0, each=2))
    first, more = (
        job(tmp_path, *names, source="a_20hz.npz", target="b_20hz.npz")
        for names in (("random_forest",), ("random_forest", "dcnn"))
    )
    assert run(first) == first.kept_figures()
    assert json.loads(first.kept.read_text()) == FOUND_NEW
    assert trained == ["a_20hz to b_20hz, four, 0", "random_forest"]
    assert list(run(more)["baselines"]) == ["random_forest", "dcnn"]
    assert trained[2:] == ["dcnn"]
    assert [path.name for path in tmp_path.glob("*.tmp")] == []


def test_the_page_is_written_of_what_is_kept(tmp_path: Path) -> None:
    runs, out = tmp_path / "runs", tmp_path / "docs" / "LANHAR.md"
    runs.mkdir()
    for seed in (0, 1):
        (runs / f"HAPT-ClassyGlass-four-{seed}.json").write_text(json.dumps(FOUND))
    common = ["--only-kept", "--runs", str(runs), "--out", str(out), "--seeds", "0", "1"]
    assert main(common) == 0
    assert "| HAPT → ClassyGlass | four | 0.900 ± 0.000 | 0.800 ± 0.000 |" in out.read_text()
    assert "| ClassyGlass → HAPT | four | not run | not run |" in out.read_text()
    assert "Walking and sitting" not in out.read_text()


def test_a_part_of_which_nothing_was_run_stays_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs, out = tmp_path / "runs", tmp_path / "LANHAR.md"
    runs.mkdir()
    (runs / "WISDM-HAPT-four-0.json").write_text(json.dumps(FOUND))
    before = "# LanHAR\n\n## Across data sets\nof three seeds\n\n## Baselines, macro-F1\nlong ago\n"
    out.write_text(before)
    places = ["--only-kept", "--runs", str(runs), "--out", str(out)]
    assert main([*places, "--quick"]) == 0
    assert out.read_text() == before
    assert f"{str(out)!r} stays as it is: no run is in {str(runs)!r}" in capsys.readouterr().out
    (runs / "WISDM-HAPT-four-0.json").rename(runs / "WISDM-HAPT-four-0-quick.json")
    assert main([*places, "--quick", "--baselines", "nuactiv", "--seeds", "0"]) == 0
    text = out.read_text()
    assert text.startswith(before)
    section = text.removeprefix(before)
    assert section.startswith("\n## Walking and sitting, from one data set to another\n")
    assert f"results --seeds 0 --out {out} --quick --baselines nuactiv` on " in section
    assert "Seed 0 alone, so no spread is known." in section
    assert "quarter of the steps" in section
    assert "| WISDM → HAPT | four | 0.900 | 0.800 | 0.900 |" in section
    assert "| HAPT → WISDM | four | not run | not run | not run |" in section


def test_a_phone_in_a_pocket_has_a_section_and_a_bar_of_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs, out = tmp_path / "runs", tmp_path / "LANHAR.md"
    runs.mkdir()
    (runs / "HAPT-WISDM-stairs-0.json").write_text(json.dumps(FOUND))
    (runs / "HAPT-WISDM-stairs-0-random_forest.json").write_text(json.dumps(FOREST))
    out.write_text("# LanHAR\n\n## Across data sets\nof three seeds\n")
    assert main(["--only-kept", "--runs", str(runs), "--out", str(out)]) == 0
    assert f"wrote a phone in a pocket into {out}" in capsys.readouterr().out
    text = out.read_text()
    assert "## Across data sets\nof three seeds\n" in text
    section = text[text.index("## A phone in a pocket: walking, stairs and still") :]
    assert "| … macro-F1 over the best baseline | +0.300 (random_forest) |  | +0.03 | +0.10 |" in (
        section
    )
    assert "| HAPT → WISDM | stairs | 0.900 | 0.800 | 0.900 |" in section
    assert "| HAPT → WISDM, stairs | 0.800 | 0.500 |" in section
    assert "\n`stairs`: walking, taking the stairs, still; of these the classes" in section
    assert "new activities" not in section.lower()


def test_a_missing_data_set_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--data", str(tmp_path), "--runs", str(tmp_path / "runs"), "--workers", "1"]
    arguments += ["--ways", "HAPT-ClassyGlass-four", "--out", str(tmp_path / "page.md")]
    assert main(arguments) == UNUSABLE
    assert "classyglass_50hz.npz" in capsys.readouterr().err
    assert not (tmp_path / "page.md").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--ways", "HAPT-Moon-four"], "'HAPT-Moon-four' is unknown"),
        (["--baselines", "hargpt"], "invalid choice: 'hargpt'"),
        (["--also", "pocket"], "'pocket' is not NAME=FILE"),
        (["--also", "HAPT=other.npz"], "NAME beside HAPT"),
    ],
)
def test_a_wrong_argument_is_named(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([*arguments, "--data", str(tmp_path)])
    assert message in capsys.readouterr().err


def test_ranking_takes_time() -> None:
    assert 0 < rank_ms(Registry()) < 1_000

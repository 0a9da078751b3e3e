from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import torch

from models.egolog.contrastive import ENCODERS, Encoders
from models.egolog.scenario import SCENARIO, ScenarioNet
from models.egolog.scenario_text import SCENARIO_TEXT, ScenarioText
from models.recordings.datasets import egoadl, samosa
from models.research.lib.error_lines import UNUSABLE
from models.research.lib.sentence_encoder import SentenceEncoderError
from models.research.papers import __main__ as evaluate_papers
from models.research.papers import activity_table, label_text, scenario_table
from models.research.papers.__main__ import Options, ShippedNetworks, evaluate, main
from models.research.papers.feature_pair import feature_pair
from models.research.papers.published import TablesError
from models.serving.registry import Registry
from tests.models.recordings import paper_sets
from tests.models.research.papers.plain_pair import PAIR
from tests.models.research.papers.pretrained import small_files

if TYPE_CHECKING:
    from pathlib import Path

KINDS = {"Cooking": (1.0, "stir"), "Working at desk": (3.0, "type")}


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> None:
        raise SentenceEncoderError("loading it takes seconds, and names are embedded elsewhere")

    monkeypatch.setattr(label_text, "SentenceEncoder", none)
    monkeypatch.setattr(scenario_table, "CONTEXTS", 12)
    monkeypatch.setattr(activity_table, "BATCH", 24)


def write_ego4d(root: Path, users: int = 5) -> None:
    videos = []
    for user in range(users):
        for scenario, (hz, activity) in KINDS.items():
            video = {
                "uid": f"{user}-{activity}",
                "user": user,
                "seconds": 33,
                "scenarios": [scenario],
                "moments": [(2.0, 22.0, activity)],
                "hz": hz,
            }
            videos.append(video)
    paper_sets.ego4d(root, videos)


def write_samosa(root: Path, users: int = 5) -> None:
    for user in range(users):
        for place, activity, hz in (("Kitchen", "Chopping", 1.0), ("Workshop", "Sanding", 3.0)):
            for trial in (1, 2):
                paper_sets.samosa(root, f"{user}---{place}---{activity}---{trial}", 12.0, hz)


def encoders(folder: Path) -> list[str]:
    torch.save(small_files.efficientat(), folder / "mn04_as.pt")
    torch.save(small_files.limu_bert(), folder / "limu_v1.pt")
    return [
        f"--audio-encoder=efficientat:{folder / 'mn04_as.pt'}",
        f"--imu-encoder=limu-bert:{folder / 'limu_v1.pt'}",
    ]


def test_one_command_prints_both_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_samosa(tmp_path / "samosa", users=4)
    (tmp_path / "samosa" / "TrainingDataset" / "1---Kitchen---Chopping---9.pkl").write_bytes(b"x")
    out = tmp_path / "out.json"
    main(
        [
            f"--samosa={tmp_path / 'samosa'}",
            "--steps=3",
            f"--json={out}",
            *encoders(tmp_path),
        ]
    )
    output = capsys.readouterr()
    lines = output.out.splitlines()
    assert "encoders: efficientat + limu-bert, frozen; seed 0; 3 steps a head" in lines
    assert any(line.startswith("Table 1: activity") for line in lines)
    assert any(line.startswith("Table 2: scenario") for line in lines)
    assert "| Random | 0.500 (0.04) |" in lines
    assert "| ImageBind-FT | – (0.93) |" in lines
    assert "SAMoSA: 1 file skipped: 1---Kitchen---Chopping---9.pkl" in output.err
    report = json.loads(out.read_text())
    for kind in ("activity", "scenario"):
        scores = report[kind]["SAMoSA"]["scores"]
        assert all(0 <= score <= 1 for score in scores.values() if score is not None)


@pytest.mark.accuracy
def test_what_the_features_show_is_found_for_unseen_users(tmp_path: Path) -> None:
    write_ego4d(tmp_path)
    options = Options(steps=200)
    recordings = evaluate_papers.SETS["Ego4D"](tmp_path, None)
    activity, scenario = evaluate("Ego4D", recordings, PAIR, options)
    assert activity is not None
    assert scenario is not None
    assert scenario.scores["+ Transformer"] > 0.9  # type: ignore[operator]
    assert activity.scores["+ Scenario"] > 0.9  # type: ignore[operator]
    assert activity.scores["Late fusion"] > 0.9  # type: ignore[operator]


def test_a_set_without_scenarios_has_no_table_2_and_no_scenario_row(tmp_path: Path) -> None:
    for user in ("anna", "ben", "cleo"):
        marks = [(0.0, "walk"), (8.0, "type"), (16.0, "walk"), (24.0, "end")]
        paper_sets.egoadl(tmp_path, user, 1_650_000_000_000, marks)
    activity, scenario = evaluate("EgoADL", egoadl.open_set(tmp_path), PAIR, Options(steps=5))
    assert scenario is None
    assert activity is not None
    assert activity.scores["+ Scenario"] is None
    assert activity.note.endswith("no scenarios: none named, none recognised")


def test_a_set_without_scenarios_is_given_those_that_our_network_recognises(
    tmp_path: Path,
) -> None:
    for user in ("anna", "ben", "cleo"):
        marks = [(0.0, "walk"), (4.0, "type"), (8.0, "end")]
        paper_sets.egoadl(tmp_path, user, 1_650_000_000_000, marks)
    ours = Encoders().eval()
    text = ScenarioText(torch.nn.functional.normalize(torch.randn(16, 384), dim=1))
    shipped = ShippedNetworks(ours, ScenarioNet().eval(), text)
    recordings = egoadl.open_set(tmp_path)
    activity, _ = evaluate("EgoADL", recordings, feature_pair(ours), Options(steps=2), shipped)
    assert activity is not None
    assert activity.scores["+ Scenario"] is not None
    assert activity.scores["+ Scenario (as labelled)"] is None
    assert activity.note.endswith("scenarios: the shipped network's")


def test_our_own_weights_are_used_unless_others_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    registry = Registry(tmp_path / "weights")
    registry.save(ENCODERS, Encoders())
    registry.save(SCENARIO, ScenarioNet())
    registry.save(SCENARIO_TEXT, ScenarioText())
    write_samosa(tmp_path / "samosa", users=3)
    main([f"--samosa={tmp_path / 'samosa'}", "--steps=1", f"--weights={registry.weights_dir}"])
    assert "encoders: ours + ours, frozen; seed 0; 1 steps a head" in capsys.readouterr().out


def test_where_a_part_has_no_activity_table_2_is_filled_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paper_sets.ego4d(
        tmp_path,
        [
            {
                "uid": str(user),
                "user": user,
                "seconds": 8,
                "scenarios": ["Cooking"],
                "moments": [(1.0, 4.0, "stir")] if user == 0 else [],
            }
            for user in range(3)
        ],
    )
    recordings = evaluate_papers.SETS["Ego4D"](tmp_path, None)
    activity, scenario = evaluate("Ego4D", recordings, PAIR, Options(steps=2))
    assert activity is None
    assert scenario is not None
    (line,) = [row for row in capsys.readouterr().err.splitlines() if "no Table 1" in row]
    assert line.startswith("Ego4D: no Table 1: data set 'Ego4D' has no activity among its ")


def test_too_few_users_are_refused_before_the_long_part(tmp_path: Path) -> None:
    write_samosa(tmp_path, users=2)
    with pytest.raises(TablesError, match="2 users; expected at least 3"):
        evaluate("SAMoSA", samosa.open_set(tmp_path), PAIR, Options())


def test_what_is_not_there_is_one_clear_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([])
    assert "no data set is given; expected one of --ego4d, --egoadl" in capsys.readouterr().err
    assert main([f"--ego4d={tmp_path / 'none'}", *encoders(tmp_path)]) == UNUSABLE
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("does not exist; expected Ego4D's folder")

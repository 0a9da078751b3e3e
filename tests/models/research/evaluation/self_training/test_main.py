import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from models.egolog.scenario import SCENARIO, ScenarioConfig, ScenarioNet
from models.research.evaluation.self_training import __main__ as command
from models.research.evaluation.self_training import measures
from models.research.evaluation.self_training.adapting import Day
from models.serving.registry import Registry
from tests.models import fresh
from tests.models.research.egolog.households.lives import household_windows

CONTRACT = {
    "expert_gain_uncertain",
    "oracle_gain",
    "adapt_gain",
    "adapt_log_gain",
    "original_change",
    "uncertain_share",
    "poisoned_change",
    "calls_per_hour",
    "details",
}


def network(bias: float) -> ScenarioNet:
    """Return one that says the same of everything."""
    made = ScenarioNet(ScenarioConfig(hidden=16, layers=1)).eval()
    with torch.no_grad():
        made.out.weight.zero_()
        made.out.bias.fill_(bias)
    return made


def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Play days and fine-tuning; what is asked of the latter is kept."""
    registry = fresh.registry(tmp_path / "weights")
    registry.save(SCENARIO, network(-9.0))
    # Later in a day the minutes before would settle the doubt.
    days = household_windows(16, days=3, wearers=8, uncertainty=[0])
    kept: dict[str, Any] = {"annotators": [], "weights": registry.weights_dir, "days": days}

    def adapted(
        registry: Registry, _: Any, annotators: Any, out: Path, last: Any = None
    ) -> list[Day]:
        kept["annotators"].append(([each.provenance for each in annotators], last))
        # Whoever is stuck gets something worse published, here: a network that names everything.
        bias = 9.0 if "stuck on" in annotators[0].provenance else -9.0
        calls = [9.0, 6.0, 3.0][: 3 if last is None else last + 1]
        return [Day(c, 6, 5, "accepted", "played", {}, network(bias)) for c in calls]

    monkeypatch.setattr(measures, "household_windows", lambda *_: days)
    monkeypatch.setattr(measures, "original", lambda *_, **__: (days.rows, days.truth))
    monkeypatch.setattr(measures, "adapt_daily", adapted)
    monkeypatch.setattr(measures, "DRAWS", 3)
    return kept


@pytest.fixture
def played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    return play(tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def measured_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], list[Any]]:
    """The figures of a measurement that several tests look at, and who was learned from in it."""
    folder = tmp_path_factory.mktemp("measured")
    with pytest.MonkeyPatch.context() as monkeypatch:
        played = play(folder, monkeypatch)
        return measure(played, folder), played["annotators"]


@pytest.fixture(scope="module")
def measured_of_everything(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The figures of a network that names everything, by what is learned of an oracle's labels."""
    folder = tmp_path_factory.mktemp("measured")
    with pytest.MonkeyPatch.context() as monkeypatch:
        played = play(folder, monkeypatch)
        Registry(played["weights"]).save(SCENARIO, network(0.0))
        return measure(played, folder, labels="0.8")


def measure(played: dict[str, Any], tmp_path: Path, **changes: Any) -> dict[str, Any]:
    return measures.measure(played["weights"], None, 0, tmp_path, processes=1, **changes)


def test_the_figures_are_those_that_were_agreed(
    measured_once: tuple[dict[str, Any], list[Any]],
) -> None:
    found, _ = measured_once
    assert set(found) == CONTRACT
    assert set(found["oracle_gain"]) == {"0.7", "0.8", "0.9"}
    assert found["calls_per_hour"] == [9.0, 6.0, 3.0]
    assert found["uncertain_share"] == [1.0, 1.0]
    # One of sixteen windows a day is in doubt, and two minutes hold four.
    assert found["details"]["calls_without_learning"] == [7.5, 7.5, 7.5]
    assert found["adapt_gain"] == found["adapt_log_gain"] == found["original_change"] == 0.0
    json.dumps(found)


def test_an_oracle_gains_what_its_accuracy_is_worth(
    measured_once: tuple[dict[str, Any], list[Any]],
) -> None:
    found, _ = measured_once
    curve = found["details"]["refining"]
    # The likeliest scenario is wrong in every window in doubt.
    assert curve["1"]["uncertain_before"] == 0
    assert curve["1"]["uncertain_after"] == 1
    assert found["oracle_gain"]["0.9"] == pytest.approx(0.9, abs=0.1)
    assert found["oracle_gain"]["0.9"] > found["oracle_gain"]["0.7"] > 0.5
    # It is told of nothing before the first window.
    assert found["expert_gain_uncertain"] > 0.2


def test_every_annotator_is_learned_from_and_poison_for_a_day(
    measured_once: tuple[dict[str, Any], list[Any]],
) -> None:
    _, annotators = measured_once
    assert [last for _, last in annotators] == [None] * 4 + [0] * 5
    in_doubt = [names[0] for names, _ in annotators]
    assert in_doubt[0].startswith("offline expert ")
    assert in_doubt[1:6] == [f"oracle {share}" for share in (0.7, 0.8, 0.9, 0.7, 0.7)]
    assert all(name.startswith("stuck on") for name in in_doubt[6:])
    # The expert names the rest, but where all windows are named by somebody else.
    rest = [names[1:] for names, _ in annotators]
    of_all = {0, 5, 7}
    assert rest == [[] if n in of_all else [in_doubt[0]] for n in range(9)]


def test_the_worst_of_what_poison_publishes_is_reported(
    measured_of_everything: dict[str, Any],
) -> None:
    poisoned = measured_of_everything["details"]["poisoned"]
    assert len(poisoned) == 5
    worst = measured_of_everything["poisoned_change"]
    assert worst == min(each["gain"] for each in poisoned.values())
    # Naming nothing where everything was named.
    assert worst == pytest.approx(-2 / 17, abs=1e-6)


def test_whose_labels_are_printed_can_be_chosen(measured_of_everything: dict[str, Any]) -> None:
    details = measured_of_everything["details"]
    assert details["labels"] == "0.8"
    assert set(details["adapting"]) == {"expert", "0.7", "0.8", "0.9"}


def test_the_command_writes_the_figures_and_the_page(
    played: dict[str, Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = tmp_path / "docs" / "RESULTS.md"
    page.parent.mkdir()
    page.write_text("# Results\n\n## Sizes and time\nnumbers\n")
    weights = ["--weights", str(played["weights"]), "--processes", "1"]
    command.main(["--json", str(tmp_path / "one.json"), *weights])
    figures = json.loads((tmp_path / "one.json").read_text())
    assert set(figures) == CONTRACT
    assert "| expert gain uncertain | +" in capsys.readouterr().out
    seeds = []

    def measured(_weights: Path, _data: None, seed: int, *_: Any, **__: Any) -> dict[str, Any]:
        seeds.append(seed)
        return {**figures, "details": {**figures["details"], "seed": seed}}

    monkeypatch.setattr(command, "measure", measured)
    command.main(["--results", str(page), "--seeds", "0", "1", *weights])
    assert seeds == [0, 1]
    text = page.read_text()
    assert text.startswith("# Results\n\n## Sizes and time\nnumbers")
    assert "## Refining and learning" in text
    for plot in re.findall(r"\((figures/\w+\.png)\)", text):
        assert (page.parent / plot).read_bytes().startswith(b"\x89PNG")
    command.main(["--json", str(tmp_path / "more.json"), "--seeds", "2", "4", *weights])
    assert seeds == [0, 1, 2, 4]
    more = json.loads((tmp_path / "more.json").read_text())
    assert [each["details"]["seed"] for each in more] == [2, 4]


def test_only_the_log_is_measured_by_the_experts_share_where_that_is_asked(
    played: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = ["--weights", str(played["weights"]), "--processes", "1"]
    command.main(["--shares", "--validation", "--json", str(tmp_path / "shares.json"), *weights])
    figures = json.loads((tmp_path / "shares.json").read_text())
    assert list(figures) == ["0.2", "0.33", "0.5", "0.7", "1"]
    assert len({each["none"] for each in figures.values()}) == 1
    assert "| own share | below none | below 0.5 |" in capsys.readouterr().out
    assert played["annotators"] == []


def test_seeds_that_were_measured_apart_make_the_same_page(
    measured_once: tuple[dict[str, Any], list[Any]], tmp_path: Path
) -> None:
    found, _ = measured_once
    for seed in (0, 1):
        run = {**found, "details": {**found["details"], "seed": seed}}
        (tmp_path / f"{seed}.json").write_text(json.dumps(run))
    page = tmp_path / "RESULTS.md"
    sources = [str(tmp_path / f"{seed}.json") for seed in (1, 0)]
    command.main(["--from", *sources, "--results", str(page)])
    assert "seeds 0, 1, " in page.read_text()
    assert "--seeds 0 1`" in page.read_text()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--seed", "-1"], "--seed is -1; expected 0 or more"),
        (["--processes", "0"], "--processes is 0; expected 1 or more"),
        (["--wearers", "0"], "--wearers is 0; expected 1 or more"),
        (["--data", "/nowhere"], "--data '/nowhere' is not a folder"),
    ],
)
def test_what_is_wrong_with_the_options_is_said(
    options: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        command.main(options)
    assert expected in capsys.readouterr().err


def test_the_days_of_a_seed_are_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def stop(calendar: Any, *_: Any) -> None:
        asked.append(calendar)
        raise InterruptedError

    monkeypatch.setattr(measures, "household_windows", stop)
    monkeypatch.setattr(measures, "original", lambda *_, **__: None)
    for seed in (0, 1):
        with pytest.raises(InterruptedError):
            measures.measure(tmp_path, None, seed, tmp_path, processes=1)
    one, other = asked
    assert one.name != other.name
    assert len(one.stretches) == 3
    assert one.shared_time is not None
    assert not one.validation
    assert np.isclose(one.muffled_db, other.muffled_db)

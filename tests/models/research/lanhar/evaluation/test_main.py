import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from models.research.lanhar.evaluation.__main__ import main
from models.research.lib.error_lines import UNUSABLE
from tests.models.research.lanhar.motion import data_set, motion_file

pytest.importorskip("sklearn")


def files(folder: Path) -> list[str]:
    source, target = data_set("a", 0, each=8), data_set("b", 1, each=8)
    paths = [
        motion_file(folder / "a_20hz.npz", source.where(source.label != "running")),
        motion_file(folder / "b_20hz.npz", target),
    ]
    return ["--source", str(paths[0]), "--target", str(paths[1]), "--json", str(folder / "out")]


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    from models.research.lanhar.baselines import forest
    from models.research.lanhar.baselines.learning import BaselineSettings
    from models.research.lanhar.evaluation.evaluation_settings import EvaluationSettings
    from models.research.lanhar.training.sensor import SensorSettings
    from models.research.lanhar.training.text import TextSettings
    from models.research.lanhar.training.transfer import TransferSettings

    few = EvaluationSettings(
        transfer=TransferSettings(
            TextSettings(steps=4, batch=4, synthesised=1), SensorSettings(steps=4, gait_steps=40)
        ),
        baselines=BaselineSettings(steps=4, pretraining=4, batch=16),
    )
    monkeypatch.setattr(forest, "TREES", 20)
    monkeypatch.setattr(
        EvaluationSettings,
        "quick",
        lambda self: replace(self, transfer=few.transfer, baselines=few.baselines),
    )


def test_the_figures_are_those_that_were_agreed_on(tmp_path: Path) -> None:
    assert main([*files(tmp_path), "--quick", "--labels", "four", "--seed", "1"]) == 0
    figures = json.loads((tmp_path / "out").read_text())
    assert set(figures) == {
        "accuracy", "macro_f1", "category_macro_f1", "baselines", "new_activities",
    }  # fmt: skip
    assert set(figures["baselines"]) == {
        "random_forest", "dcnn", "transformer", "limu_bert", "unihar", "sdmix", "udahar",
    }  # fmt: skip
    assert all(set(one) == {"accuracy", "macro_f1"} for one in figures["baselines"].values())
    assert figures["new_activities"]["chance"] == pytest.approx(1 / 5)
    assert 0 <= figures["new_activities"]["accuracy"] <= 1
    assert set(figures["new_activities"]["baselines"]) == {
        "random_forest", "nuactiv", "dcnn_fine_tuned", "dcnn", "transformer", "limu_bert", "unihar",
        "sdmix", "udahar",
    }  # fmt: skip
    for one in figures["new_activities"]["baselines"].values():
        assert 0 <= one["accuracy"] <= 1
    # Running is the only new activity, so whoever knows that it is new knows its name.
    assert figures["new_activities"]["accuracy_among_new"] == 1
    assert figures["new_activities"]["chance_among_new"] == 1


def test_without_baselines_new_activities_have_none_either(tmp_path: Path) -> None:
    assert main([*files(tmp_path), "--quick", "--without-baselines"]) == 0
    figures = json.loads((tmp_path / "out").read_text())
    assert figures["baselines"] == figures["new_activities"]["baselines"] == {}


def test_how_much_interpretations_count_can_be_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from models.research.lanhar.evaluation import __main__ as command

    shares = []

    def evaluate(*given: Any, **_: Any) -> dict[str, float]:
        shares.append(given[4].transfer.sensor.text_share)
        return {}

    monkeypatch.setattr(command, "evaluate", evaluate)
    assert main(files(tmp_path)) == main([*files(tmp_path), "--text-share", "0.25"]) == 0
    assert shares == [2.0, 0.25]
    with pytest.raises(SystemExit):
        main([*files(tmp_path), "--text-share", "-1"])
    assert "--text-share" in capsys.readouterr().err


def test_classes_of_the_source_that_the_target_lacks_are_no_candidates(tmp_path: Path) -> None:
    arguments = files(tmp_path)
    target = data_set("b", 1, each=4)
    motion_file(Path(arguments[3]), target.where(target.label != "going upstairs"))
    assert main([*arguments, "--quick", "--without-baselines"]) == 0
    figures = json.loads((tmp_path / "out").read_text())
    assert figures["new_activities"]["chance"] == pytest.approx(1 / 4)


def test_files_without_a_shared_class_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = files(tmp_path)
    target = data_set("b", 1, each=2)
    motion_file(Path(arguments[3]), target.where(target.label == "running"))
    assert main([*arguments, "--quick"]) == UNUSABLE
    assert "share 0 classes" in capsys.readouterr().err


def test_a_missing_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = files(tmp_path)
    arguments[1] = str(tmp_path / "gone.npz")
    assert main(arguments) == UNUSABLE
    assert "gone.npz" in capsys.readouterr().err

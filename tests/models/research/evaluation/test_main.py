"""Rules of the evaluation's entry point, on untrained networks and made-up recordings."""

from __future__ import annotations

import json
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import partial
from io import StringIO
from shutil import rmtree
from typing import TYPE_CHECKING, Any

import pytest

from models.recordings.shared_data import SPEECH, URBANSOUND8K
from models.recordings.unseen import unseen
from models.research.egolog.days import disturbed as disturbed_days
from models.research.egolog.days import placed as placed_days
from models.research.evaluation import __main__ as command
from models.research.evaluation import measures
from models.research.evaluation.composed_days import lengths
from models.research.evaluation.composed_days import scores as composed_life
from models.research.evaluation.localization import rendered as localization
from models.research.lib.served_registry import ServedRegistry
from tests.models import fresh, small_data

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PROMISED = {
    "localization": {
        "direction_accuracy",
        "distance_accuracy",
        "direction_accuracy_without_motion",
        "front_back_error",
        "front_back_error_without_motion",
    },
    "sound_events": {"top1"},
    "speech": {"quiet", "street", "false"},
    "urbansound8k": {"top1"},
    "motion_class": {"macro_f1"},
    "scenario": {"f1", "f1_without_contrastive", "f1_without_sequence"},
    "har": {
        "accuracy",
        "accuracy_audio",
        "accuracy_imu",
        "accuracy_without_scenario",
        "accuracy_interfered",
        "accuracy_interfered_gated",
    },
    "abstention": {"coverage", "accuracy_known", "aurc"},
    "gate": {"far_only_closed", "near_wrongly_closed"},
    "events": {"extracted_seconds"},
    "localization_in_order": {"direction_accuracy"},
}

FROM_COMPOSED_DAYS = {"scenario", "har", "abstention", "gate", "events", "localization_in_order"}
"""Parts that composed days have."""

REAL_MOTION = {
    "accuracy",
    "coverage",
    "confidently_wrong",
    "per_class",
    "motion_class_macro_f1",
    "lanhar",
    "without_gyroscope",
}


ADDED = {"recall", "claimed", "claimed_most", "labels"}


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fresh.registry(tmp_path_factory.mktemp("weights")).weights_dir


class Here:
    """An executor that does everything at once, in this process."""

    def __init__(self, *_: object, **__: object) -> None:
        self.found: Any = None

    def __enter__(self) -> Here:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def submit(self, run: Callable[..., Any], *given: Any) -> Here:
        done = Here()
        done.found = run(*given)
        return done

    def result(self) -> Any:
        return self.found


@pytest.fixture(scope="module")
def small() -> Iterator[None]:
    """Measure a few clips and stretches, in this process."""
    with pytest.MonkeyPatch.context() as monkeypatch:

        def few(module: Any, name: str, **counts: int) -> None:
            monkeypatch.setattr(module, name, partial(getattr(module, name), **counts))

        few(composed_life, "unseen_life", count=2)
        few(disturbed_days, "compose", count=2)
        few(placed_days, "compose", count=1)
        few(localization, "measure", clips=12)
        monkeypatch.setattr(disturbed_days, "STRETCH_S", 30)
        monkeypatch.setattr(placed_days, "STRETCH_S", 30)
        monkeypatch.setattr(composed_life, "STRETCH_S", 60)
        monkeypatch.setattr(lengths, "SCENARIO_S", (10, 30, 60))

        monkeypatch.setattr(measures, "process_pool", Here)
        yield


def measured(data: Path, weights: Path, out: Path, *options: str) -> dict[str, Any]:
    arguments = ["--data", str(data), "--weights", str(weights), "--json", str(out), *options]
    command.main(arguments)
    found: dict[str, Any] = json.loads(out.read_text())
    return found


def everything(root: Path) -> Path:
    """Write a folder with all that is measured."""
    small_data.speech(root / SPEECH)
    small_data.streets(root / URBANSOUND8K)
    return small_data.write(root)


def promised(found: dict[str, Any]) -> None:
    for part, figures in found.items():
        assert PROMISED[part] <= set(figures), part
        for name in PROMISED[part]:
            assert 0 <= figures[name] <= 1, (part, name)


@dataclass(frozen=True)
class Strangers:
    """A folder with all that is measured, its figures and what was printed of them."""

    data: Path
    found: dict[str, Any]
    output: str


SEED = 3


@pytest.fixture(scope="module")
def strangers(small: None, weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Strangers:
    folder = tmp_path_factory.mktemp("strangers")
    data = everything(folder / "data")
    printed = StringIO()
    with redirect_stdout(printed):
        found = measured(data, weights, folder / "out.json", "--seed", str(SEED))
    return Strangers(data, found, printed.getvalue())


def test_a_folder_of_strangers_gets_every_promised_figure(strangers: Strangers) -> None:
    found = dict(strangers.found)
    assert set(found) == {*PROMISED, "real_motion", "added_labels"}
    assert set(found.pop("real_motion")["classyglass"]) >= REAL_MOTION
    assert set(found.pop("added_labels")) >= ADDED
    promised(found)
    # None of them were trained on, so all of them are measured.
    assert found["sound_events"]["clips"] == 2 * len(small_data.CATEGORIES_WRITTEN)
    # Without a barometer nothing tells standing up from sitting down: two details are left.
    assert found["motion_class"]["windows"] == 3 * 2 * 3
    assert "skipped" not in strangers.output
    for part, names in PROMISED.items():
        for name in names:
            line = f"| {part} | {name.replace('_', ' ')} | {found[part][name]:.3f} |"
            assert line in strangers.output


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("absent", "missing"),
    [
        ("hrtf/cipic_16khz.npz", {"localization"}),
        ("audio/esc50_16k/esc50.csv", {"localization", "sound_events"}),
        (
            "imu/classyglass_50hz.npz",
            {"localization", "motion_class", "real_motion", "added_labels"},
        ),
        ("imu/classyglass_windows.npz", {"motion_class"}),
        ("audio/speech_digits_16k", {"speech"}),
        ("audio/urbansound8k_16k", {"urbansound8k"}),
    ],
)
def test_what_is_absent_is_skipped_and_named(
    absent: str,
    missing: set[str],
    weights: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # What is rendered takes seconds. Composed life is measured by what is left; that it is has a
    # test of its own.
    listened = dict.fromkeys(("direction_accuracy", "distance_accuracy", "front_back_error"), 0.5)
    monkeypatch.setattr(
        localization,
        "measure",
        lambda *_, **__: {"with_motion": listened, "without_motion": listened},
    )
    monkeypatch.setattr(
        measures,
        "measure_life",
        lambda *_: {part: {} for part in FROM_COMPOSED_DAYS},
    )
    data = everything(tmp_path / "data")
    if (data / absent).is_dir():
        rmtree(data / absent)
    else:
        (data / absent).unlink()
    found = measured(data, weights, tmp_path / "out.json")
    assert f"skipped: {absent} is not in" in capsys.readouterr().out
    assert set(found) == {*PROMISED, "real_motion", "added_labels"} - missing


@pytest.mark.usefixtures("small")
def test_life_is_composed_of_what_is_there(weights: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    small_data.motion(data / "imu")
    found = measures.measure_life(weights, data, 0, tmp_path / "cache")
    assert set(found) == FROM_COMPOSED_DAYS
    promised(found)


def test_the_seed_decides_the_figures(strangers: Strangers, weights: Path, tmp_path: Path) -> None:
    same = measures.with_contract(
        measures.measure_space(weights, strangers.data, SEED, tmp_path / "same", precision="int8")
    )
    assert set(same) >= {"localization", "speech", "motion_class"}
    same = json.loads(json.dumps(same))
    assert same == {part: strangers.found[part] for part in same}
    other = measures.measure_places(
        ServedRegistry(weights),
        strangers.data,
        unseen(strangers.data),
        SEED + 1,
        tmp_path / "other",
        arrays=False,
    )
    other = json.loads(json.dumps(measures.with_contract(other)))
    assert set(other["localization"]) == set(same["localization"])
    assert other["localization"] != same["localization"]


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (["--seed", "-1"], "--seed is -1; expected 0 or more"),
        (["--data", "nowhere"], "--data 'nowhere' is not a folder; expected one of recordings"),
    ],
)
def test_a_bad_option_is_one_clear_line(
    option: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        command.main(option)
    assert message in capsys.readouterr().err


@pytest.mark.accuracy
@pytest.mark.timeout(1_800)
def test_the_command_measures_a_folder_of_strangers_in_full(weights: Path, tmp_path: Path) -> None:
    data = everything(tmp_path / "data")
    found = measured(data, weights, tmp_path / "out.json", "--cache", str(tmp_path / "cache"))
    assert set(found) == {*PROMISED, "real_motion", "added_labels"}
    assert set(found.pop("real_motion")["classyglass"]) >= REAL_MOTION
    assert set(found.pop("added_labels")) >= ADDED
    promised(found)


def test_seeds_are_evaluated_without_a_page_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def measure(weights: Path, data: Path | None, seed: int, *_: Any, **__: Any) -> dict[str, Any]:
        seen.append(seed)
        return {"har": {"accuracy": float(seed)}}

    monkeypatch.setattr(command, "measure", measure)
    out = tmp_path / "out.json"
    arguments = ["--data", str(tmp_path), "--json", str(out)]
    command.main([*arguments, "--seeds", "4"])
    assert json.loads(out.read_text()) == {"har": {"accuracy": 4.0}}
    command.main([*arguments, "--seeds", "4", "5", "4"])
    assert list(json.loads(out.read_text())) == ["4", "5"]
    command.main([*arguments, "--seed", "6"])
    assert seen == [4, 4, 5, 6]


def test_each_file_of_real_motion_is_printed() -> None:
    file = {"accuracy": 0.5, "windows": 3, "lanhar": {"macro_f1": 0.25}}
    assert command.headlines({"real_motion": {"wrist": file}}).splitlines()[2:] == [
        "| real_motion wrist | accuracy | 0.500 |"
    ]


@pytest.mark.parametrize("option", ["--seed", "--seeds"])
def test_a_negative_seed_is_refused(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main([option, "-1"])
    assert f"{option} is -1; expected 0 or more" in capsys.readouterr().err

"""Rules of `models.research.lanhar.evaluation.figures` and of what it measures."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from models.research.lanhar.evaluation import complex_activities as halves
from models.research.lanhar.evaluation.complex_activities import farthest_halves
from models.research.lanhar.evaluation.figure_runs import (
    COMPLEX,
    FigureRun,
    FigureSettings,
    measure,
    runs,
)
from models.research.lanhar.evaluation.figures import main
from models.research.lanhar.evaluation.figures_page import HEADINGS, page
from models.research.lanhar.evaluation.regeneration import regeneration
from models.research.lanhar.evaluation.shared_classes import EvaluationError
from models.research.lanhar.evaluation.variants import (
    INTERPRETERS,
    LANGUAGE_MODELS,
    by_answers,
    by_template,
)
from models.research.lanhar.interpretation import store
from models.research.lanhar.interpretation.interpretation import Interpretation
from models.research.lanhar.interpretation.windows import write_npz
from models.research.lanhar.training.transfer import TransferSettings, interpret
from models.research.lib.error_lines import UNUSABLE
from models.research.lib.page_sections import sections
from tests.models.research.lanhar.motion import data_set

if TYPE_CHECKING:
    from pathlib import Path

    from models.research.lanhar.interpretation.windows import Windows

SCORES = {"accuracy": 0.7, "macro_f1": 0.6, "category_macro_f1": 0.9}


def stronger_users(name: str) -> Windows:
    """Return a data set in which two of four users shake three times as much."""
    weak, strong = data_set(name, 0, each=8), data_set(name, 1, each=8, strength=3.0)
    windows = [weak, strong]
    users = np.concatenate(
        [
            np.array([f"{kind}{number % 2}" for number in range(len(part))])
            for kind, part in zip("ws", windows, strict=True)
        ]
    )
    return replace(
        weak,
        data=np.concatenate([part.data for part in windows]),
        label=np.concatenate([part.label for part in windows]),
        user=users,
        position=np.concatenate([part.position for part in windows]),
        device=np.concatenate([part.device for part in windows]),
    )


def test_the_halves_that_lie_farthest_apart_are_those_of_unlike_users() -> None:
    source, target, apart = farthest_halves(stronger_users("made"), 0)
    kinds = [{user[0] for user in part.user} for part in (source, target)]
    assert kinds in ([{"w"}, {"s"}], [{"s"}, {"w"}])
    assert apart > 0
    with pytest.raises(EvaluationError, match="made has 1 users; expected 2 or more"):
        farthest_halves(source.where(source.user == source.user[0]), 0)


def test_complex_activities_are_each_a_class_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def noted(source: Windows, target: Windows, names: tuple[str, ...], *_: object) -> Any:
        asked.append((len(source), len(target), names))
        return dict(SCORES)

    monkeypatch.setattr(halves, "evaluate", noted)
    figures = halves.complex_activities(stronger_users("made"), 0)
    names = ("going downstairs", "going upstairs", "running", "sitting", "walking")
    assert asked == [(40, 40, names)]
    assert (figures["activities"], figures["users"]) == (5, [2, 2])


def test_re_generation_is_measured_for_every_pair_and_shared_activity() -> None:
    sets = {name: data_set(name, seed) for seed, name in enumerate("abc")}
    found = regeneration(sets, 0)
    assert set(found) == {"a, b", "a, c", "b, c"}
    assert all(set(how["with"]) == set(how["without"]) for how in found.values())
    assert all(len(how["with"]) == 5 for how in found.values())
    assert found["a, b"]["with"] != found["a, b"]["without"]


def test_rows_have_names_of_their_own_and_change_texts_or_their_encoder_alone() -> None:
    for rows in (LANGUAGE_MODELS, INTERPRETERS):
        assert len({row.name for row in rows}) == len(rows)
        assert all(row.change(TransferSettings()) == TransferSettings() for row in rows)
    reworded = by_template(3)(interpret(data_set("a", 0, each=1)))
    assert all("m/s²" in text for (text,) in reworded.texts)


def test_an_endpoints_answers_take_the_place_of_the_templates(tmp_path: Path) -> None:
    windows = data_set("a", 0, each=1)
    answers: list[Interpretation | None] = [
        Interpretation(patterns={}, text=f"window {number}", source="m")
        for number in range(len(windows))
    ]
    store.write(tmp_path / "a.jsonl", windows, answers)
    row = by_answers("m", {tmp_path / "a.jsonl": windows})
    readings = interpret(windows).where(np.array([3, 1]))
    assert row.texts(readings).texts == [["window 3"], ["window 1"]]
    store.write(tmp_path / "a.jsonl", windows, [None, *answers[1:]])
    row = by_answers("m", {tmp_path / "a.jsonl": windows})
    with pytest.raises(store.InterpretationsError, match="1 of 5 windows of 'a' have no"):
        row.texts(interpret(windows))


def test_few_windows_are_of_the_first_users_and_the_same_each_time() -> None:
    settings = FigureSettings(users=2, each=3)
    few = settings.few(data_set("a", 0))
    assert set(few.user) == {"u00", "u01"}
    assert len(few) == 2 * 5 * 3
    assert np.array_equal(few.data, settings.few(data_set("a", 0)).data)


def test_what_is_kept_is_not_measured_again(tmp_path: Path) -> None:
    asked = []

    def one() -> dict[str, Any]:
        asked.append(1)
        return SCORES

    todo = [FigureRun("13", "row", seed, one) for seed in (0, 1)]
    first = measure(todo, tmp_path, FigureSettings())
    assert measure(todo, tmp_path, FigureSettings()) == first
    assert len(asked) == 2
    measure(todo, tmp_path, FigureSettings(share=0.25))
    assert len(asked) == 4


def test_every_figure_has_runs_and_a_table() -> None:
    names = {run.figure for run in runs(["10", "13", "14", "15"], [0], None)}  # type: ignore[arg-type]
    assert names == {"10", "13", "14", "15"}
    ten = {"activities": 18, "baselines": {"sdmix": SCORES}, **SCORES}
    pair = {"a, b": {"without": {"walking": 0.2}, "with": {"walking": 0.1}}}
    text = page(
        {
            "10": {"WISDM, pocket": {0: ten}},
            "13": {"phrases": {0: SCORES, 1: SCORES}},
            "15": {"all pairs": {0: pair}},
        },
        FigureSettings(),
        "python -m x",
        "2026-01-01",
    )
    assert "| WISDM, pocket | 18 | accuracy | 0.700 | 0.700 | 0 |" in text
    assert "| phrases | 0.600 ± 0.000 | 0.700 ± 0.000 | 0.900 ± 0.000 | 0, 1 |" in text
    assert "| a, b | walking | 0.200 | 0.100 |" in text
    assert "changes by -50.0 %" in text
    assert list(sections(text)) == [HEADINGS[figure] for figure in ("10", "13", "15")]
    assert text.count("Written by `python -m x` on 2026-01-01: the first 16 users") == 3


def test_a_row_that_no_figure_has_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["--data", str(tmp_path), "--figures", "10", "--rows", "WISDM, ear"])
    assert "--rows 'WISDM, ear' begins no row; expected of 'WISDM, pocket', 'WISDM, wrist'" in (
        capsys.readouterr().err
    )


def test_halves_of_one_user_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one_user = replace(data_set("x", 0, each=2), user=np.array(["u"] * 10))
    write_npz(tmp_path / "imu" / COMPLEX["WISDM, pocket"], one_user)
    places = ["--data", str(tmp_path), "--runs", str(tmp_path / "runs")]
    assert main([*places, "--figures", "10", "--rows", "WISDM, pocket", "--users", "1"]) == UNUSABLE
    assert capsys.readouterr().err.splitlines()[-1].endswith("has 1 users; expected 2 or more")


def test_what_is_kept_is_put_on_the_page_without_a_recording(tmp_path: Path) -> None:
    (tmp_path / "imu").mkdir()
    pair = {"a, b": {"without": {"walking": 0.2}, "with": {"walking": 0.1}}}
    kept = FigureRun("15", "all pairs", 1, dict).kept_in(tmp_path / "runs", FigureSettings())
    kept.parent.mkdir()
    kept.write_text(json.dumps(pair))
    places = ["--data", str(tmp_path), "--runs", str(tmp_path / "runs"), "--only-kept"]
    before = f"# LanHAR\n\n{HEADINGS['14']}\n\nmeasured elsewhere\n"
    (tmp_path / "LANHAR.md").write_text(before)
    assert main([*places, "--page", str(tmp_path / "LANHAR.md")]) == 0
    text = (tmp_path / "LANHAR.md").read_text()
    assert text.startswith(f"{before}\n{HEADINGS['15']}\n")
    assert "Seeds: 1. The mean changes by -50.0 %." in text
    assert main([*places, "--seeds", "5", "--page", str(tmp_path / "LANHAR.md")]) == 0
    assert (tmp_path / "LANHAR.md").read_text() == text

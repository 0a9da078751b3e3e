from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from models.egolog.out_of_distribution import FAMILIAR
from models.research.evaluation.motion.familiarity import Familiarities, measure, row
from tests.models.recordings.small_sets import labelled_recording

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pytest

    from models.serving.predict import ScenarioInput


class Familiar:
    def predict(self, items: Sequence[ScenarioInput]) -> list[Any]:
        return [SimpleNamespace(familiarity={"imu": 0.5}) for _ in items]


def test_a_file_that_cannot_be_measured_is_named_and_the_others_are_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = labelled_recording(tmp_path / "belt_50hz.npz", "s05", [])
    with np.load(path) as file:
        arrays = dict(file) | {"signal": file["signal"].astype(np.float32)}
    arrays["signal"][1700] = np.nan
    np.savez(tmp_path / "gap_50hz.npz", **arrays)
    arrays["signal"][700] = np.nan
    np.savez(tmp_path / "gaps_50hz.npz", **arrays)
    (tmp_path / "odd_50hz.npz").write_bytes(b"")
    found = measure(Familiar(), tmp_path)  # type: ignore[arg-type]
    assert {name: len(each.familiarity) for name, each in found.items()} == {"belt": 1, "gap": 1}
    gaps, odd = capsys.readouterr().out.splitlines()
    assert gaps == "skipped: gaps_50hz.npz has no half minute of an unseen user's motion"
    assert odd.startswith("skipped: data file")


def test_a_row_says_what_is_unfamiliar_of_all_and_of_each_wearer() -> None:
    familiarity = np.array([FAMILIAR - 0.1, FAMILIAR + 0.1, FAMILIAR + 0.1, FAMILIAR + 0.2])
    found = Familiarities("waist", ["b", "b", "a", "a"], familiarity)
    assert row("hapt", found) == [
        "hapt (waist)", "2", "4", f"{FAMILIAR + 0.1:.2f}", "0.25", "0.25", "0.50",
    ]  # fmt: skip

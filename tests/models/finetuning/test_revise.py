from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest

from models.egolog.scenario import SCENARIO
from models.finetuning.acceptance_gate import GateSettings
from models.finetuning.revise import Candidate, revise, without_overruled
from models.finetuning.tune import TuneSettings
from models.serving.registry import Registry
from schemas.correction import WEARER
from tests.models.finetuning.windows import HEAD, f1, items, later, queue, shipped_network, stuck

if TYPE_CHECKING:
    from pathlib import Path

    from schemas import FinetuneItem


@cache
def queued() -> list[FinetuneItem]:
    return items(queue())


def revise_items(
    queued: list[FinetuneItem], out: Path, in_use: Path | None = None, tuning: TuneSettings = HEAD
) -> Candidate:
    return revise(Registry(), queued, in_use, out, tuning, GateSettings())


@pytest.mark.accuracy
def test_the_saved_network_is_the_one_that_was_judged(tmp_path: Path) -> None:
    unnamed = [item.model_copy(update={"pseudo_labels": []}) for item in items(later())]
    path = tmp_path / "candidate.safetensors"
    found = revise_items(queued() + unnamed, path, tuning=TuneSettings(sequence_steps=120))
    loaded = Registry().load(SCENARIO, path)
    assert found.verdict.accepted
    assert loaded.revision == found.revision
    assert found.learned + found.held_out == len(queue())
    assert f1(loaded.module, later()) > f1(shipped_network(), later()) + 0.02


def test_the_same_items_give_the_same_revision_whatever_is_in_use(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    begun = revise_items(queued(), first)
    again = revise_items(queued(), second, in_use=first)
    assert again.revision == begun.revision
    # It is in use, so it is not better than what is in use.
    assert again.verdict.outcome == "queue"
    assert again.verdict.before == again.verdict.after
    assert again.verdict.after["queue_f1"] == pytest.approx(begun.verdict.after["queue_f1"])


def test_a_poisoned_queue_gives_nothing_to_publish(tmp_path: Path) -> None:
    found = revise_items(items(stuck(queue())), tmp_path / "candidate")
    assert found.verdict.outcome == "one_sided"


def test_a_queue_that_nobody_named_decides_nothing(tmp_path: Path) -> None:
    unnamed = [item.model_copy(update={"pseudo_labels": []}) for item in queued()]
    assert revise_items(unnamed, tmp_path / "candidate").verdict.outcome == "few"


def test_what_was_learned_and_what_was_held_out_do_not_mix(tmp_path: Path) -> None:
    few = items(queue().take(np.arange(12)))
    found = revise_items(few, tmp_path / "candidate")
    assert found.learned + found.held_out == 12
    assert found.verdict.after["queue_windows"] == found.held_out


def test_it_goes_as_far_from_its_parent_as_the_original_days_allow(tmp_path: Path) -> None:
    path = tmp_path / "candidate"
    far, near = (
        replace(HEAD, near=0.5, original=0.02, strides=strides)
        for strides in ((1.0,), (1.0, 0.5, 0.1, 0.05))
    )
    refused = revise_items(queued(), path, tuning=far).verdict
    assert refused.outcome == "original"
    found = revise_items(queued(), path, tuning=near)
    assert found.verdict.outcome != "original"
    assert found.verdict.after["coreset_f1"] > refused.after["coreset_f1"]
    assert found.revision == Registry().load(SCENARIO, path).revision


def test_what_others_say_of_a_window_that_its_wearer_named_does_not_count() -> None:
    others = queued()[:3]
    word = others[1].model_copy(update={"provenance": WEARER, "pseudo_labels": ["Eating"]})
    elsewhere = others[0].model_copy(update={"provenance": WEARER, "device_id": "phone"})
    assert without_overruled([*others, word, elsewhere]) == [others[0], others[2], word, elsewhere]


def test_the_wearers_held_out_windows_are_measured_and_better_known_than_before(
    tmp_path: Path,
) -> None:
    # Everybody else says the same of everything; the wearer says what went on, of every other one.
    said = [item.model_copy(update={"provenance": WEARER}) for item in queued()[::2]]
    result = revise_items([*items(stuck(queue())), *said], tmp_path / "candidate")
    verdict = result.verdict
    assert verdict.after["wearer_windows"] > 6
    assert verdict.after["wearer_f1"] > verdict.before["wearer_f1"]

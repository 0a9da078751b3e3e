"""Rules of serving scenarios, which hold whatever the weights are."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from models.egolog.correction_adapter import CorrectionAdapter
from models.egolog.familiarity import SCENARIO_FAMILIARITY
from models.egolog.near_share import NearAndFar
from models.egolog.scenario import SCENARIO, ScenarioNet
from models.labels import RECOGNISED_SOUNDS, SCENARIOS
from models.serving import served
from models.serving.predict import Adapter, PredictError, ScenarioInput, ScenarioRecognizer
from tests.models import fresh
from tests.models.serving.predict.inputs import mel, misaligned, window

if TYPE_CHECKING:
    from pathlib import Path

    from models.serving.registry import Registry


def test_scenario_of_an_item_does_not_depend_on_its_company(
    scenario_recognizer: ScenarioRecognizer,
) -> None:
    items = [window(0), window(1, sound=False), window(2, motion=False), window(3)]
    alone = [scenario_recognizer.predict([item])[0] for item in items]
    for together in (
        scenario_recognizer.predict(items),
        scenario_recognizer.predict(items[::-1])[::-1],
    ):
        for a, b in zip(together, alone, strict=True):
            assert a.embeddings.tobytes() == b.embeddings.tobytes()
            assert (a.scenarios, a.key_frames) == (b.scenarios, b.key_frames)
            assert (a.sound_events, a.motion) == (b.sound_events, b.motion)


def test_numbers_do_not_depend_on_threads_or_addresses(
    scenario_recognizer: ScenarioRecognizer,
) -> None:
    item = window(5)
    first = scenario_recognizer.predict([item])[0]
    with_motion = ScenarioInput(
        misaligned(item.mel), misaligned(item.imu), item.audio_mask, item.imu_mask
    )
    with ThreadPoolExecutor(3) as pool:
        together = pool.map(scenario_recognizer.predict, [[item], [window(6)], [with_motion]])
        again = [found for (found,) in together]
    assert again[0].embeddings.tobytes() == first.embeddings.tobytes()
    assert again[2].embeddings.tobytes() == first.embeddings.tobytes()


@pytest.mark.parametrize(("sound", "motion"), [(True, True), (True, False), (False, True)])
def test_a_window_is_answered_with_either_modality(
    scenario_recognizer: ScenarioRecognizer, sound: bool, motion: bool
) -> None:
    (found,) = scenario_recognizer.predict([window(0, sound=sound, motion=motion)])
    assert tuple(found.scenarios) == SCENARIOS
    assert len(found.key_frames) == 15
    assert sum(found.key_frames) == pytest.approx(1, abs=1e-3)
    assert found.embeddings.shape == (15, 644)
    assert np.isfinite(found.embeddings).all()
    assert len(found.sound_events) <= 5
    assert all(value > 0.3 for value in found.sound_events.values())
    assert sound or not found.sound_events


def test_what_a_masked_segment_holds_does_not_matter(
    scenario_recognizer: ScenarioRecognizer,
) -> None:
    item = window(0)
    item.audio_mask[8:12] = False
    assert item.mel is not None
    other = item.mel.copy()
    other[400:600] = 25.0
    changed = ScenarioInput(other, item.imu, item.audio_mask, item.imu_mask)
    a, b = scenario_recognizer.predict([item, changed])
    assert a.embeddings.tobytes() == b.embeddings.tobytes()
    assert (a.scenarios, a.sound_events) == (b.scenarios, b.sound_events)
    assert not a.embeddings[4:6, :256].any()


def test_key_frames_leave_out_segments_that_lack_a_modality(
    scenario_recognizer: ScenarioRecognizer,
) -> None:
    item = window(0)
    item.imu_mask[:10] = False
    (found,) = scenario_recognizer.predict([item])
    assert found.key_frames[:5] == [0.0] * 5
    assert sum(found.key_frames) == pytest.approx(1, abs=1e-3)


def test_stored_embeddings_give_the_window_its_scenarios_again(
    scenario_recognizer: ScenarioRecognizer,
) -> None:
    (found,) = scenario_recognizer.predict([window(0)])
    assert scenario_recognizer.classify(found.embeddings) == found.scenarios


def test_undisturbed_scenarios_are_those_of_a_window_without_far_only_sound(
    scenario_recognizer: ScenarioRecognizer,
) -> None:
    item, there = window(0), np.ones(15, dtype=bool)
    far_only = np.arange(15) < 4
    quiet = replace(item, audio_mask=np.repeat(~far_only, 2))
    whole, with_context, without = scenario_recognizer.predict(
        [item, replace(item, far_only=far_only), quiet]
    )
    assert with_context.undisturbed == without.scenarios != whole.scenarios
    assert (with_context.scenarios, with_context.sound_events) == (
        whole.scenarios,
        whole.sound_events,
    )
    np.testing.assert_array_equal(with_context.embeddings, whole.embeddings)
    kept = [replace(item, far_only=~there), replace(window(0, motion=False), far_only=there)]
    assert [each.undisturbed for each in scenario_recognizer.predict(kept)] == [{}, {}]
    with pytest.raises(PredictError, match=r"far_only has shape \(3,\); expected \(15,\)"):
        scenario_recognizer.predict([replace(item, far_only=there[:3])])


@pytest.mark.parametrize(
    ("limit", "least", "unknown"),
    [(1e-3, 0.0, [True, False, False]), (1e3, 0.0, [False] * 3), (1e3, 1.0, [True] * 3)],
)
def test_a_scenario_is_unknown_by_unfamiliar_motion_alone_and_where_nothing_is_likely(
    tmp_path: Path, limit: float, least: float, unknown: list[bool]
) -> None:
    registry = fresh.registry(tmp_path)
    familiarity = registry.load(SCENARIO_FAMILIARITY).module
    familiarity.limit.fill_(limit)
    familiarity.least_probability.fill_(least)
    registry.save(SCENARIO_FAMILIARITY, familiarity)
    items = [window(0, sound=False), window(0), window(0, motion=False)]
    found = ScenarioRecognizer(registry).predict(items)
    assert [each.unknown for each in found] == unknown
    assert found[0].familiarity == found[1].familiarity
    assert (found[0].familiarity["imu"] < 0.5) == (limit < 1)
    assert found[2].familiarity == {}


def test_seconds_without_motion_do_not_make_a_scenario_unfamiliar(
    scenario_recognizer: ScenarioRecognizer,
) -> None:
    whole = window(0, sound=False)
    assert whole.imu is not None
    half = replace(whole, imu_mask=np.arange(30) < 10)
    other = replace(half, imu=np.where(np.arange(1500)[:, None] < 500, whole.imu, 1e3))
    first, second = scenario_recognizer.predict([half, other])
    assert first.familiarity == second.familiarity
    assert first.familiarity != scenario_recognizer.predict([whole])[0].familiarity


def test_another_revision_of_the_scenario_network_takes_over(
    registry: Registry, tmp_path: Path
) -> None:
    mine = ScenarioRecognizer(registry)
    with pytest.raises(PredictError, match="expected 'scenario'"):
        mine.replace(registry.open(served.HAR))
    before, (first,) = mine.revision, mine.predict([window(0)])
    torch.manual_seed(9)
    path = tmp_path / "tuned.safetensors"
    registry.save(SCENARIO, ScenarioNet().eval(), path)
    tuned = registry.open(served.SCENARIO, path)
    mine.replace(tuned)
    assert mine.scenario_revision == tuned.revision
    assert mine.revision == f"{tuned.revision}+{before.split('+')[1]}" != before
    (second,) = mine.predict([window(0)])
    assert second.scenarios != first.scenarios
    assert second.embeddings.tobytes() == first.embeddings.tobytes()


def test_segments_of_another_length_give_other_key_frames(registry: Registry) -> None:
    (found,) = ScenarioRecognizer(registry, segment_s=5).predict([window(0)])
    assert len(found.key_frames) == 6


def test_a_wearers_adapter_shifts_the_scenarios_of_the_network_that_it_is_for(
    scenario_recognizer: ScenarioRecognizer,
) -> None:
    (plain,) = scenario_recognizer.predict([window(0)])
    assert plain.revision == scenario_recognizer.revision
    bias = np.zeros(len(SCENARIOS), dtype=np.float32)
    bias[3] = 1.0
    adapter = Adapter(scenario_recognizer.scenario_revision, bias, "w7")
    (shifted,) = scenario_recognizer.predict([replace(window(0), adapter=adapter)])
    assert shifted.revision == f"{scenario_recognizer.revision}+w7"
    odds = {
        name: (p / (1 - p)) / (plain.scenarios[name] / (1 - plain.scenarios[name]))
        for name, p in shifted.scenarios.items()
    }
    assert odds.pop(SCENARIOS[3]) == pytest.approx(np.e, rel=1e-2)
    assert set(odds.values()) == {1.0}
    # A swap may come between reading the adapter and scoring the window.
    late = replace(adapter, network="0" * 12)
    (unshifted,) = scenario_recognizer.predict([replace(window(0), adapter=late)])
    assert (unshifted.scenarios, unshifted.revision) == (plain.scenarios, plain.revision)
    short = replace(adapter, bias=bias[:3])
    with pytest.raises(PredictError, match="bias has shape"):
        scenario_recognizer.predict([replace(window(0), adapter=short)])


def test_a_wearers_corrections_judge_what_the_network_takes_for_the_like(
    scenario_recognizer: ScenarioRecognizer,
) -> None:
    plain, other = scenario_recognizer.predict([window(0), window(0, sound=False)])
    is_label = np.zeros((1, len(SCENARIOS)), dtype=bool)
    is_label[0, 3] = True
    adapter = CorrectionAdapter(
        scenario_recognizer.scenario_revision,
        np.array([[plain.scenarios[name] for name in SCENARIOS]]).repeat(20, axis=0),
        is_label.repeat(20, axis=0),
        "cabcdef",
    )
    items = [replace(each, corrections=adapter) for each in (window(0), window(0, sound=False))]
    corrected, untouched = scenario_recognizer.predict(items)
    assert corrected.revision == f"{scenario_recognizer.revision}+cabcdef"
    assert corrected.scenarios[SCENARIOS[3]] > 0.9
    assert all(p < 0.5 for name, p in corrected.scenarios.items() if name != SCENARIOS[3])
    np.testing.assert_array_equal(corrected.embeddings, plain.embeddings)
    with_motion = [abs(untouched.scenarios[name] - other.scenarios[name]) for name in SCENARIOS]
    nearer = [abs(corrected.scenarios[name] - plain.scenarios[name]) for name in SCENARIOS]
    assert max(with_motion) < max(nearer)
    # Scored alone or beside others, to the bit.
    assert scenario_recognizer.predict(items[:1])[0].scenarios == corrected.scenarios
    late = replace(
        window(0), corrections=CorrectionAdapter("0" * 12, is_label + 0.5, is_label, "c")
    )
    (unshifted,) = scenario_recognizer.predict([late])
    assert (unshifted.scenarios, unshifted.revision) == (plain.scenarios, plain.revision)


def test_a_window_says_in_which_segments_its_sound_events_are(
    scenario_recognizer: ScenarioRecognizer, registry: Registry
) -> None:
    every = ScenarioRecognizer(registry, sound_event_above=0.0).predict([window(0)])[0]
    assert set(every.event_segments) == set(every.sound_events)
    assert len(every.sound_events) == 5
    for name, probability in every.sound_events.items():
        segments = every.event_segments[name]
        assert len(segments) == 15
        assert max(segments) == probability
        # The four quietest segments are not named.
        assert sum(value == 0.0 for value in segments) == 4
    silent = scenario_recognizer.predict([window(0, sound=False)])[0]
    assert (silent.sound_events, silent.event_segments) == ({}, {})


def test_near_and_far_of_a_segment_are_named_each_by_itself(
    scenario_recognizer: ScenarioRecognizer,
) -> None:
    items = [NearAndFar(mel(100, seed), mel(100, seed + 10)) for seed in range(3)]
    alone = [scenario_recognizer.name_apart([item])[0] for item in items]
    assert scenario_recognizer.name_apart(items[::-1])[::-1] == alone
    swapped = scenario_recognizer.name_apart([NearAndFar(items[0].far, items[0].near)])[0]
    assert swapped.near == pytest.approx(alone[0].far, abs=1e-4)
    assert swapped.far == pytest.approx(alone[0].near, abs=1e-4)
    assert set(alone[0].near) == set(RECOGNISED_SOUNDS)
    with pytest.raises(PredictError, match=r"far has shape \(50, 64\); expected \(100, 64\)"):
        scenario_recognizer.name_apart([NearAndFar(mel(100, 0), mel(50, 0))])

"""Rules of `models.serving.encoded_seconds`."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from models.egolog.contrastive import ENCODERS
from models.serving.encoded_seconds import EncodedSecond, SecondEncoder
from models.serving.predict import (
    ActivityRecognizer,
    HarInput,
    PredictError,
    ScenarioInput,
    ScenarioRecognizer,
)
from models.serving.registry import Registry
from tests.models import fresh


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    return fresh.registry(tmp_path_factory.mktemp("weights"))


def mel(seconds: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(5, 20, (50 * seconds, 64)).astype(np.float16)


def same(one: EncodedSecond, other: EncodedSecond) -> bool:
    return one.tobytes() == other.tobytes()


def test_a_second_is_encoded_once_whoever_asks(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = SecondEncoder(registry)
    asked: list[tuple[int, ...]] = []
    session = encoder._session
    encode = session.run

    def noted(mel: Any) -> Any:
        asked.append(mel.shape)
        return encode(mel=mel)

    monkeypatch.setattr(session, "run", noted)
    scenario = ScenarioRecognizer(registry, second_encoder=encoder)
    activity = ActivityRecognizer(registry, encoder)
    sound, there = mel(10), np.ones(10, bool)
    activity.predict([HarInput(sound[:250], None), HarInput(sound[250:], None)])
    assert asked == [(1, 50, 64)] * 10
    scenario.predict([ScenarioInput(sound, None, there, ~there)])
    activity.predict([HarInput(sound[100:350], None)])
    assert len(asked) == 10
    # What the gate changes is another second; silence is one for all.
    gated = sound[:250].copy()
    gated[:50] *= np.float16(0.5)
    activity.predict([HarInput(gated, None), HarInput(np.zeros_like(gated), None)])
    assert len(asked) == 12


def test_a_second_that_was_not_kept_is_encoded_to_the_same_bits(registry: Registry) -> None:
    encoder, forgetful = SecondEncoder(registry), SecondEncoder(registry, capacity=2)
    sound = mel(5)
    first = encoder.encode(sound)
    for one, other in zip(first, forgetful.encode(sound), strict=True):
        assert same(one, other)
    again = forgetful.encode(sound)
    assert all(same(one, other) for one, other in zip(first, again, strict=True))
    assert again[4] is not first[4]
    assert encoder.encode(sound[200:])[0] is first[4]
    # The latest two are kept.
    assert forgetful.encode(sound[150:200])[0] is again[3]
    assert forgetful.encode(sound[:50])[0] is not again[0]


def test_a_scenario_window_is_the_last_to_need_its_seconds(registry: Registry) -> None:
    encoder = SecondEncoder(registry)
    scenario, sound, there = (
        ScenarioRecognizer(registry, second_encoder=encoder),
        mel(6),
        [True] * 6,
    )
    before = encoder.encode(sound)
    scenario.predict([ScenarioInput(sound, None, np.array(there), ~np.array(there))])
    # The activity of its last seconds may be a little later.
    assert encoder.encode(sound[250:], last=True)[0] is before[5]
    for seed in range(1, 24):
        encoder.encode(mel(6, seed), last=True)
    assert encoder.encode(sound)[0] is not before[0]


def test_a_second_is_what_the_encoders_make_of_it(registry: Registry) -> None:
    sound = mel(3)
    encoders = registry.load(ENCODERS).module
    encoder = SecondEncoder(registry)
    together = encoder.together(encoder.encode(sound))
    with torch.inference_mode():
        seconds = encoders.seconds(torch.from_numpy(sound.astype(np.float32))[None])
    np.testing.assert_allclose(together, seconds.numpy(), atol=1e-4)


def test_encoded_seconds_stand_in_place_of_the_log_mel(registry: Registry) -> None:
    encoder = SecondEncoder(registry)
    scenario, activity = ScenarioRecognizer(registry), ActivityRecognizer(registry)
    sound, there = mel(10), np.ones(10, bool)
    seconds = encoder.encode(sound)
    whole = ScenarioInput(sound, None, there, ~there)
    by_mel, by_seconds, unnamed = scenario.predict(
        [whole, replace(whole, seconds=seconds), replace(whole, mel=None, seconds=seconds)]
    )
    assert by_mel.embeddings.tobytes() == by_seconds.embeddings.tobytes()
    assert by_mel.embeddings.tobytes() == unnamed.embeddings.tobytes()
    assert by_mel.sound_events == by_seconds.sound_events
    # Sounds are named by the log-mel itself.
    assert unnamed.sound_events == {}
    window = HarInput(sound[:250], None)
    by_mel_too, by_seconds_too = activity.estimate(
        [window, replace(window, mel=None, seconds=seconds[:5])]
    )
    assert by_mel_too == by_seconds_too
    with pytest.raises(PredictError, match="item has 9 seconds of sound; expected 10"):
        scenario.predict([replace(whole, seconds=seconds[:9])])
    with pytest.raises(PredictError, match="item has 0 seconds of sound; expected at least one"):
        activity.predict([HarInput(None, None, seconds=[])])
    with pytest.raises(PredictError, match=r"mel has shape \(240, 64\); expected whole seconds"):
        activity.predict([HarInput(sound[:240], None)])


def test_sounds_are_named_from_the_loudest_segments_that_arrived(registry: Registry) -> None:
    recognizer = ScenarioRecognizer(registry, sound_event_above=0.0)
    there = np.ones(30, bool)
    sound = mel(30)
    sound[:400] *= np.float16(0.1)
    quiet_changed = sound.copy()
    quiet_changed[:400] = mel(8, seed=5) * np.float16(0.1)
    loud_changed = sound.copy()
    loud_changed[400:] = mel(22, seed=6)
    lost = there.copy()
    lost[8:12] = False
    events = [
        found.sound_events
        for found in recognizer.predict(
            [
                ScenarioInput(sound, None, there, ~there),
                ScenarioInput(quiet_changed, None, there, ~there),
                ScenarioInput(loud_changed, None, there, ~there),
                ScenarioInput(sound, None, lost, ~there),
            ]
        )
    ]
    # Four of fifteen segments are quiet, and eleven are named.
    assert events[0] == events[1]
    assert events[0] != events[2]
    assert events[0] != events[3]

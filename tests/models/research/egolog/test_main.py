"""Rules of the training's entry point."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from models.egolog.contrastive import ENCODERS, Encoders
from models.egolog.har import HAR
from models.egolog.scenario import SCENARIO, WITHOUT_CONTRASTIVE, WITHOUT_SEQUENCE
from models.recordings.shared_data import EFFICIENTAT
from models.research.egolog import __main__ as train
from models.research.egolog import context, recipes
from models.research.egolog.context import TrainingContext
from models.research.lib.fit import Fit
from models.simulation.sources.material import Material
from tests.models import fresh

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from models.egolog.audio_encoder import SoundEncoder
    from models.network.key import Key
    from models.research.egolog.days.encoded import EncodedDays


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stretches are simulated, and encoded by the same encoders, once for all tests."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def small(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> TrainingContext:
    """Two stretches of simulated life, above small untrained encoders."""
    for name, count in (("PART", 2), ("VALIDATION", 2), ("SIMULATED", 2)):
        monkeypatch.setattr(context, name, count)
    monkeypatch.setattr(context, "STRETCH_S", 30)
    monkeypatch.setattr(recipes, "Fit", lambda minutes, **_: Fit(minutes, steps=2, checks=1))
    fresh.registry(tmp_path / "out")
    return TrainingContext(None, tmp_path / "out", cache, 0, 2)


def revisions(made: TrainingContext) -> dict[str, str]:
    keys: tuple[Key[Any], ...] = (ENCODERS, SCENARIO, WITHOUT_CONTRASTIVE, WITHOUT_SEQUENCE, HAR)
    return {key.name: made.registry.load(key).revision for key in keys}


@pytest.mark.training
@pytest.mark.parametrize(
    ("step", "changed"),
    [
        (recipes.space, {"encoders"}),
        (recipes.scenario, {key.name for key in (SCENARIO, WITHOUT_CONTRASTIVE, WITHOUT_SEQUENCE)}),
        (recipes.har, {"har"}),
    ],
)
def test_a_step_saves_what_it_trains_and_nothing_else(
    step: Callable[[TrainingContext, float], None], changed: set[str], small: TrainingContext
) -> None:
    before = revisions(small)
    step(small, 1.0)
    after = revisions(small)
    assert {name for name in after if after[name] != before[name]} == changed


@pytest.mark.training
def test_a_number_of_steps_is_that_of_each_scenario_network(
    small: TrainingContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int | None] = []

    def fit(minutes: float, *, steps: int | None, **_: float) -> Fit:
        asked.append(steps)
        return Fit(minutes, steps=2, checks=1)

    monkeypatch.setattr(recipes, "Fit", fit)
    recipes.scenario(replace(small, steps=7), 1.0)
    recipes.scenario(small, 1.0)
    assert asked == [7, None]


@pytest.mark.training
def test_sharing_teaches_copies_and_leaves_the_encoders_as_they_are(small: TrainingContext) -> None:
    before = small.encoders().state_dict()
    recipes.space(small, 1.0)
    encoders = small.encoders()
    assert isinstance(encoders, Encoders)
    changed = {
        key.split(".")[0]
        for key, value in encoders.state_dict().items()
        # Weights are stored with half the digits.
        if not value.allclose(before[key], atol=1e-4, rtol=1e-3)
    }
    assert "space" in changed
    assert changed <= {"space", "shared_audio", "shared_imu"}


@pytest.mark.training
def test_the_recogniser_teaches_the_sound_encoder_alone(
    small: TrainingContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(recipes.TrainingError, match="efficientat_mn04_as"):
        recipes.recogniser(small, 1.0)
    (tmp_path / EFFICIENTAT).parent.mkdir()
    (tmp_path / EFFICIENTAT).touch()

    def louder(audio: SoundEncoder, *_: object) -> SoundEncoder:
        audio.events.bias.add_(1.0)
        return audio

    monkeypatch.setattr(recipes.of_recogniser, "train", louder)
    before = small.encoders().state_dict()
    recipes.recogniser(replace(small, data=tmp_path), 1.0)
    changed = {
        key
        for key, value in small.encoders().state_dict().items()
        # Weights are stored with half the digits.
        if not value.allclose(before[key], atol=1e-4, rtol=1e-3)
    }
    assert changed == {"audio.events.bias"}


def test_the_ablations_are_the_networks_their_names_say(small: TrainingContext) -> None:
    recipes.scenario(small, 1.0)
    configs = {
        key: small.registry.load(key).module.config
        for key in (SCENARIO, WITHOUT_SEQUENCE, WITHOUT_CONTRASTIVE)
    }
    assert {key: (c.sequence, c.key_frames) for key, c in configs.items()} == {
        SCENARIO: ("transformer", True),
        WITHOUT_SEQUENCE: ("none", True),
        WITHOUT_CONTRASTIVE: ("none", False),
    }


def test_encoded_days_are_kept_until_the_encoders_change(
    small: TrainingContext, tmp_path: Path
) -> None:
    small = replace(small, cache=tmp_path / "cache")
    small.encoded_days()
    folders = set(small.cache.glob("encoded-*"))
    small.encoded_days()
    assert set(small.cache.glob("encoded-*")) == folders
    both = small.encoders()
    both.space = type(both.space)()
    small.registry.save(ENCODERS, both)
    small.encoded_days()
    assert set(small.cache.glob("encoded-*")) == folders
    both.imu.mix.weight.add_(0.1)
    small.registry.save(ENCODERS, both)
    small.encoded_days()
    assert len(set(small.cache.glob("encoded-*"))) == 2 * len(folders)


def test_an_interrupted_encoding_goes_on_as_if_it_had_not_been(
    small: TrainingContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(context, "PART", 1)
    whole = replace(small, stretches=4, cache=tmp_path / "whole")
    days, _ = whole.encoded_days()
    interrupted = replace(whole, cache=tmp_path / "interrupted")
    made = context.encode
    calls = 0

    def encode(*arguments: Any, **options: Any) -> EncodedDays:
        nonlocal calls
        calls += 1
        # After the first part with varied sensors.
        if calls == 4:
            raise KeyboardInterrupt
        return made(*arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(context, "encode", encode)
        with pytest.raises(KeyboardInterrupt):
            interrupted.encoded_days()
    assert len([*interrupted.cache.glob("encoded-*")]) == 3
    resumed, _ = interrupted.encoded_days()
    for name, values in vars(days).items():
        assert values.equal(getattr(resumed, name)), name


def test_days_of_other_material_are_encoded_anew(
    small: TrainingContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.encoded_days()
    simulated = set(small.cache.glob("encoded-*"))
    monkeypatch.setattr(Material, "read", lambda *_, **__: Material("composed"))
    replace(small).encoded_days()
    composed = set(small.cache.glob("encoded-*")) - simulated
    assert sorted(folder.name.partition("composed-")[2] for folder in composed) == [
        "train-1-2",
        "train-2-varied-2",
        "validation-2",
    ]


def test_a_step_that_needs_the_first_days_composes_no_others(
    small: TrainingContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    composed: list[tuple[int, int]] = []

    def compose(seed: int, count: int, *_: object) -> list[str]:
        composed.append((seed, count))
        return ["day"] * count

    monkeypatch.setattr(context, "compose", compose)
    small = replace(small, stretches=5)
    assert len(small.first_days) == 2
    assert composed == [(1, 2)]
    assert [len(part) for part in small.train_days] == [2, 2, 1, 2]
    assert composed == [(1, 2), (2, 2), (3, 1), (context.SIMULATED_SEED, 2)]


def test_encoders_that_are_trained_further_are_saved_with_the_ablation_above_them(
    small: TrainingContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(context, "compose", stopped)
    both, before = small.encoders(), revisions(small)
    both.imu.mix.weight.data.add_(0.1)
    with pytest.raises(KeyboardInterrupt):
        recipes._save_and_carry_over(small, both, "imu")
    assert revisions(small) == before


def test_every_step_has_its_share_of_the_time() -> None:
    assert set(train.SHARES) == set(train.STEPS)
    assert sum(train.SHARES.values()) == pytest.approx(1)


def test_all_runs_every_step_in_order_with_its_share(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[tuple[str, float]] = []
    steps = {
        name: lambda _made, minutes, name=name: ran.append((name, minutes)) for name in train.STEPS
    }
    monkeypatch.setattr(train, "STEPS", steps)
    train.main(["all", "--minutes", "10", "--out", str(tmp_path)])
    assert [name for name, _ in ran] == list(steps)
    assert dict(ran)["audio"] == pytest.approx(10 * train.SHARES["audio"])
    ran.clear()
    train.main(["har", "--minutes", "10", "--out", str(tmp_path)])
    assert ran == [("har", 10.0)]


@pytest.mark.parametrize(
    ("option", "value"),
    [("--minutes", "0"), ("--minutes", "nan"), ("--stretches", "0"), ("--steps", "0")],
)
def test_no_time_and_no_material_are_refused(
    option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        train.main(["har", option, value])
    assert f"{option} is {value}" in capsys.readouterr().err


def test_weights_of_a_step_before_are_missed_by_name(tmp_path: Path) -> None:
    empty = TrainingContext(None, tmp_path / "out", tmp_path / "cache")
    with pytest.raises(RuntimeError, match=r"encoders\.safetensors do not exist"):
        recipes.space(empty, 1.0)

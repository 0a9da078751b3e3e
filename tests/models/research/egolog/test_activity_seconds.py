"""What a window's seconds add to its activity, trained on a few windows on the processor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from models.egolog.har import HAR, Har, HarConfig
from models.egolog.scenario_text import ScenarioText
from models.research.egolog import activity_seconds, har
from models.research.egolog.activity_seconds import train, windows, with_new_seconds, with_views
from models.research.lib.fit import Fit
from models.serving.registry import Registry
from tests.models import fresh
from tests.models.research.egolog import synthetic

if TYPE_CHECKING:
    from pathlib import Path

    from models.research.egolog.har import ActivityExamples

SETTINGS = Fit(minutes=1, steps=80, rate=1e-2)


def text() -> ScenarioText:
    found = fresh.networks()["scenario_text"]
    assert isinstance(found, ScenarioText)
    return found


def halves(count: int, seed: int) -> tuple[ActivityExamples, torch.Tensor]:
    """Return windows whose means say nothing: most of their seconds have the one sign or other."""
    rng = np.random.default_rng(seed)
    most = rng.integers(0, 2, count)
    of_seconds = np.where(np.arange(5) < 3, most[:, None], 1 - most[:, None])
    audio = torch.from_numpy(2.0 * of_seconds - 1).float()[..., None].expand(-1, -1, 256)
    present = torch.ones(count, dtype=torch.bool)
    examples = har.ActivityExamples(
        audio=torch.zeros(count, 256),
        audio_mask=present,
        imu=torch.zeros(count, 128),
        imu_mask=present,
        audio_seconds=audio + 0.1 * torch.randn(count, 5, 256),
        imu_seconds=torch.zeros(count, 5, 128),
        scenarios=torch.zeros(count, 16),
        activity=torch.from_numpy(most),
    )
    return examples, torch.from_numpy(of_seconds)


def test_windows_begin_at_every_second_and_those_of_the_stream_are_among_them() -> None:
    encoders, days = fresh.encoders(), synthetic.days(2, 10)
    days.activities[0, 4:] = 7
    shown, activities = windows(encoders, days)
    assert len(shown) == len(activities) == 2 * 6
    assert activities[4].tolist() == [7] * 5
    assert shown.activity[:3].tolist() == [0, 0, 7]
    mel = torch.from_numpy(days.mel[1:, 250:].astype(np.float32))
    alone = har.of_windows(encoders, mel, torch.from_numpy(days.imu[1:, 250:]), torch.tensor([1]))
    for name in ("audio", "imu", "audio_seconds", "imu_seconds"):
        torch.testing.assert_close(
            getattr(shown, name)[-1:], getattr(alone, name), atol=1e-5, rtol=1e-4
        )


@pytest.mark.training
def test_only_the_seconds_learn_and_they_tell_which_activity_fills_a_window(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(activity_seconds, "BATCH", 32)
    torch.manual_seed(0)
    network = with_new_seconds(Har().eval(), 16)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    silent_sound = torch.zeros(256)
    examples = with_views(network, text(), silent_sound, halves(256, 0), np.random.default_rng(0))
    assert examples.fused.shape == (256, 3, 16)
    train(network, text(), silent_sound, examples, SETTINGS, 0)
    changed = [n for n, v in network.state_dict().items() if not torch.equal(v, before[n])]
    assert changed
    assert all(name.startswith("seconds.") for name in changed)
    shown, _ = halves(128, 1)
    right = har.predict(network, text(), shown) == shown.activity.numpy()
    assert right.mean() > 0.9


def test_a_network_without_seconds_is_an_error() -> None:
    silent_sound = torch.zeros(256)
    examples = with_views(
        Har().eval(), text(), silent_sound, halves(8, 0), np.random.default_rng(0)
    )
    with pytest.raises(ValueError, match="expected seconds_width in its config"):
        train(Har().eval(), text(), silent_sound, examples, SETTINGS, 0)


def test_seconds_are_trained_anew(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    registry.save(HAR, Har(HarConfig(seconds_width=8)).eval())
    anew = with_new_seconds(registry.load(HAR).module)
    assert anew.config.seconds_width == activity_seconds.WIDTH
    shown, _ = halves(4, 0)
    assert torch.equal(har.scores(anew, text(), shown), har.fused_logits(anew, text(), shown))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--seeds", "-1"], "--seeds is -1; expected 0 or more"),
        (["--stretches", "0"], "--stretches is 0; expected 1 or more"),
        (["--steps", "0"], "--steps is 0; expected 1 or more"),
    ],
)
def test_numbers_that_are_too_small_are_named(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        activity_seconds.main([*arguments, "--out", str(tmp_path / "har.safetensors")])
    assert message in capsys.readouterr().err

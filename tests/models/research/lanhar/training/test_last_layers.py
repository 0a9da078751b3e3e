from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from torch.nn.functional import normalize

from models.lanhar import descriptions
from models.lanhar.label_table import LANHAR_LABELS
from models.lanhar.resample import to_20_hz
from models.lanhar.sensor_encoder import LANHAR_SENSOR, SensorEncoder
from models.research.lanhar.training import last_layers
from models.research.lanhar.training.last_layers import (
    LastLayersSettings,
    above_transformer,
    chances,
    layer_inputs,
    postures,
    train_last_layers,
)
from models.serving.open_vocabulary import IN_FORCE
from models.serving.registry import Registry
from tests.models import fresh
from tests.models.research.lanhar.told_apart import sensor_encoder, told_apart

if TYPE_CHECKING:
    from pathlib import Path

DESCRIBED = descriptions.labels()


def test_only_what_is_above_the_transformer_learns_and_any_right_label_will_do() -> None:
    network, windows = sensor_encoder(), told_apart()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    part = layer_inputs(network, windows, IN_FORCE, DESCRIBED, 0.5)
    in_force = normalize(torch.randn(len(IN_FORCE), 128), dim=1)
    described = normalize(torch.randn(len(DESCRIBED), 128), dim=1)
    settings = LastLayersSettings(steps=40, batch=48, described=0.1)
    train_last_layers(network, [part], in_force, described, 0, settings)
    after = network.state_dict()
    changed = {name.split(".")[1] for name in before if not torch.equal(before[name], after[name])}
    assert changed == {"values", "mix", "out"}
    with torch.no_grad():
        vectors = above_transformer(network, part.tokens, part.values, part.posture)
    first = (vectors @ in_force.T).argmax(dim=1)
    right = [IN_FORCE[at] in names for at, names in zip(first.tolist(), windows.names, strict=True)]
    assert sum(right) >= 0.9 * len(right)


@pytest.mark.parametrize("option", [False, True])
def test_an_encoder_is_written_beside_the_weights_it_begins_with_unless_told_otherwise(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    option: bool,
) -> None:
    def train(network: SensorEncoder, *_: object) -> None:
        with torch.no_grad():
            next(network.parameters()).add_(1.0)

    monkeypatch.setattr(last_layers, "needed_recordings", lambda *_: tmp_path)
    monkeypatch.setattr(last_layers, "FILES_OF_MOTION", ())
    monkeypatch.setattr(last_layers, "train_last_layers", train)
    own, out = fresh.registry(tmp_path / "own"), tmp_path / "out"
    before = own.weights(LANHAR_SENSOR).revision
    given = ["--out", str(out)] if option else []
    assert last_layers.main(["--weights", str(own.weights_dir), *given]) == 0
    made = capsys.readouterr().out.strip()
    assert made != before
    assert own.weights(LANHAR_SENSOR).revision == (before if option else made)
    assert out.exists() == option
    saved = (Registry(out) if option else own).weights(LANHAR_SENSOR)
    # It learned the vectors of the folder that it began with.
    assert (saved.revision, saved.trained_with) == (
        made,
        {"lanhar_labels": own.weights(LANHAR_LABELS).revision},
    )


def test_the_last_layers_see_of_a_window_what_the_whole_encoder_does() -> None:
    network, windows = sensor_encoder(), told_apart(2)
    part = layer_inputs(network, windows, IN_FORCE, DESCRIBED, 0.5)
    even = torch.from_numpy(np.stack([to_20_hz(imu, 50.0) for imu in windows.imu]))
    with torch.no_grad():
        vectors = above_transformer(network, part.tokens, part.values, part.posture)
        assert torch.allclose(vectors, network(even, part.posture), atol=1e-5)


def test_stairs_without_a_direction_are_both_labels_in_force_and_one_described() -> None:
    part = layer_inputs(sensor_encoder(), told_apart(1), IN_FORCE, DESCRIBED, 0.5)
    assert [IN_FORCE[at] for at in part.right[1].nonzero()[:, 0]] == [
        "going upstairs",
        "going downstairs",
    ]
    assert DESCRIBED[part.own[1]] == "taking the stairs"


def test_upright_is_known_once_its_wearer_has_walked() -> None:
    known = postures(told_apart(8))
    assert known[0] == (0.0, 0.0)
    assert known[7][1] == 1.0
    assert known[7][0] > 0.99


def test_a_rare_activity_is_drawn_more_often_than_it_occurs() -> None:
    some = told_apart(4).take([0, 1, 2, 3, 8])
    assert chances(some, IN_FORCE, 0.0) == [1.0] * 5
    assert chances(some, IN_FORCE, 0.5) == [0.5] * 4 + [1.0]
    assert chances(some, IN_FORCE, 1.0) == [0.25] * 4 + [1.0]


def test_without_language_the_labels_vectors_learn_too() -> None:
    network = sensor_encoder()
    part = layer_inputs(network, told_apart(2), IN_FORCE, DESCRIBED, 0.5)
    fixed = normalize(torch.randn(len(IN_FORCE), 128), dim=1)
    described = normalize(torch.randn(len(DESCRIBED), 128), dim=1)
    free = torch.nn.Parameter(fixed.clone())
    settings = LastLayersSettings(steps=4, batch=6, described=0.0)
    for labels in (fixed, free):
        train_last_layers(network, [part], labels, described, 0, settings)
    assert not torch.equal(fixed, free)

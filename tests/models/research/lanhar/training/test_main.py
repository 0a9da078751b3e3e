"""Rules of `models.research.lanhar.training` and of the weights it ships."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.lanhar import descriptions
from models.lanhar.label_table import LANHAR_LABELS, LabelTable
from models.lanhar.sensor_encoder import LANHAR_SENSOR, SensorEncoder
from models.lanhar.text_encoder import WordEncoder
from models.lanhar.vocabulary import OpenVocabulary
from models.network.key import Key
from models.recordings.shared_data import IMU
from models.recordings.unseen import trained_on
from models.research.lanhar.interpretation.windows import Windows
from models.research.lanhar.training import __main__ as command
from models.research.lanhar.training.__main__ import (
    FILES,
    ShippedSettings,
    read,
    train,
    training_users,
)
from models.research.lanhar.training.distil import corpus, distil
from models.research.lanhar.training.sensor import SensorSettings
from models.research.lanhar.training.text import TextSettings
from models.research.lanhar.training.transfer import interpret
from models.serving.registry import Registry
from tests.models.research.lanhar.motion import data_set, steps
from tests.shared_data import shared_data

FEW = ShippedSettings(
    TextSettings(steps=2, batch=4, synthesised=1), SensorSettings(steps=3, batch=8, copies=1)
)


def test_every_fifth_user_is_left_out() -> None:
    windows = data_set("made", 0)
    windows = replace(windows, user=np.array([f"u{n % 10:02d}" for n in range(len(windows))]))
    left_out = set(windows.user[training_users(windows, training=False)].tolist())
    assert left_out == {"u00", "u05"}
    assert not (training_users(windows, True) & training_users(windows, False)).any()


def test_what_was_trained_is_saved_and_ranks(tmp_path: Path) -> None:
    trained = train(interpret(data_set("made", 0, each=3)), 0, FEW)
    assert len(trained.save(Registry(tmp_path))) == 3
    table = Registry(tmp_path).load(LANHAR_LABELS).module
    encoder = Registry(tmp_path).load(LANHAR_SENSOR).module
    assert isinstance(table, LabelTable)
    assert isinstance(encoder, SensorEncoder)
    assert table.labels().names == descriptions.labels()
    motion = np.resize(steps(np.random.default_rng(0), 1.8, 2.0), (300, 6))
    ranked = OpenVocabulary(encoder.reading).rank(motion, table.labels())
    assert len(ranked) == len(descriptions.labels())


def test_recordings_are_read_by_user_and_bounded(
    recorded: Callable[[str], Windows], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "read_npz", lambda path: recorded(path.name))
    windows = read(shared_data() / IMU, False, 5, 0)
    assert {"walking", "running", "typing on a keyboard"} <= set(windows.label.tolist())
    places = [f"{a} {b}" for a, b in zip(windows.label, windows.position, strict=True)]
    assert max(places.count(place) for place in set(places)) <= 5


def test_likeness_of_texts_is_copied() -> None:
    import torch

    torch.manual_seed(0)
    texts = ["walking fast", "running", "the body rests", "lying down"]
    taught = torch.eye(4)[[0, 0, 1, 1]]
    encoder = WordEncoder()
    losses = distil(encoder, texts, taught, 0, steps=40)
    assert losses[-1] < 0.5 * losses[0]
    found = encoder.encode(texts)
    assert found[0] @ found[1] > found[0] @ found[2]


def test_the_corpus_repeats_no_text_and_holds_every_activity() -> None:
    texts = corpus(None)
    assert len(set(texts)) == len(texts)
    assert set(descriptions.labels()) <= set(texts)


@pytest.mark.parametrize("key", [LANHAR_SENSOR, LANHAR_LABELS])
def test_what_a_device_holds_stays_below_4_megabytes(key: Key[Any]) -> None:
    assert Registry().path(key).stat().st_size < 2_000_000


def test_every_user_that_is_trained_on_is_listed(recorded: Callable[[str], Windows]) -> None:
    known = set(trained_on()["motion"])
    for name in FILES:
        windows = recorded(name)
        trains = training_users(windows, training=True)
        assert set(windows.user[trains].tolist()) <= known, name
        assert not set(windows.user[~trains].tolist()) & known, name

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

from models.lanhar.text_encoder import WordEncoder
from models.lanhar.vocabulary import embed_labels
from models.research.lanhar.interpretation.analysis import analyse_all
from models.research.lanhar.interpretation.template_interpreter import interpret_all_by_template
from models.research.lanhar.training.text import Described, TextSettings, train_text
from tests.models.research.lanhar.motion import data_set

FOUR = ("walking", "going upstairs", "going downstairs", "sitting")
SHORT = TextSettings(steps=40, batch=6, synthesised=1)


@cache
def read() -> tuple[list[list[str]], list[str]]:
    windows = data_set("a", 0)
    windows = windows.where(np.isin(windows.label, FOUR))
    texts = [[one.text] for one in interpret_all_by_template(analyse_all(windows.data), 1)]
    return texts, windows.label.tolist()


def trained(settings: TextSettings, seed: int = 0) -> tuple[WordEncoder, list[float]]:
    texts, labels = read()
    torch.manual_seed(seed)
    encoder = WordEncoder()
    losses = train_text(encoder, texts, labels, seed, settings)
    return encoder, losses


@pytest.mark.training
def test_the_loss_falls_and_interpretations_meet_their_labels() -> None:
    encoder, losses = trained(SHORT)
    assert np.mean(losses[-5:]) < 0.9 * np.mean(losses[:5])
    windows = data_set("b", 1)
    windows = windows.where(np.isin(windows.label, ("walking", "sitting")))
    texts = [one.text for one in interpret_all_by_template(analyse_all(windows.data), 1)]
    labels = embed_labels(encoder, ("walking", "sitting"))
    found = (encoder.encode(texts).numpy() @ labels.vectors.T).argmax(axis=1)
    assert np.mean(np.array(labels.names)[found] == windows.label) > 0.9


def test_a_seed_decides_everything() -> None:
    few = TextSettings(steps=3, batch=4, synthesised=1)
    one, same, other = (trained(few, seed)[1] for seed in (1, 1, 2))
    assert one == same
    assert one != other


def test_without_subtasks_only_alignment_is_left() -> None:
    few = TextSettings(steps=2, batch=4, synthesised=1)
    with_them, without = trained(few)[1], trained(replace(few, subtasks=False))[1]
    assert without[0] < with_them[0]


def test_no_steps_train_nothing() -> None:
    torch.manual_seed(0)
    fresh = WordEncoder()
    encoder, losses = trained(TextSettings(steps=0))
    assert losses == []
    assert torch.equal(encoder.table.weight, fresh.table.weight)


def test_every_described_activity_has_its_category_or_none() -> None:
    described = Described.shipped(("walking",))
    assert described.names[0] == "walking"
    kind = dict(zip(described.names, described.category.tolist(), strict=True))
    assert kind["going upstairs"] == kind["going downstairs"] != kind["walking"]
    assert kind["clapping"] == -1

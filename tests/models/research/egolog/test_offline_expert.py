import numpy as np
import pytest
import torch

from models.egolog.offline_expert import Expert
from models.egolog.offline_expert.evidence import ITEMS, evidence
from models.labels import SCENARIOS
from models.research.egolog.offline_expert import (
    CONTEXT,
    Chains,
    ExpertExamples,
    best_threshold,
    cross_validated,
    fit,
    likeliest,
    table_text,
)
from models.research.lib.metrics import micro_f1
from tests.models.research.egolog.households.lives import household_windows

DAYS = household_windows(24, days=2, wearers=4, uncertainty=[6, 7, 14, 19], seed=1)


def test_every_window_is_given_with_those_before_it_on_its_day() -> None:
    examples = ExpertExamples.of(DAYS)
    assert examples.evidence.shape == (len(DAYS), CONTEXT + 1, len(ITEMS))
    assert examples.there[0].tolist() == [False] * CONTEXT + [True]
    assert examples.there[24].tolist() == [False] * CONTEXT + [True]
    assert examples.there[15].all()
    number = int(next(DAYS.days())[15])
    want = evidence(DAYS.record(number)).astype(np.float32)
    assert np.array_equal(examples.evidence[15, -1].numpy(), want)
    assert int(examples.uncertainty.sum()) == 4 * 8


def test_what_learns_believes_what_the_expert_does() -> None:
    examples = ExpertExamples.of(DAYS)
    chains = fit(examples, steps=5)
    expert = Expert.parse(table_text(chains, 0.4))
    with torch.no_grad():
        belief = chains(examples).numpy()
    for at in (0, 5, 30):
        there = examples.there[at].numpy()
        steps = examples.evidence[at].numpy()[there].astype(float)
        starts = np.arange(len(steps)) * 30 * 10**9
        # The table is rounded to three digits.
        assert expert.believe(steps, starts) == pytest.approx(belief[at], abs=0.1)
    assert expert.name_above == 0.4


def test_chains_begin_at_the_networks_own_estimate() -> None:
    chains = Chains()
    change = chains.weights - chains.get_buffer("initial")
    assert not change.any()


@pytest.mark.training
def test_the_expert_learns_to_name_windows_in_doubt_of_wearers_it_never_met() -> None:
    examples = ExpertExamples.of(DAYS)
    order = np.concatenate(list(DAYS.days()))
    belief = cross_validated(examples, DAYS.wearer[order], steps=80).numpy()
    truth, uncertainty = examples.truth.numpy(), examples.uncertainty.numpy()
    predicted = likeliest(belief, best_threshold(belief, truth))
    # The network's likeliest scenario is wrong in all of them.
    assert micro_f1(predicted[uncertainty], truth[uncertainty]) > 0.5


def test_at_least_one_scenario_is_named() -> None:
    belief = np.full((1, len(SCENARIOS)), -3.0, np.float32)
    belief[0, 4] = -2.0
    assert np.flatnonzero(likeliest(belief, 0.5)[0]).tolist() == [4]

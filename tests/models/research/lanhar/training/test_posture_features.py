from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from models.research.lanhar.interpretation.analysis import analyse_all
from models.research.lanhar.interpretation.gravity_alignment import MIN_WINDOWS
from models.research.lanhar.interpretation.windows import Windows, of_arrays
from models.research.lanhar.training.posture_features import Postures, postures
from tests.models.research.lanhar.interpretation.mechanics import rest, steps

EACH = 6


def leaning(degrees: float, seed: int) -> np.ndarray:
    matrix = Rotation.from_euler("x", degrees, degrees=True).as_matrix()
    window = rest(seed=seed)
    return np.concatenate([window[:, :3] @ matrix.T, window[:, 3:]], axis=1).astype(np.float32)


def wearer(stands: float, sits: float) -> list[np.ndarray]:
    return [
        *(steps(seed=seed) for seed in range(MIN_WINDOWS)),
        *(leaning(stands, seed) for seed in range(EACH)),
        *(leaning(sits, 50 + seed) for seed in range(EACH)),
    ]


def windows(motions: list[np.ndarray], users: list[str]) -> Windows:
    count = len(motions)
    return of_arrays("w", np.stack(motions), ["x"] * count, users, ["p"] * count, ["d"] * count)


def held(*wearers: list[np.ndarray]) -> Postures:
    users = [f"u{number}" for number, motions in enumerate(wearers) for _ in motions]
    given = windows([motion for motions in wearers for motion in motions], users)
    return postures(given, analyse_all(given.data))


def still(count: int) -> torch.Tensor:
    one = torch.tensor([False] * MIN_WINDOWS + [True] * (2 * EACH))
    return one.repeat(count)


def test_inclination_is_the_angle_to_the_line_of_the_wearers_steps() -> None:
    found = torch.exp(held(wearer(5, 40)).values[:, 0]) - 2
    assert found[MIN_WINDOWS : MIN_WINDOWS + EACH].tolist() == pytest.approx([5] * EACH, abs=1)
    assert found[-EACH:].tolist() == pytest.approx([40] * EACH, abs=1)


def test_a_little_and_a_large_angle_mean_the_same_beside_the_wearers_other_windows() -> None:
    found = held(wearer(1, 12), wearer(20, 80)).relative(still(2))[:, 0].view(2, -1)
    for one in found:
        assert (one[MIN_WINDOWS : MIN_WINDOWS + EACH] < -0.5).all()
        assert (one[-EACH:] > 0.5).all()


def test_windows_that_move_do_not_count() -> None:
    rests = still(1)
    given = held(wearer(5, 40))
    assert not given.relative(rests)[~rests].any()
    other = Postures(given.values.clone(), given.gravity, given.worn)
    other.values[~rests] += 3
    assert torch.equal(given.relative(rests), other.relative(rests))


def test_too_few_still_windows_say_nothing() -> None:
    rests = still(1) & (torch.arange(MIN_WINDOWS + 2 * EACH) > MIN_WINDOWS + 2 * EACH - 4)
    assert not held(wearer(5, 40)).relative(rests).any()


def test_a_wearer_without_steps_has_no_inclination_but_other_values() -> None:
    found = held(wearer(5, 40)[MIN_WINDOWS:]).relative(torch.ones(2 * EACH, dtype=torch.bool))
    assert not found[:, 0].any()
    assert found[:, 1:].any()


def test_inclination_can_be_left_out() -> None:
    given = held(wearer(5, 40))
    found = given.without_inclination().relative(still(1))
    assert not found[:, 0].any()
    assert torch.equal(found[:, 1:], given.relative(still(1))[:, 1:])


def test_windows_of_one_hold_speak_together_and_no_others() -> None:
    given = held(wearer(5, 40), wearer(5, 40))
    rng = torch.Generator().manual_seed(0)
    vectors = torch.nn.functional.normalize(torch.randn((len(given.worn), 8), generator=rng), dim=1)
    found = given.smoothed(vectors, still(2))
    mean = torch.nn.functional.normalize(vectors[-EACH:].mean(dim=0), dim=0)
    torch.testing.assert_close(found[-EACH:], mean.expand(EACH, 8), atol=0.05, rtol=0)
    assert torch.equal(found[~still(2)], vectors[~still(2)])


def test_stances_are_chosen_by_place() -> None:
    given = held(wearer(5, 40))
    chosen = torch.tensor([7, 2])
    assert torch.equal(given[chosen].gravity, given.gravity[chosen])
    assert torch.equal(given[chosen].values, given.values[chosen])

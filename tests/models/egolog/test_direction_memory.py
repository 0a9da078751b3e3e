from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from models.egolog.direction_memory import CANDIDATES, DirectionMemory, turn_directions, yaw
from models.egolog.interference_gate import no_source
from schemas.evidence import DISTANCES, REGIONS
from schemas.frames import NS

if TYPE_CHECKING:
    from numpy.typing import NDArray

UNDECIDED = dict.fromkeys(REGIONS, 0.01) | {"front-far": 0.45, "back-far": 0.5}


def moving(yaw_rate: float = 0.0) -> NDArray[np.float32]:
    """Return a second that turns at a rate in rad/s, with gravity along y."""
    imu = np.zeros((50, 6), np.float32)
    # A gyroscope is never quite still.
    imu[:, 1], imu[:, 4], imu[:, 5] = 9.81, yaw_rate, 1e-3
    return imu


def source(*azimuths: float, logit: float = 4.0) -> NDArray[np.float32]:
    """Return heat (2, 72) of far sources, counter-clockwise from ahead."""
    each = (np.arange(CANDIDATES) + 0.5) * 2 * math.pi / CANDIDATES - math.pi / 4
    heat = np.full((2, CANDIDATES), -6.0, np.float32)
    for azimuth in azimuths:
        apart = np.angle(np.exp(1j * (each - azimuth)))
        heat[1] = np.maximum(heat[1], (6 + logit) * np.exp(-0.5 * (apart / 0.12) ** 2) - 6)
    return heat


def ahead(memory: DirectionMemory | None = None, rate: float = 0.0) -> DirectionMemory:
    """Return the memory of a second with a source that is clearly ahead."""
    regions = dict.fromkeys(REGIONS, 0.01) | {"front-far": 0.95}
    memory = DirectionMemory() if memory is None else memory
    return memory.after(0, NS, regions, source(0.0), moving(rate))[1]


def after_undecided(
    memory: DirectionMemory, imu: NDArray[np.float32] | None, start_s: int = 1
) -> tuple[dict[str, float], DirectionMemory]:
    """Return what is remembered of a second that cannot tell ahead from behind."""
    heat = source(0.0, math.pi, logit=0.0)
    return memory.after(start_s * NS, (start_s + 1) * NS, UNDECIDED, heat, imu)


def test_what_was_ahead_is_not_said_behind_by_a_second_that_cannot_tell() -> None:
    regions, _ = after_undecided(ahead(), moving())
    assert regions["front-far"] > regions["back-far"]


def test_a_source_is_behind_a_head_that_has_turned_half_around() -> None:
    # Half of the turn is in the first second, and half of it in the second one.
    regions, _ = after_undecided(ahead(rate=math.pi), moving(math.pi))
    assert regions["back-far"] > 0.55
    assert regions["front-far"] < 0.4


@pytest.mark.parametrize("distance", DISTANCES)
def test_whether_something_is_near_or_far_stays_what_the_second_says(distance: str) -> None:
    regions, _ = after_undecided(ahead(), moving(1.0))
    assert regions != UNDECIDED
    assert no_source(regions, distance) == pytest.approx(no_source(UNDECIDED, distance), abs=3e-4)


def test_a_first_second_is_as_it_is_by_itself() -> None:
    regions, memory = after_undecided(DirectionMemory(), moving())
    assert regions == UNDECIDED
    assert memory.pack()


@pytest.mark.parametrize("start_s", [0, 2, 60])
def test_a_second_that_does_not_follow_forgets_what_was_before(start_s: int) -> None:
    fresh = after_undecided(DirectionMemory(), moving(), start_s)
    regions, memory = after_undecided(ahead(), moving(), start_s)
    assert regions == fresh[0]
    assert memory.pack() == fresh[1].pack()


def test_without_motion_or_heat_nothing_is_remembered() -> None:
    regions, memory = after_undecided(ahead(), None)
    assert (regions, memory.pack()) == (UNDECIDED, b"")
    regions, memory = ahead().after(NS, 2 * NS, UNDECIDED, None, moving())
    assert (regions, memory.pack()) == (UNDECIDED, b"")


def test_a_device_without_a_gyroscope_does_not_count_as_one_that_never_turns() -> None:
    blind = moving() * np.array([1, 1, 1, 0, 0, 0], np.float32)
    regions, memory = after_undecided(ahead(), blind)
    assert (regions, memory.pack()) == (UNDECIDED, b"")


def test_a_packed_memory_goes_on_to_the_bit() -> None:
    memory = ahead(rate=0.3)
    again = DirectionMemory.of(memory.pack())
    for start_s in range(1, 5):
        one, memory = after_undecided(memory, moving(0.2), start_s)
        two, again = after_undecided(again, moving(0.2), start_s)
        assert one == two
        assert memory.pack() == again.pack()
        again = DirectionMemory.of(again.pack())


@pytest.mark.parametrize("packed", [b"", b"x", bytes(591)])
def test_of_other_bytes_nothing_is_remembered(packed: bytes) -> None:
    assert DirectionMemory.of(packed).sources is None


def test_the_head_turns_by_its_rate_about_the_vertical() -> None:
    assert yaw(moving(0.4), 1.0) == pytest.approx((0.2, 0.2), abs=1e-6)
    still = np.zeros((50, 6), np.float32)
    assert yaw(still, 1.0) == (0.0, 0.0)


def test_a_source_is_further_right_of_a_head_that_turns_left() -> None:
    sources = np.exp(source(0.0))
    after = turn_directions(sources, math.pi / 2)
    moved = int(sources[1].argmax()) - int(after[1].argmax())
    assert moved % CANDIDATES == CANDIDATES // 4
    assert after.sum() == pytest.approx(sources.sum())

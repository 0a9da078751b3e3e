import numpy as np
import pytest
import torch

from models.research.egolog.localization.batched.ears import AHEAD
from models.research.egolog.localization.batched.rooms import KIND_NAMES, LATE, Rooms
from models.research.egolog.localization.batched.sources import Placements
from models.simulation.acoustics.ears import EAR_POINTS_M
from models.simulation.acoustics.rooms import Room
from models.simulation.life.plan import SoundEvent
from models.simulation.rendering.mixer import Listener, Mixer
from tests.models.research.egolog.localization.batched.material import ears, world

ROOMS = {"open": 0.3, "room": 0.4, "street": 0.3}


# Directions go by whole degrees here and by finer steps there, which errs more the later it is.
@pytest.mark.parametrize(
    ("kind", "azimuth", "distance_m", "most_db"),
    [("open", 1.2, 0.3, -25), ("open", -0.7, 2.5, -25), ("room", -0.7, 2.5, -10)],
)
def test_a_source_is_heard_as_the_mixer_lets_it_be_heard(
    kind: str, azimuth: float, distance_m: float, most_db: float
) -> None:
    rng = np.random.default_rng(0)
    room = Room.draw(kind, rng)
    dry = (0.1 * rng.standard_normal(48_000)).astype(np.float32)
    near = distance_m < 1
    head, body = np.cumsum(np.full(151, 0.02)), np.zeros(151)
    event = SoundEvent(
        start_s=0.0,
        stop_s=3.0,
        label="rain",
        near=near,
        azimuth=azimuth,
        distance_m=distance_m,
        level_db=-27,
        source=1,
        take=1,
        room=room,
    )
    listener = Listener(
        3,
        ears(),
        lambda first, last: (head[first * 50 : last * 50], body[first * 50 : last * 50]),
        1e-6,
        lambda _at_s: 1.8,
    )
    expected = Mixer([event], listener, 1, None)._place(event, dry)  # type: ignore[arg-type]

    def row(values: object) -> torch.Tensor:
        return torch.as_tensor(np.asarray(values, np.float32))[None]

    late = torch.from_numpy(room.late(EAR_POINTS_M))[:, :LATE]
    late = torch.nn.functional.pad(late, (0, LATE - late.shape[1]))[None]
    batch = Rooms(
        torch.tensor([KIND_NAMES.index(kind)]),
        row(room.size_m),
        row(room.listener_m),
        row(room.absorption),
    )
    world_azimuth = torch.tensor([azimuth])
    reach = batch.inside(world_azimuth, torch.tensor([distance_m]))
    first = torch.tensor([0])
    made = (
        world()
        ._render_at_ears(
            row(dry),
            batch,
            late,
            world_azimuth,
            reach,
            torch.tensor([room.source_m(azimuth, distance_m)]).float(),
            row(azimuth + (body - head if near else -head)),
            row(head),
            first,
            world().ears.radius[:1],
        )[0]
        .numpy()
    )
    inner = slice(4_000, -4_000)
    made = made[:, AHEAD:]
    expected = expected[:, : made.shape[1]]
    power = np.square(expected[:, inner]).sum(axis=1)
    level_db = 10 * np.log10(np.square(made[:, inner]).sum(axis=1) / power)
    error_db = 10 * np.log10(np.square((made - expected)[:, inner]).sum(axis=1) / power)
    assert level_db == pytest.approx([0, 0], abs=0.1)
    assert error_db.max() < most_db


def test_drawn_seconds_are_what_they_promise() -> None:
    placing = Placements(rooms=ROOMS, counts=(0.2, 0.8))
    drawn = world().draw(placing, 24, torch.Generator().manual_seed(2))
    assert drawn.maps.shape == (48, 3, 50, 64)
    assert drawn.imu.shape == (48, 50, 6)
    assert drawn.heat.shape == (48, 2, 72)
    assert torch.isfinite(drawn.maps.float()).all()
    assert 0 < (drawn.sources == 1).sum() < 48
    # Hard truth: one region a source, and none in silence.
    assert torch.equal(drawn.hard.sum(1), drawn.sources.float())
    one = drawn.sources == 1
    near = drawn.hard[one].argmax(1) % 2 == 0
    assert (drawn.nearness[one][near] > 0.6).all()
    assert (drawn.nearness[one][~near] < 0.65).all()
    again = world().draw(placing, 24, torch.Generator().manual_seed(2))
    assert torch.equal(drawn.maps, again.maps)


def test_clips_without_any_source_are_noise() -> None:
    placing = Placements(rooms={"open": 1.0}, counts=(1.0, 0.0))
    drawn = world().draw(placing, 2, torch.Generator().manual_seed(0))
    assert drawn.sources.tolist() == [0] * 4
    assert not drawn.regions.any()
    assert not drawn.heat.any()
    assert drawn.maps[:, :2].float().mean() > 0


def test_the_louder_ear_is_that_of_the_sources_side() -> None:
    placing = Placements(rooms={"open": 1.0}, counts=(0.0, 1.0), still=1.0)
    drawn = world().draw(placing, 32, torch.Generator().manual_seed(4))
    aside = (drawn.sources == 1) & (drawn.azimuth.sin().abs() > 0.7)
    louder = drawn.maps[:, 0].float().mean((1, 2)) - drawn.maps[:, 1].float().mean((1, 2))
    assert aside.sum() > 8
    assert ((louder > 0) == (drawn.azimuth > 0))[aside].float().mean() > 0.9

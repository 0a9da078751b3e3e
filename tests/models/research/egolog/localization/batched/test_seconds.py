import numpy as np
import pytest
import torch

from models.features import Features
from models.research.egolog.localization.batched.ears import AHEAD
from models.research.egolog.localization.batched.features import BatchedFeatures
from models.research.egolog.localization.batched.labels import heat_of, regions_of
from models.research.egolog.localization.batched.rooms import KIND_NAMES, LATE, Rooms
from models.research.egolog.localization.batched.sounds import make_loop
from models.research.egolog.localization.batched.sources import Placements
from models.research.egolog.localization.seconds import SpatialSeconds
from models.research.egolog.localization.training import heat_of as heat_of_one_clip
from models.simulation.acoustics.ears import EAR_POINTS_M
from models.simulation.acoustics.rooms import Room
from models.simulation.life.plan import SoundEvent
from models.simulation.rendering.mixer import Listener, Mixer
from tests.models.research.egolog.localization.batched.material import ears, world

ROOMS = {"open": 0.3, "room": 0.4, "street": 0.3}


def test_features_are_those_that_are_served() -> None:
    rng = np.random.default_rng(0)
    sound = (rng.standard_normal((2, 16_000)) * 0.1).astype(np.float32)
    sound[1] = 0.5 * np.roll(sound[0], 5) + 0.1 * sound[1]
    expected = Features().audio(sound, 16_000, np.ones(16_000, bool))["maps"].astype(np.float32)
    computed = BatchedFeatures("cpu")(torch.from_numpy(sound)[None])[0].float().numpy()
    assert computed == pytest.approx(expected, abs=2e-2)
    assert np.abs(computed - expected).mean() < 1e-3


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


def test_truth_is_that_of_single_clips() -> None:
    rng = np.random.default_rng(0)
    azimuth = rng.uniform(-np.pi, np.pi, (40, 3)).astype(np.float32)
    distance = np.exp(rng.uniform(np.log(0.2), np.log(5), (40, 3))).astype(np.float32)
    there = rng.random((40, 3)) < 0.6
    azimuth[~there], distance[~there] = np.nan, np.nan
    nothing = np.zeros(40, np.float32)
    single = SpatialSeconds(nothing, nothing, azimuth, distance, nothing)  # type: ignore[arg-type]
    is_audible = torch.from_numpy(there)
    towards = torch.from_numpy(np.nan_to_num(azimuth))
    nearness = torch.from_numpy(single.nearness)
    near = torch.from_numpy(single.near.astype(np.float32))
    assert regions_of(is_audible, towards, nearness).numpy() == pytest.approx(single.soft_regions)
    assert np.array_equal(regions_of(is_audible, towards, near).numpy(), single.regions)
    heat = heat_of(is_audible, towards, nearness).numpy()
    assert heat == pytest.approx(heat_of_one_clip(azimuth, single.nearness), abs=1e-5)


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


@pytest.mark.parametrize("length", [4_000, 33_000, 80_000, 120_000])
def test_a_loop_goes_over_into_itself(length: int) -> None:
    wave = np.sin(2 * np.pi * 100 * np.arange(length) / 16_000 + 0.3).astype(np.float32)
    loop = make_loop(wave)
    assert loop.shape == (80_000,)
    assert np.abs(loop).max() == pytest.approx(1, abs=1e-3)
    assert abs(loop[0] - loop[-1]) < 0.15

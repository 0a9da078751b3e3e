import numpy as np
import pytest
import torch

from models.research.egolog.localization.batched.rooms import KIND_NAMES, LATE, Rooms, convolve
from models.simulation.acoustics.ears import EAR_POINTS_M
from models.simulation.acoustics.rooms import KINDS, Room

KINDS_OF_ALL = sorted(KINDS)


def as_one(room: Room, kind: str) -> Rooms:
    """The same room as a batch of one."""
    return Rooms(
        torch.tensor([KIND_NAMES.index(kind)]),
        torch.tensor([room.size_m]).float(),
        torch.tensor([room.listener_m]).float(),
        torch.tensor(room.absorption).float()[None],
    )


@pytest.mark.parametrize("kind", KINDS_OF_ALL)
def test_a_rooms_images_and_times_are_those_of_the_single_room(kind: str) -> None:
    room = Room.draw(kind, np.random.default_rng(3))
    batch = as_one(room, kind)
    azimuth = torch.tensor([0.7])
    reach = batch.inside(azimuth, torch.tensor([2.5]))
    place, gain, order = batch.images(azimuth, reach)
    expected = room.reflections(0.7, float(reach))
    if not len(expected.order):
        assert not gain.any()
        return
    assert len(order) == len(expected.order)
    mine, theirs = place[0].numpy(), expected.place
    nearest = [int(np.square(mine - one).sum(axis=1).argmin()) for one in theirs]
    assert len(set(nearest)) == len(theirs)
    assert mine[nearest] == pytest.approx(theirs, abs=1e-3)
    assert gain[0].numpy()[nearest] == pytest.approx(expected.gain, abs=1e-4)
    assert order.numpy()[nearest].tolist() == expected.order.tolist()
    assert batch.rt60_s[0].numpy() == pytest.approx(room.rt60_s, rel=1e-4)
    assert batch.critical_m[0].numpy() == pytest.approx(room.critical_m, rel=1e-4)


def test_what_is_diffuse_is_as_strong_and_as_coherent() -> None:
    room = Room.draw("room", np.random.default_rng(1))
    expected = room.late(EAR_POINTS_M)[:, :LATE]
    apart = torch.tensor([float(EAR_POINTS_M[0, 1] - EAR_POINTS_M[1, 1])] * 8)
    batch = as_one(room, "room").of(torch.zeros(8, dtype=torch.long))
    late = batch.late(apart, torch.Generator().manual_seed(0)).numpy()
    energy = np.square(late).sum(axis=(1, 2)).mean()
    assert energy == pytest.approx(np.square(expected).sum(), rel=0.15)

    def alike(both: np.ndarray) -> float:
        smooth = [np.convolve(ear, np.ones(8) / 8) for ear in both]
        return float(np.corrcoef(smooth[0], smooth[1])[0, 1])

    assert np.mean([alike(one) for one in late]) == pytest.approx(alike(expected), abs=0.15)


def test_rooms_are_drawn_as_often_as_asked_and_within_their_kinds() -> None:
    rng = torch.Generator().manual_seed(0)
    rooms = Rooms.draw({"room": 0.75, "street": 0.25}, 400, rng)
    share = (rooms.kind == KIND_NAMES.index("room")).float().mean()
    assert float(share) == pytest.approx(0.75, abs=0.07)
    for row, kind in enumerate(rooms.kind.tolist()):
        drawn = KINDS[KIND_NAMES[kind]]
        size = rooms.size[row].numpy()
        assert (size >= np.array(drawn.low) - 1e-4).all()
        assert (size <= np.array(drawn.high) + 1e-4).all()
    assert ((rooms.listener > 0) & (rooms.listener < rooms.size)).all()


def test_convolution_keeps_the_first_samples() -> None:
    rng = np.random.default_rng(0)
    wave, response = rng.normal(size=300), rng.normal(size=(2, 40))
    out = convolve(torch.tensor(wave)[None], torch.tensor(response)[None])[0].numpy()
    assert out == pytest.approx(np.stack([np.convolve(wave, one)[:300] for one in response]))

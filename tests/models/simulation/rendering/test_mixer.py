import numpy as np
import pytest

from models.simulation.acoustics.ears import SphericalEars
from models.simulation.acoustics.rooms import Room
from models.simulation.life.plan import SoundEvent
from models.simulation.rendering.mixer import Listener, Mixer, region

SECONDS = 6


def event(
    near: bool,
    azimuth: float,
    start_s: float = 0.5,
    stop_s: float = 5.5,
    label: str = "speech",
) -> SoundEvent:
    return SoundEvent(
        start_s=start_s,
        stop_s=stop_s,
        label=label,
        near=near,
        azimuth=azimuth,
        distance_m=0.4 if near else 3.0,
        level_db=-25.0,
        source=1,
        take=2,
        room=Room.draw("room", np.random.default_rng(3)),
    )


def mixer(
    events: list[SoundEvent], head: float = 0.0, body: float = 0.0, mono: bool = False
) -> Mixer:
    def yaw(start_s: int, stop_s: int) -> tuple[np.ndarray, np.ndarray]:
        n = (stop_s - start_s) * 50
        return np.full(n, head), np.full(n, body)

    ears = None if mono else SphericalEars.draw(np.random.default_rng(4))
    return Mixer(events, Listener(SECONDS, ears, yaw, 1e-4, lambda at_s: 1.8), seed=5)


@pytest.mark.parametrize(
    ("degrees", "expected"),
    [(0, "front"), (44, "front"), (46, "left"), (90, "left"), (-90, "right"), (136, "back"),
     (180, "back"), (-180, "back"), (450, "left"), (-44, "front")],
)  # fmt: skip
def test_a_region_is_the_nearest_quarter(degrees: float, expected: str) -> None:
    assert region(np.deg2rad(degrees), near=True) == f"{expected}-near"


def test_a_far_source_stays_in_the_room_while_the_head_turns() -> None:
    assert {
        h.region for h in mixer([event(False, 0.0)], head=np.pi / 2).audible_events(0, SECONDS)
    } == {"right-far"}


def test_a_near_source_turns_with_the_body() -> None:
    turned = mixer([event(True, 0.0)], head=np.pi / 2, body=np.pi / 2)
    looked = mixer([event(True, 0.0)], head=np.pi / 2, body=0.0)
    assert {h.region for h in turned.audible_events(0, SECONDS)} == {"front-near"}
    assert {h.region for h in looked.audible_events(0, SECONDS)} == {"right-near"}


def test_a_second_with_less_than_a_third_of_a_sound_does_not_count() -> None:
    events = mixer([event(True, 0.0, 0.8, 3.2)]).audible_events(0, SECONDS)
    assert [h.second for h in events] == [1, 2]


@pytest.mark.parametrize("mono", [False, True])
def test_rendering_in_parts_gives_what_rendering_at_once_gives(mono: bool) -> None:
    events = [event(False, 1.0, 0.3, 4.0), event(True, -2.0, 2.5, 5.9)]
    whole = mixer(events, mono=mono).audio(0, SECONDS)
    parts = mixer(events, mono=mono)
    np.testing.assert_array_equal(
        whole, np.concatenate([parts.audio(s, s + 2) for s in (0, 2, 4)], axis=1)
    )
    np.testing.assert_array_equal(
        whole[:, 3 * 16_000 :], mixer(events, mono=mono).audio(3, SECONDS)
    )


def test_one_microphone_hears_as_loud_as_two_ears() -> None:
    events = [event(False, 1.0), event(True, -2.0)]
    mono, binaural = (mixer(events, mono=mono).audio(1, 5) for mono in (True, False))
    assert mono.shape == (1, 64_000)
    assert 20 * abs(np.log10(float(np.std(mono) / np.std(binaural)))) < 2


def test_the_first_reflections_turn_with_the_head_and_keep_their_energy() -> None:
    still = mixer([event(False, 0.0)]).audio(1, 5)
    turned = mixer([event(False, 0.0)], head=np.pi).audio(1, 5)
    assert np.abs(still - turned).max() > 0.01
    assert np.std(still) == pytest.approx(np.std(turned), rel=0.3)


def test_a_near_and_a_far_rendition_are_equally_loud() -> None:
    loud = [float(np.std(mixer([event(near, 0.5)]).audio(1, 5))) for near in (True, False)]
    assert 20 * abs(np.log10(loud[0] / loud[1])) < 3


def test_a_far_source_reverberates_longer_after_it_ends() -> None:
    def after(near: bool) -> float:
        wave = mixer([event(near, 0.5, 0.5, 2.5, "vacuum cleaner")]).audio(0, 4)
        end = int(2.5 * 16_000)
        return float(np.std(wave[:, end + 480 : end + 3200]) / np.std(wave[:, 8_000:end]))

    assert after(near=False) > 1.2 * after(near=True)

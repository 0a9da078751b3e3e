from __future__ import annotations

from math import exp, log
from typing import Any

import numpy as np
import pytest

from operators.sound_places import (
    MAX_APART,
    Calibration,
    PlaceEvidence,
    direction_probabilities,
    near_probability,
    place_evidence,
    place_of,
    seconds_of_event,
    segments_apart,
    sound_places,
)
from schemas import NearPart, ScenarioEstimate, SoundPlace, Spatial, Vector
from schemas.evidence import DIRECTIONS
from schemas.frames import NS
from schemas.sound_place import NearAndFarSounds
from tests.streams.engine.messages import estimate, spatial

# Four seconds before what is recorded.
T0_S = 4
PARTED = NearPart(share=Vector.of(np.zeros((50, 64)), "|u1"), energy=0.5)


def window(**segments: list[float]) -> ScenarioEstimate:
    """Return the estimate of 30 s whose sound events are likely in these of its equal parts."""
    return estimate(T0_S, event_segments=segments)


def localized_second(second: int, *, parted: bool = False, **regions: Any) -> Spatial:
    one = spatial(T0_S + second, **regions)
    return one.model_copy(update={"near_field": PARTED}) if parted else one


def fifteen(**likely: float) -> list[float]:
    """Return fifteen segments of 2 s, `s3` the fourth, all others 0."""
    return [likely.get(f"s{at}", 0.0) for at in range(15)]


def odds(probability: float) -> float:
    return log(probability / (1 - probability))


def evidence(
    of: ScenarioEstimate, seconds: list[Spatial], apart: dict[int, NearAndFarSounds] | None = None
) -> PlaceEvidence:
    found = place_evidence("siren", of, seconds, apart or {})
    assert found is not None
    return found


def test_an_event_is_heard_where_it_is_at_least_half_as_likely_as_ever() -> None:
    of = window(siren=fifteen(s1=0.8, s3=0.4, s4=0.39))
    assert seconds_of_event(of, of.event_segments["siren"]) == {2: 0.8, 3: 0.8, 6: 0.4, 7: 0.4}
    tagged = window(siren=[0.0, 0.6, 0.0, 0.0, 0.0, 0.0])
    assert seconds_of_event(tagged, tagged.event_segments["siren"]) == dict.fromkeys(
        range(5, 10), 0.6
    )
    assert seconds_of_event(of, [0.0] * 15) == seconds_of_event(of, []) == {}
    assert seconds_of_event(of, [0.6]) == dict.fromkeys(range(30), 0.6)
    assert seconds_of_event(of, [0.0] * 29 + [0.6]) == {29: 0.6}


def test_the_places_of_other_seconds_say_nothing_of_an_event() -> None:
    of = window(siren=fifteen(s1=0.9))
    alone = evidence(of, [localized_second(2, left_far=0.8)])
    assert alone == evidence(
        of,
        [
            localized_second(1, front_near=1.0),
            localized_second(2, left_far=0.8),
            localized_second(4),
        ],
    )
    assert alone.near < 0
    assert max(alone.directions, key=alone.directions.__getitem__) == "left"


def test_the_likeliest_seconds_count_most() -> None:
    of = window(siren=fifteen(s1=0.8, s2=0.4))
    mean = evidence(of, [localized_second(2, left_far=0.6), localized_second(4, left_far=0.3)])
    assert mean.directions["left"] == pytest.approx(odds((0.8 * 0.6 + 0.4 * 0.3) / 1.2))


def test_evidence_is_of_any_sound_at_a_distance_and_on_a_side() -> None:
    found = evidence(
        window(siren=fifteen(s0=0.5)),
        [localized_second(0, left_near=0.5, front_near=0.2, left_far=0.1)],
    )
    assert found.near == pytest.approx(odds(1 - 0.5 * 0.8) - odds(0.1))
    assert found.directions["left"] == pytest.approx(odds(1 - 0.5 * 0.9))
    assert found.directions["front"] == pytest.approx(odds(0.2))
    # Nobody is surer than 0.999, and silent sides are alike.
    assert found.directions["back"] == found.directions["right"] == pytest.approx(odds(0.001))
    assert found.apart is None


def test_what_was_heard_apart_where_an_event_is_likeliest_counts() -> None:
    of, seconds = window(siren=fifteen(s1=0.8, s2=0.7)), [localized_second(2, left_far=0.8)]
    parts = NearAndFarSounds({"siren": 0.2}, {"siren": 0.8})
    assert evidence(of, seconds, apart={1: parts}).apart == pytest.approx(odds(0.2) - odds(0.8))
    assert evidence(of, seconds, apart={2: parts}).apart is None
    # A tagger's names may be none of the recogniser's.
    assert (
        evidence(of, seconds, apart={1: NearAndFarSounds({"dog": 0.2}, {"dog": 0.8})}).apart is None
    )


def test_log_odds_become_probabilities_by_the_calibration() -> None:
    by = Calibration((0.5, 2.0), (-1.0, 0.5, 0.25), 0.5)
    directions: dict[str, float] = dict(zip(DIRECTIONS, (log(16), 0.0, 0.0, 0.0), strict=True))
    whole = PlaceEvidence(-1.0, None, directions)
    assert near_probability(whole, by) == pytest.approx(1 / (1 + exp(1.5)))
    parted = PlaceEvidence(-2.0, 4.0, {})
    assert near_probability(parted, by) == pytest.approx(1 / (1 + exp(1.0)))
    assert direction_probabilities(whole, by) == pytest.approx(
        {"front": 4 / 7, "left": 1 / 7, "right": 1 / 7, "back": 1 / 7}
    )


def test_events_of_the_same_half_minute_have_places_of_their_own() -> None:
    places = sound_places(
        window(frying=fifteen(s0=0.9), siren=fifteen(s7=0.9)),
        [
            localized_second(0, front_near=0.97),
            localized_second(1, front_near=0.97),
            localized_second(14, back_far=0.97),
        ],
    )
    assert list(places) == ["frying", "siren"]
    assert places["frying"].words == ("near", "front")
    assert places["siren"].words == ("far", "back")
    near, far = places["frying"].near, places["siren"].near
    assert near is not None
    assert far is not None
    assert near > 0.6
    assert far < 0.4
    assert not places["frying"].apart


def test_a_place_that_nothing_says_is_none_and_one_that_is_open_unknown() -> None:
    of = window(siren=fifteen(s3=0.9))
    assert sound_places(of, []) == {"siren": SoundPlace()}
    assert sound_places(of, [localized_second(0, front_near=1.0)]) == {"siren": SoundPlace()}
    by_chance = _undecided_place(of)
    assert (by_chance.distance, by_chance.direction) == ("unknown", None)
    assert by_chance.near == pytest.approx(0.5, abs=0.02)
    assert by_chance.direction_probability == 0.25
    assert by_chance.words == ()
    assert sound_places(window(), [localized_second(0)]) == {}


def _undecided_place(of: ScenarioEstimate) -> SoundPlace:
    """Return the place of an event of which near and far are as likely, and all directions."""
    near: dict[str, Any] = {f"{direction}_near": 0.3 for direction in DIRECTIONS}
    least, most = 0.0, 1.0
    for _ in range(40):
        middle = (least + most) / 2
        far: dict[str, Any] = {f"{direction}_far": middle for direction in DIRECTIONS}
        [place] = sound_places(of, [localized_second(6, **near, **far)]).values()
        assert place.near is not None
        least, most = (middle, most) if place.near > 0.5 else (least, middle)
    return place


def test_those_segments_are_parted_that_events_are_likeliest_in_and_that_have_a_far_source() -> (
    None
):
    of = window(siren=fifteen(s1=0.9, s5=0.5), dog=fifteen(s4=0.7))
    seconds = [localized_second(s, parted=s in (3, 10), left_far=0.8) for s in range(30)]
    assert segments_apart(of, seconds, 2) == [1]
    assert segments_apart(of, [localized_second(s, left_far=0.8) for s in range(30)], 2) == []
    assert segments_apart(window(), seconds, 2) == []
    # Nor does an event that cannot be parted keep those after it from it.
    dog_first = window(dog=fifteen(s4=0.7), siren=fifteen(s1=0.9))
    assert segments_apart(dog_first, seconds, 2) == [1]
    # Segments of a tagger are of another length.
    assert segments_apart(window(siren=[0.9] * 6), seconds, 2) == []
    assert segments_apart(window(siren=[]), seconds, 2) == []


def test_the_events_whose_distance_is_most_open_are_parted_and_no_more_than_a_few() -> None:
    names = ("a", "b", "c", "d", "e")
    of = window(**{name: fifteen(**{f"s{at}": 0.9}) for at, name in enumerate(names)})
    far = {0: 0.9, 1: 0.2, 2: 0.5, 3: 0.7}
    seconds = [
        # The last is surely near.
        localized_second(
            s, parted=True, left_far=far.get(s // 2, 0.0), left_near=0.99 if s // 2 == 4 else 0.05
        )
        for s in range(30)
    ]
    openness = {
        at: abs(near_probability(found) - 0.5)
        for at, name in enumerate(names)
        if (found := place_evidence(name, of, seconds, {})) is not None
    }
    assert segments_apart(of, seconds, 2) == sorted(openness, key=openness.__getitem__)[:MAX_APART]


def test_two_events_of_one_segment_part_it_once() -> None:
    of = window(siren=fifteen(s1=0.9), dog=fifteen(s1=0.8))
    assert segments_apart(of, [localized_second(2, parted=True, left_far=0.8)], 2) == [1]


def test_places_are_those_of_the_window_whatever_its_start() -> None:
    assert window().start_ns == T0_S * NS
    late = sound_places(window(siren=fifteen(s14=0.9)), [localized_second(29, right_far=0.97)])
    assert late["siren"].words == ("far", "right")


def test_an_event_takes_each_second_by_itself() -> None:
    of = window(siren=fifteen(s1=0.9))
    alone = localized_second(2, right_far=0.8)
    directed = localized_second(2, left_far=0.7).model_copy(update={"alone": alone.regions})
    assert evidence(of, [directed]) == evidence(of, [alone])


def test_a_place_says_whether_the_near_sound_was_processed_apart() -> None:
    of, seconds = window(siren=fifteen(s1=0.8)), [localized_second(2, left_far=0.8)]
    parts = NearAndFarSounds({"siren": 0.8}, {"siren": 0.2})
    [apart] = sound_places(of, seconds, {1: parts}).values()
    [whole] = sound_places(of, seconds).values()
    assert (apart.apart, whole.apart) == (True, False)
    assert apart.near is not None
    assert whole.near is not None
    assert apart.near > whole.near


def test_without_regions_a_sound_has_no_place() -> None:
    assert place_of({}) == SoundPlace()
    assert place_of(localized_second(0, left_near=0.9).regions).words == ("near", "left")

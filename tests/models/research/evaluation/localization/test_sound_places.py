"""Where sound events are said to be, and how that is judged and fitted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from models.labels import SOUND_EVENTS
from models.research.egolog.days import placed as placed_days
from models.research.egolog.days.placed import PlacedDays
from models.research.evaluation.localization import sound_places
from models.research.evaluation.localization.place_calibration import fit_calibration
from models.research.evaluation.localization.placed_events import (
    EventPlacer,
    PlacedEvent,
    PlacedEvents,
)
from models.research.evaluation.localization.sound_places import measure
from models.research.lib import recordings_folder
from models.serving.predict import ScenarioRecognizer, SoundLocalizer
from models.simulation.sources.material import Material
from operators.sound_places import Calibration, PlaceEvidence, near_probability
from schemas import DIRECTIONS, REGIONS
from tests.models import fresh

if TYPE_CHECKING:
    from pathlib import Path

BY = Calibration((0.0, 1.0), (0.0, 1.0, 1.0), 1.0)


def event(
    near: bool | None = True,
    *,
    odds: float = 2.0,
    apart: float | None = None,
    direction: int = 0,
    estimated: int = 0,
    **changes: Any,
) -> PlacedEvent:
    """Return an event in a direction, with log-odds of near, and in direction `estimated`."""
    directions: Any = {name: 3.0 * (at == estimated) for at, name in enumerate(DIRECTIONS)}
    fields = {"mixed": False, "all_near": True, "all_direction": 0, **changes}
    return PlacedEvent(PlaceEvidence(odds, apart, directions), near, direction, **fields)


def of(*judged: PlacedEvent) -> PlacedEvents:
    return PlacedEvents(judged, absent=3, windows=2, seconds=60, extracted=15, apart=3)


def test_figures_count_what_is_right_and_what_is_left_unknown() -> None:
    figures = measure(
        of(
            event(odds=2.0),
            event(odds=-2.0, direction=1, estimated=1, mixed=True),
            event(near=False, odds=-2.0, direction=1, estimated=2),
            # As often near as far: it has a direction, and no distance.
            event(near=None, direction=2, estimated=2),
            event(near=False, odds=0.1, mixed=True),
        ),
        BY,
    )
    assert figures["distance_accuracy"] == 2 / 4
    assert figures["distance_accuracy_of_window"] == 2 / 4
    assert figures["distance_said"] == 3 / 4
    assert figures["distance_accuracy_said"] == 2 / 3
    assert (figures["distances"], figures["events"], figures["absent"]) == (4, 5, 3)
    assert figures["direction_accuracy"] == 4 / 5
    assert figures["direction_accuracy_of_window"] == 2 / 5
    assert (figures["direction_said"], figures["direction_accuracy_said"]) == (1.0, 4 / 5)
    assert figures["direction_ece"] == pytest.approx(np.exp(3) / (np.exp(3) + 3) - 4 / 5)
    assert (figures["mixed"]["events"], figures["mixed"]["distance_accuracy"]) == (2, 0.0)
    assert (figures["extracted_seconds"], figures["apart_segments_a_window"]) == (0.25, 1.5)


def test_hearing_near_and_far_apart_is_measured_beside_the_regions_alone() -> None:
    mended, plain = event(odds=-1.0, apart=2.0), event(odds=1.0)
    figures = measure(of(mended, plain), BY)
    assert figures["distance_accuracy"] == 1.0
    assert figures["by_regions"]["distance_accuracy"] == 0.5
    assert figures["apart"]["distance_accuracy"] == 1.0
    assert figures["apart"]["by_regions"]["distance_accuracy"] == 0.0
    assert figures["apart"]["distances"] == 1


def test_without_events_there_are_no_figures() -> None:
    figures = measure(of(), BY)
    assert figures["distance_accuracy"] is None
    assert figures["direction_ece"] is None
    assert figures["events"] == 0


def test_the_calibration_is_what_makes_the_truth_likeliest() -> None:
    rng = np.random.default_rng(0)
    regions: list[PlacedEvent] = []
    parts: list[PlacedEvent] = []
    for _ in range(2_000):
        odds, apart = (float(value) for value in rng.normal(0, 2, 2))
        # The likeliest direction is right as often as half its log-odds say.
        right = bool(rng.random() < np.exp(1.5) / (np.exp(1.5) + 3))
        where = {"direction": 1 if right else int(rng.choice([0, 2, 3])), "estimated": 1}
        for one, truth, part in (
            (regions, 0.5 + 0.5 * odds, None),
            (parts, -0.5 + 0.25 * odds + 0.75 * apart, apart),
        ):
            near = bool(rng.random() < 1 / (1 + np.exp(-truth)))
            one.append(event(near, odds=odds, apart=part, **where))
    alone = fit_calibration(regions)
    assert alone.near_by_regions == pytest.approx((0.5, 0.5), abs=0.15)
    assert alone.near_by_parts == (*alone.near_by_regions, 0.0)
    assert alone.direction == pytest.approx(0.5, abs=0.05)
    assert fit_calibration(parts).near_by_parts == pytest.approx((-0.5, 0.25, 0.75), abs=0.15)


def test_a_days_events_are_judged_by_where_they_are_while_they_are_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = fresh.registry(tmp_path)
    names = {0: "siren", 1: "frying"}
    segments = {
        "siren": [0.9] + [0.0] * 14,
        "frying": [0.0] * 14 + [0.8],
        "dog": [0.7] + [0.0] * 14,
    }

    def regions(_: Any, items: Any) -> list[dict[str, float]]:
        # A map's level says which second it is.
        second = int(items[0].maps[0, 0, 0])
        sounding = {"left-far": 0.9} if second < 2 else {"front-near": 0.9}
        return [dict.fromkeys(REGIONS, 0.01) | sounding]

    def named(self: ScenarioRecognizer, items: Any) -> Any:
        output = real(self, items)[0]
        events = {name: max(values) for name, values in segments.items()}
        changed = {"sound_events": events, "event_segments": segments}
        return [type(output)(**{**vars(output), **changed})]

    real = ScenarioRecognizer.predict
    monkeypatch.setattr(SoundLocalizer, "predict", regions)
    monkeypatch.setattr(ScenarioRecognizer, "predict", named)
    sounds = np.zeros((1, 30, len(SOUND_EVENTS), len(REGIONS)), dtype=bool)
    sounds[0, :2, SOUND_EVENTS.index(names[0]), REGIONS.index("left-far")] = True
    sounds[0, 28:, SOUND_EVENTS.index(names[1]), REGIONS.index("front-near")] = True
    # Another place and another time say nothing of what is heard in the end.
    sounds[0, 5:28, SOUND_EVENTS.index(names[1]), REGIONS.index("back-far")] = True
    maps = np.ones((1, 30, 3, 50, 64), np.float16) * np.arange(30)[None, :, None, None, None]
    days = PlacedDays(
        np.ones((1, 1500, 64), np.float16),
        maps.astype(np.float16),
        np.ones((1, 1500, 6), np.float32),
        sounds,
    )
    placed = EventPlacer(registry).place_events(days)
    siren, frying = placed.judged
    assert (siren.near, DIRECTIONS[siren.direction], siren.mixed) == (False, "left", False)
    assert (frying.near, DIRECTIONS[frying.direction]) == (True, "front")
    assert near_probability(siren.evidence) < 0.5 < near_probability(frying.evidence)
    # Most of the half minute sounds near and ahead, and so does each event by all of it.
    assert {(one.all_near, one.all_direction) for one in placed.judged} == {(True, 0)}
    # Nobody hears the dog, and where something far sounds near and far are heard apart.
    assert (placed.absent, placed.windows, placed.seconds) == (1, 1, 30)
    assert (placed.extracted, placed.apart) == (2, 1)
    assert siren.evidence.apart is not None
    assert frying.evidence.apart is None


def test_the_command_fits_the_calibration_to_validation_days(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    registry = fresh.registry(tmp_path / "weights")
    asked: list[tuple[int, str]] = []

    def days(seed: int, material: Material, cache: Path, count: int) -> int:
        asked.append((seed, material.name))
        return count

    judged = [event(near, odds=odds, apart=odds) for near in (True, False) for odds in (-1.0, 1.0)]
    monkeypatch.setattr(placed_days, "compose", days)
    monkeypatch.setattr(recordings_folder, "shared_data", lambda: None)
    monkeypatch.setattr(EventPlacer, "place_events", lambda *_: of(*judged))
    sound_places.main(["--seeds", "4", "5", "--weights", str(registry.weights_dir)])
    assert asked == [(4, "simulated"), (5, "simulated")]
    output = capsys.readouterr().out
    assert "CALIBRATION = Calibration(near_by_regions=(" in output
    assert "distance accuracy: 0.5" in output
    with pytest.raises(SystemExit):
        sound_places.main(["--stretches", "0"])


def test_days_say_which_sound_is_where_in_each_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placed_days, "STRETCH_S", 4)
    one = placed_days.compose(0, Material(), tmp_path, 1)
    assert one.mel.shape == (1, 200, 64)
    assert one.maps.shape == (1, 4, 3, 50, 64)
    assert one.imu.shape == (1, 200, 6)
    assert one.sounds.shape == (1, 4, len(SOUND_EVENTS), len(REGIONS))
    assert one.sounds.any()
    again, other = (placed_days.compose(seed, Material(), None, 1) for seed in (0, 1))
    assert (again.mel == one.mel).all()
    assert (again.sounds == one.sounds).all()
    assert not np.array_equal(other.mel, one.mel)

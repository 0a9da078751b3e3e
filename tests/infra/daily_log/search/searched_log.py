"""A log of a day with a record of each kind that a query can ask for."""

from __future__ import annotations

from infra.daily_log.corrections import apply_corrections
from schemas import BodyPosition
from tests.infra.daily_log.corrected_log import activity, correction, named_span, scenario

# 1970-01-01 is a Thursday.
HOUR = 3_600
GLASSES = BodyPosition(at="glasses", probability=1.0, said=True)
RECORDS = [
    scenario(
        0, "Cooking", sound_events={"frying": 0.9}, spatial={"front-near": 0.8}, position=GLASSES
    ),
    scenario(30, "Cooking", sound_events={"clapping": 0.6}, spatial={"left-far": 0.7}),
    scenario(60, "Eating", confidence=0.3, position=BodyPosition(at="pocket", probability=0.8)),
    scenario(14 * HOUR, "Cooking", sound_events={"clapping": 0.6}, spatial={"back-near": 0.5}),
]
CORRECTIONS = [
    correction(1, named_span(60, 90), action="note", note="with Ada"),
    correction(2, named_span(20 * HOUR, 21 * HOUR, "Driving"), action="add"),
]
LOG = apply_corrections(RECORDS, [activity(35)], CORRECTIONS)

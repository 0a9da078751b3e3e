"""Tune the probability from which a segment counts as near for the scenario estimate.

`python -m models.research.evaluation.interference.undisturbed` prints the accuracy of activities on
validation users, clips and ears if their scenario input is estimated without segments of only far
sound (`models.egolog.interference_gate.NEAR_FROM`): with a loudspeaker, as a share of its cost, and
on ordinary days of the same wearers. Audio is dropped as in a worker.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from tqdm import tqdm

from models.egolog.interference_gate import NEAR_FROM, is_attended
from models.egolog.microphone_balance import balanced_in_turn
from models.research.egolog.days import disturbed as disturbed_days
from models.research.egolog.days.encoded import window_activities
from models.research.egolog.har import ActivityExamples
from models.research.evaluation.composed_days.scores import Networks
from models.research.evaluation.interference import activities as interference
from models.research.evaluation.options import choosing_options
from models.research.lib.cache_folder import cache_folder
from models.research.lib.error_lines import one_line_errors
from models.research.lib.recordings_folder import recordings_or_simulated
from models.research.lib.tables import table
from models.serving.one_thread import pin_one_thread
from models.serving.predict import SoundLocalizer, detected_scenarios
from models.serving.registry import Registry
from models.simulation.sources.material import Material

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.research.egolog.days.disturbed import DisturbedDays

ALL_SOUND = 0.0
"""Every segment counts as near, so none is left out."""
CHOICES = (ALL_SOUND, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
_BOTH = ("accuracy", "likelihood")


@dataclass(frozen=True)
class ActivityScores:
    """Accuracy of the activities, and the mean probability of the true one."""

    accuracy: float
    likelihood: float

    @classmethod
    def of(cls, networks: Networks, windows: ActivityExamples) -> ActivityScores:
        """Score windows."""
        return cls(
            interference.score(networks, windows), interference.likelihood(networks, windows)
        )

    def won_back(self, interfered: ActivityScores, clean: ActivityScores) -> ActivityScores:
        """Return both as shares of the interference's cost, NaN if it costs nothing."""

        def share(what: str) -> float:
            now, before, after = (getattr(one, what) for one in (self, interfered, clean))
            return (now - before) / (after - before) if after != before else float("nan")

        return ActivityScores(share("accuracy"), share("likelihood"))


_Scores = dict[str | float, ActivityScores]


def by_choice(networks: Networks, localizer: SoundLocalizer, days: DisturbedDays) -> _Scores:
    """Return the scores `clean`, `interfered` and those of a worker by each of `CHOICES`."""
    parts: dict[str | float, list[ActivityExamples]] = {
        name: [] for name in ("clean", "interfered", *CHOICES)
    }
    activities = torch.from_numpy(window_activities(days.activities))
    for index in tqdm(range(len(days)), desc="undisturbed", mininterval=5):
        imu, activity = torch.from_numpy(days.imu[index]), activities[index]
        maps = balanced_in_turn(days.maps[index])
        regions = interference.regions_of(localizer, maps, imu)
        mel, clean_mel = days.mel[index], days.clean_mel[index]
        quiet = interference.first_window(networks, clean_mel, imu)
        first = interference.first_window(networks, mel, imu)
        without, _ = interference.estimate_scenarios(networks, quiet)
        whole, _ = interference.estimate_scenarios(networks, first)
        clean = interference.examples(networks, clean_mel, imu, activity, without)
        interfered = interference.examples(networks, mel, imu, activity, whole)
        parts["clean"].append(clean)
        parts["interfered"].append(interfered)
        sounds = interference.gated_in_turn(mel, maps, regions, "drop")
        silenced = interference.with_sound_of(networks, interfered, sounds)
        for choice in CHOICES:
            _, detected = interference.estimate_scenarios(networks, first, regions, choice)
            windows = interfered if is_attended(detected_scenarios(detected)) else silenced
            parts[choice].append(interference.with_scenarios(windows, detected))
    return {
        name: ActivityScores.of(networks, ActivityExamples.concatenate(each))
        for name, each in parts.items()
    }


def _row(choice: float, loud: Sequence[_Scores], ordinary: Sequence[_Scores]) -> list[str]:
    won = [one[choice].won_back(one["interfered"], one["clean"]) for one in loud]
    cells = [f"{np.mean([getattr(one, what) for one in won]):.2f}" for what in _BOTH]
    plain = [one[choice] for one in ordinary]
    cells += [f"{np.mean([getattr(one, what) for one in plain]):.3f}" for what in _BOTH]
    return ["all sound" if choice == ALL_SOUND else f"{choice:.1f}", *cells]


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    options = choosing_options(
        "python -m models.research.evaluation.interference.undisturbed", __doc__, arguments
    )
    data = recordings_or_simulated()
    pin_one_thread()
    registry = Registry(options.weights)
    networks, localizer = Networks.load(registry), SoundLocalizer(registry)
    material = Material.read(data, "validation", elsewhere=False)
    with cache_folder(options.cache) as cache:
        loud, ordinary = (
            [
                by_choice(
                    networks,
                    localizer,
                    disturbed_days.compose(
                        seed, material, cache, options.stretches, loudspeaker=loudspeaker
                    ),
                )
                for seed in options.seeds
            ]
            for loudspeaker in (True, False)
        )
    head = [
        "near from",
        *(f"{days}, {what}" for days in ("won back", "ordinary") for what in _BOTH),
    ]
    print(table(head, [_row(choice, loud, ordinary) for choice in CHOICES]))
    print(f"\nNEAR_FROM is {NEAR_FROM}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Tables of headline figures with the paper's, the bar and the aim of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.research.lib.tables import Figures, across, table

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Bar:
    """A headline: its path in the JSON, the paper's figure, the bar and the aim.

    With `minus`, another path, it is how much more the first is within each seed.
    """

    name: str
    path: tuple[str, ...]
    paper: str
    least: str
    aim: str
    minus: tuple[str, ...] = ()


MEASURED_BARS = (
    Bar(
        "near or far, dummy head in the dry, source beside it",
        ("measured", "ku100", "balanced_lateral"),
        "",
        "0.80",
        "0.90",
    ),
    Bar("… all around", ("measured", "ku100", "balanced"), "", "", ""),
    Bar("… in simulated rooms", ("measured", "ku100", "balanced_in_rooms"), "", "0.85", "0.92"),
    Bar("… calibration error, with measured rooms", ("measured", "ece"), "", "0.10", "0.05"),
    Bar("sound events, 50 classes", ("sound_events", "top1"), "", "0.82", "0.88"),
    Bar(
        "street and home sounds, UrbanSound8K's ten as parents",
        ("urbansound8k", "top1"),
        "",
        "0.70",
        "0.80",
    ),
    Bar("real speech heard as speech, in quiet", ("speech", "quiet"), "", "0.95", "0.99"),
    Bar("… at 0 dB under street noise", ("speech", "street"), "", "0.80", "0.90"),
    Bar("false speech on ESC-50's other sounds", ("speech", "false"), "", "≤ 0.05", "0.02"),
    Bar("motion class, macro-F1", ("motion_class", "macro_f1"), "", "0.85", "0.92"),
)

_DAYS_WITHOUT_MOTION = ("localization_in_order", "without_motion", "alone", "direction_accuracy")

COMPOSED_BARS = (
    Bar(
        "direction, binaural, 1 s",
        ("localization", "direction_accuracy"),
        "75–85 %",
        "0.80",
        "0.90",
    ),
    Bar("… without motion", ("localization", "direction_accuracy_without_motion"), "−10", "−8", ""),
    # All three, so that no choice of seconds makes the gain look larger or smaller.
    Bar(
        "IMU's gain on direction, drawn seconds",
        ("localization", "direction_accuracy"),
        "0.10",
        "0.06",
        "0.10",
        minus=("localization", "direction_accuracy_without_motion"),
    ),
    Bar(
        "… days' seconds, each by itself",
        ("localization_in_order", "with_motion", "alone", "direction_accuracy"),
        "",
        "0.06",
        "0.10",
        minus=_DAYS_WITHOUT_MOTION,
    ),
    Bar(
        "… days' seconds, with those before",
        ("localization_in_order", "with_motion", "remembered", "direction_accuracy"),
        "",
        "",
        "",
        minus=_DAYS_WITHOUT_MOTION,
    ),
    Bar("distance", ("localization", "distance_accuracy"), "75–85 %", "0.80", "0.90"),
    Bar("front–back error", ("localization", "front_back_error"), "", "half", "a quarter"),
    Bar("… without motion", ("localization", "front_back_error_without_motion"), "", "", ""),
    Bar("scenario, 30 s, F1", ("scenario", "f1"), "0.85", "0.80", "0.90"),
    Bar("… with the minutes before", ("scenario", "f1_with_memory"), "0.89", "", "0.93"),
    # EgoLog's Table 2 removes the sequence as well; `ablations --contrastive-alone` does not.
    Bar(
        "… without contrastive and sequence",
        ("scenario", "f1_without_contrastive"),
        "0.70",
        "−0.08",
        "−0.13",
    ),
    Bar("… without sequence", ("scenario", "f1_without_sequence"), "0.83", "−0.02", ""),
    Bar("… sound alone", ("scenario", "f1_audio"), "", "", ""),
    Bar("… motion alone", ("scenario", "f1_imu"), "", "", ""),
    Bar("activity, 5 s, accuracy", ("har", "accuracy"), "", "", ""),
    Bar(
        "… without scenario",
        ("har", "accuracy_without_scenario"),
        "−0.06 to −0.09",
        "−0.05",
        "−0.10",
    ),
    Bar("… sound alone", ("har", "accuracy_audio"), "", "", ""),
    Bar("… motion alone", ("har", "accuracy_imu"), "", "", ""),
    Bar("activity, of windows not unknown", ("abstention", "accuracy_known"), "", "", ""),
    Bar("… windows not unknown", ("abstention", "coverage"), "", "0.95", ""),
    Bar("… right windows lost as unknown", ("abstention", "lost"), "", "≤ 0.01", "0"),
    Bar("… at 0.95 coverage, least sure first", ("abstention", "lost_at_95"), "", "", ""),
    Bar("… area under risk and coverage", ("abstention", "aurc"), "", "", ""),
    Bar(
        "likeliest scenario, of windows not unknown",
        ("abstention", "scenario", "accuracy_known"),
        "",
        "",
        "",
    ),
    Bar("… windows not unknown", ("abstention", "scenario", "coverage"), "", "0.95", ""),
    Bar("… right windows lost as unknown", ("abstention", "scenario", "lost"), "", "≤ 0.01", "0"),
    Bar("… area under risk and coverage", ("abstention", "scenario", "aurc"), "", "", ""),
    Bar("activity, wearer's sounds only", ("har", "accuracy_clean"), "", "", ""),
    Bar("… a far loudspeaker", ("har", "accuracy_interfered"), "", "", ""),
    Bar("… and audio dropped", ("har", "accuracy_interfered_gated"), "", "half back", "all"),
    Bar("… and the near field kept", ("har", "accuracy_interfered_near_kept"), "", "", ""),
    Bar("gate closed, far-only windows", ("gate", "far_only_closed"), "", "0.60", "0.85"),
    Bar("… windows with a near source", ("gate", "near_wrongly_closed"), "", "≤ 0.05", "0.02"),
    Bar("near or far of a sound event", ("events", "distance_accuracy"), "", "", ""),
    Bar(
        "… near and far not heard apart", ("events", "by_regions", "distance_accuracy"), "", "", ""
    ),
    Bar("… by all sound of its half minute", ("events", "distance_accuracy_of_window"), "", "", ""),
    Bar("direction of a sound event", ("events", "direction_accuracy"), "", "", ""),
    Bar("… by all sound there", ("events", "direction_accuracy_of_window"), "", "", ""),
)


def headlines(runs: Sequence[Figures], bars: Sequence[Bar]) -> str:
    """Return a row for each bar: ours over the seeds, the paper's, the bar and the aim."""
    rows = [[b.name, across(runs, b.path, minus=b.minus), b.paper, b.least, b.aim] for b in bars]
    return table(["on unseen users, clips, ears and rooms", "ours", "paper", "bar", "aim"], rows)

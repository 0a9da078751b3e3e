"""Where the interference gate closes, and what that costs.

The gate (EgoLog §4.3) is judged on windows of 5 s while a loudspeaker plays from afar. In those
that are far-only none of the wearer's own sounds is audible; a gate that closes in another is
wrong. `python -m models.research.evaluation.interference.gate` prints what each operating point
reaches on validation users, clips and ears, and which it chooses for `FAR_ABOVE`: of those that
cost no activity, and whose rate of wrong closings is below the bound by its standard error, the one
that closes most.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from models.egolog.interference_gate import FAR_ABOVE
from models.research.egolog import har as of_har
from models.research.egolog.days import disturbed as disturbed_days
from models.research.egolog.days.encoded import ACTIVITY_S
from models.research.evaluation.composed_days.scores import Networks
from models.research.evaluation.interference import activities as interference
from models.research.evaluation.options import choosing_options
from models.research.lib.cache_folder import cache_folder
from models.research.lib.error_lines import one_line_errors
from models.research.lib.recordings_folder import recordings_or_simulated
from models.research.lib.tables import table
from models.serving.near_field import NearFieldExtractor
from models.serving.one_thread import pin_one_thread
from models.serving.predict import SoundLocalizer
from models.serving.registry import Registry
from models.simulation.sources.material import Material

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.research.evaluation.interference.activities import DisturbedWindows

MAX_WRONG = 0.05
"""Largest share of the windows with a near source in which the gate may close."""
_WRONG = (0.0, 0.01, 0.02, 0.03, 0.035, 0.04, 0.045, 0.05, 0.07, 0.1, 0.15, 0.2)
_NEVER = 1.0


@dataclass(frozen=True)
class OperatingPoint:
    """What a gate that closes `above` a far-field probability does, and the activities right then.

    `closed` and `wrong` are shares of the far-only windows and of those with a near source,
    `wrong_error` is the standard error of `wrong` over stretches, `har` the accuracy where the
    audio is dropped.
    """

    above: float
    closed: float
    wrong: float
    wrong_error: float
    har: float


def measure(disturbed: DisturbedWindows, har: dict[str, float]) -> dict[str, float | int | None]:
    """Return the gate's figures; `har` are the accuracies of `interference.measure`.

    What is won back is a share of what the loudspeaker costs, None where it costs nothing.
    """
    closed = np.array([sound.gate == "dropped" for sound in disturbed.dropped])
    cost = har["clean"] - har["interfered"]

    def won(way: str) -> float | None:
        return (har[way] - har["interfered"]) / cost if cost > 0 else None

    return {
        "far_only_closed": _share(closed[~disturbed.near]),
        "near_wrongly_closed": _share(closed[disturbed.near]),
        "won_back": won("near"),
        "won_back_dropped": won("dropped"),
        "far_only_windows": int((~disturbed.near).sum()),
        "near_windows": int(disturbed.near.sum()),
    }


def operating_points(networks: Networks, disturbed: DisturbedWindows) -> list[OperatingPoint]:
    """Return what the gate does at thresholds that are wrong in more and more windows."""
    with torch.inference_mode():
        nothing = torch.zeros(1, interference.WINDOW_FRAMES, networks.encoders.audio.config.mels)
        (silence,) = networks.encoders.audio_features(nothing)
    stretches = np.arange(len(disturbed.near)) // (disturbed_days.STRETCH_S // ACTIVITY_S)
    far_field, points = disturbed.far_field, []
    for wrong in _WRONG:
        # Never more often wrong than that, and as it is when it is written down.
        limit = np.quantile(far_field[disturbed.near], 1 - wrong, method="higher")
        above = float(np.ceil(limit * 100) / 100)
        closed = far_field > above
        gated = of_har.replace_sound(disturbed.interfered, torch.from_numpy(closed), silence)
        points.append(
            OperatingPoint(
                above,
                _share(closed[~disturbed.near]) or 0.0,
                _share(closed[disturbed.near]) or 0.0,
                _share_error(closed[disturbed.near], stretches[disturbed.near]),
                interference.score(networks, gated),
            )
        )
    return points


def choose_point(points: Sequence[OperatingPoint], open_har: float) -> OperatingPoint | None:
    """Return the point that closes most of those that are seldom wrong and cost no activity.

    `open_har` is the accuracy of the activities where the gate never closes. None where each point
    is too often wrong or worse. A point's rate of wrong closings plus its standard error is at most
    `MAX_WRONG`, so the more windows there are, the closer the rate may come to it.
    """
    fit = [
        point
        for point in points
        if point.wrong + point.wrong_error <= MAX_WRONG and point.har >= open_har
    ]
    return max(fit, key=lambda point: point.closed, default=None)


def _share(windows: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> float | None:
    return float(windows.mean()) if len(windows) else None


def _share_error(
    windows: np.ndarray[tuple[int, ...], np.dtype[np.bool_]],
    stretches: np.ndarray[tuple[int, ...], np.dtype[np.int64]],
) -> float:
    """Return the standard error of `_share`; windows of one stretch are not independent.

    It is that of a ratio estimate over clusters (Cochran, Sampling Techniques, chapter 6).
    """
    clusters, cluster_of = np.unique(stretches, return_inverse=True)
    if len(clusters) < 2:
        return 0.0
    residuals = np.bincount(cluster_of, windows - windows.mean())
    variance = (residuals**2).sum() * len(clusters) / (len(clusters) - 1)
    return float(np.sqrt(variance) / len(windows))


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    options = choosing_options(
        "python -m models.research.evaluation.interference.gate", __doc__, arguments
    )
    data = recordings_or_simulated()
    pin_one_thread()
    registry = Registry(options.weights)
    networks = Networks.load(registry)
    material = Material.read(data, "validation", elsewhere=False)
    with cache_folder(options.cache) as cache:
        localizer, extractor = SoundLocalizer(registry), NearFieldExtractor(registry)
        disturbed = interference.DisturbedWindows.concatenate(
            [
                interference.windows(
                    networks,
                    localizer,
                    extractor,
                    disturbed_days.compose(seed, material, cache, options.stretches),
                    _NEVER,
                )
                for seed in options.seeds
            ]
        )
    points = operating_points(networks, disturbed)
    har = interference.measure(networks, disturbed)
    print(
        f"activities right without the loudspeaker {har['clean']:.3f}, with it "
        f"{har['interfered']:.3f}, near field kept and the gate open {har['near']:.3f}\n"
    )
    cells = [[f"{v:.3f}" for v in (p.closed, p.wrong, p.wrong_error, p.har)] for p in points]
    rows = [[f"{point.above:.2f}", *row] for point, row in zip(points, cells, strict=True)]
    head = [
        "closed above",
        "far-only closed",
        "near wrongly closed",
        "standard error",
        "activities, audio dropped",
    ]
    print(table(head, rows))
    best = choose_point(points, har["interfered"])
    if best is None:
        print("\nevery gate that is seldom wrong costs activities: keep it open (FAR_ABOVE = 1.0)")
        return 0
    print(
        f"\nFAR_ABOVE = {best.above:.2f} (now {FAR_ABOVE}): closes in {best.closed:.3f} of "
        f"far-only windows and in {best.wrong:.3f} of those with a near source"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

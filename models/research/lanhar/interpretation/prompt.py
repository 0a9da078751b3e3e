"""The prompts of LanHAR §3.3.1 to §3.3.3, filled in from versioned templates in `prompts/`."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

import numpy as np

from models.lanhar.descriptions import DescriptionError, describe_by_aspect
from models.lanhar.resample import RATE
from models.research.lanhar.interpretation.cues import amplitude, regularity, rotation
from models.research.lanhar.interpretation.patterns import CATEGORIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.research.lanhar.interpretation.analysis import Analysis
    from models.research.lanhar.interpretation.interpretation import Interpretation

VERSION = "v1"
FOLDER = Path(__file__).parent / "prompts"
STATES = ("walking", "cycling", "running", "going upstairs", "going downstairs", "still")
"""The states in the paper's example (fig. 6)."""
_AXES = ("acc x", "acc y", "acc z", "gyro x", "gyro y", "gyro z")

Messages = list[dict[str, str]]


def reading(
    window: NDArray[np.float32],
    analysis: Analysis,
    *,
    position: str = "unknown",
    device: str = "sensor",
    states: Sequence[str] = STATES,
    every: int = 2,
) -> Messages:
    """Ask for the interpretation of a window (120, 6); every `every`-th row is shown.

    The states are the same for all windows of a data set, so they do not reveal this one's label.
    """
    text = _template("reading").substitute(
        rate=f"{RATE / every:g}",
        step_ms=f"{1000 * every / RATE:g}",
        device=device,
        position=position,
        states=", ".join(states),
        readings="\n".join(",".join(f"{value:.2f}" for value in row) for row in window[::every]),
        analysis="\n".join(f"- {line}" for line in analysed(analysis)),
        knowledge="\n".join(f"- {line}" for line in _knowledge(tuple(states))),
        categories="\n".join(
            f"- {category}: [{', '.join(names)}]" for category, names in CATEGORIES.items()
        ),
        example=_example(),
    )
    return [{"role": "user", "content": text}]


def simple(window: NDArray[np.float32], every: int = 2) -> Messages:
    """Ask with the readings and the task only: the paper's variant without a designed prompt."""
    rows = "\n".join(",".join(f"{value:.2f}" for value in row) for row in window[::every])
    text = (
        f"These are IMU readings at {RATE / every:g} Hz, accelerometer and gyroscope:\n{rows}\n"
        f"Describe the patterns of the motion. Answer with JSON alone, in this form:\n{_example()}"
    )
    return [{"role": "user", "content": text}]


def correction(messages: Messages, previous: Interpretation) -> Messages:
    """Ask again about an answer that is far from the others (§3.3.3, 2)."""
    answer = as_answer(previous)
    return [
        *messages,
        {"role": "assistant", "content": answer},
        {"role": "user", "content": _template("correction").substitute(previous=answer)},
    ]


def analysed(a: Analysis) -> list[str]:
    """Return the results of the analysis, one line each."""
    lines = [
        f"Amplitude: acceleration varies by {amplitude(a):.2f} m/s² (standard deviation), "
        f"{a.vertical:.2f} along gravity and {a.horizontal:.2f} across it; peaks reach "
        f"{a.vertical_peak:.1f} m/s² above gravity and {a.vertical_trough:.1f} below; rotation "
        f"varies by {rotation(a):.2f} rad/s, {a.turning:.2f} about gravity and {a.tilting:.2f} "
        f"against it; jerk is {a.jerk:.0f} m/s³.",
        f"Frequency: the strongest is {a.rhythm_hz:.1f} Hz with {100 * a.rhythm:.0f} % of the "
        f"energy, of rotation {a.rotation_hz:.1f} Hz; vertical acceleration has its mean frequency "
        f"at {a.centroid_hz:.1f} Hz and {100 * a.sharpness:.0f} % of its energy above 4 Hz; "
        f"{100 * a.slow_share:.0f} % of all lies below 0.8 Hz.",
        f"Time series: autocorrelation peaks at {regularity(a):.2f}; a step rate of "
        f"{a.step_hz:.2f} Hz would fit, with {a.vertical_travel:.1f} cm of vertical travel in a "
        f"step and a skewness of jerk of {a.jerk_skew:+.2f} (positive: landings jolt faster than "
        f"they let go); {100 * a.still_share:.0f} % of the half seconds are still, in "
        f"{a.bursts:.0f} bursts of motion; from beginning to end gravity turns by "
        f"{a.tilt_change:.0f} degrees and strength changes by a factor of {np.exp(a.trend):.2f}.",
    ]
    if a.upright_angle is not None:
        lines.append(
            f"Posture: gravity lies {a.upright_angle:.0f} degrees from where it is when this "
            "wearer stands or walks."
        )
    lines += [
        f"Statistics of {axis}: mean {mean:.2f}, std {std:.2f}, min {low:.2f}, max {high:.2f}"
        for axis, (mean, std, low, high) in zip(_AXES, a.statistics, strict=True)
    ]
    return lines


def as_answer(interpretation: Interpretation) -> str:
    """Return an interpretation in the format that the prompt requests."""
    patterns = [
        {"category": category, "patterns": list(names)}
        for category, names in interpretation.patterns.items()
    ]
    return json.dumps(
        {"patterns": patterns, "interpretation": interpretation.text}, ensure_ascii=False
    )


@cache
def _template(name: str) -> Template:
    return Template((FOLDER / f"{name}_{VERSION}.txt").read_text(encoding="utf-8"))


@cache
def _knowledge(states: tuple[str, ...]) -> tuple[str, ...]:
    lines = []
    for state in states:
        try:
            lines.append(f"{state}: {describe_by_aspect(state)[0].sensors}")
        except DescriptionError:  # a state without a description is only named
            continue
    return tuple(lines)


def _example() -> str:
    chosen = [
        {"category": category, "patterns": [names[len(names) // 2]]}
        for category, names in list(CATEGORIES.items())[:2]
    ]
    return json.dumps({"patterns": chosen, "interpretation": "The accelerometer shows ..."})

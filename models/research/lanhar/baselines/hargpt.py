"""HARGPT: a language model recognises the activity from raw readings, without training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import BaseModel, Field

from models.research.lanhar.interpretation.llm_batch import EndpointError, LlmBatch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.research.lanhar.interpretation.prompt import Messages
    from models.research.lanhar.interpretation.windows import Windows

# HARGPT downsamples the readings so that a window fits into a prompt.
_EVERY = 2
_RATE = 20 / _EVERY


class HarGptAnswer(BaseModel):
    """The requested answer."""

    reasoning: str = Field(default="", max_length=4_000)
    activity: str = Field(min_length=1, max_length=80)


def prompt(window: NDArray[np.float32], names: Sequence[str]) -> Messages:
    """Return the prompt for one window (120, 6): role, readings, question, step by step."""
    columns = "\n".join(
        f"{axis}: {', '.join(f'{value:.2f}' for value in window[::_EVERY, number])}"
        for number, axis in enumerate(
            ("acc x", "acc y", "acc z", "gyro x", "gyro y", "gyro z"), start=0
        )
    )
    text = (
        "You are an expert of activity analysis by inertial sensors. The readings of a wearable "
        f"device over six seconds, at {_RATE:g} Hz, acceleration in m/s² and rotation in rad/s:\n"
        f"{columns}\n"
        f"The person's activity is one of: {', '.join(names)}. What is it? Think step by step. "
        'Answer with JSON alone: {"reasoning": "...", "activity": "..."}'
    )
    return [{"role": "user", "content": text}]


def hargpt(windows: Windows, names: Sequence[str], endpoint: LlmBatch) -> NDArray[np.int64]:
    """Return a label number for each window, -1 if the endpoint named none of `names`."""
    answers = endpoint.ask_all(
        [prompt(window, names) for window in windows.data], HarGptAnswer, "hargpt"
    )
    places = {name.lower(): number for number, name in enumerate(names)}
    return np.array(
        [
            -1
            if isinstance(answer, EndpointError)
            else places.get(" ".join(answer.activity.lower().split()), -1)
            for answer in answers
        ],
        dtype=np.int64,
    )

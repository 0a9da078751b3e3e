"""Annotators: the offline expert, an oracle, or one with errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from models.labels import SCENARIOS
from models.research.evaluation.self_training.uncertainty import uncertain
from operators.context import Context
from schemas.frames import NS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.egolog.offline_expert import Expert
    from models.research.egolog.households.records import HouseholdWindows

Array = NDArray[np.float32]
# What the refiner is told of what came before, `EGOLOG_REFINE_CONTEXT_S`.
CONTEXT_NS = 300 * NS


class Annotator(Protocol):
    """Somebody who is asked about windows."""

    @property
    def provenance(self) -> str:
        """Who it is."""

    def looks_at(self, estimates: Array) -> NDArray[np.int64]:
        """Return the windows that it is asked about, of estimates (N, 16)."""

    def __call__(
        self, days: HouseholdWindows, estimates: Array, asked: NDArray[np.int64]
    ) -> list[list[str]]:
        """Return the scenarios of each window `asked` (D,), none where there is no answer.

        `estimates` (N, 16) are the network's of all windows.
        """


class ByExpert:
    """The offline expert, which sees every window with the context that the refiner has."""

    def __init__(self, expert: Expert) -> None:
        self._expert = expert
        self.provenance = expert.name

    def looks_at(self, estimates: Array) -> NDArray[np.int64]:
        """Return all windows."""
        return _about(estimates, always=True)

    def __call__(
        self, days: HouseholdWindows, estimates: Array, asked: NDArray[np.int64]
    ) -> list[list[str]]:
        """Return its opinions."""
        wanted, opinions = {int(number) for number in asked}, {}
        context = Context(CONTEXT_NS)
        for day in days.days():
            for number in map(int, day):
                record = days.record(number, estimates[number])
                # No clock runs: a recorded day is never silent.
                before = context.push(record, 0.0)
                if number in wanted:
                    same = [each for each in before if each.session_id == record.session_id]
                    opinions[number] = self._expert.judge(record, same).scenarios
        return [opinions[int(number)] for number in asked]


class Oracle:
    """Names what went on with probability `accuracy`, otherwise one other scenario.

    What it says of a window depends on the seed and on the window alone, as of a model that is
    asked the same thing twice. It is asked in doubt, or with `always` about every window.
    """

    def __init__(self, accuracy: float, seed: int = 0, *, always: bool = False) -> None:
        if not 0.0 <= accuracy <= 1.0:
            raise ValueError(f"accuracy is {accuracy}; expected 0 to 1")
        self._accuracy = accuracy
        self._seed = seed
        self._always = always
        self.provenance = f"oracle {accuracy:g}"

    def looks_at(self, estimates: Array) -> NDArray[np.int64]:
        """Return the windows in doubt, or all."""
        return _about(estimates, always=self._always)

    def __call__(
        self,
        days: HouseholdWindows,
        estimates: Array,  # noqa: ARG002  the protocol's
        asked: NDArray[np.int64],
    ) -> list[list[str]]:
        """Return an answer for each window."""
        return [
            self.answer(_names(days.truth[n]), days.wearer[n], days.day[n], days.window[n])
            for n in asked
        ]

    def answer(self, truth: Sequence[str], *window: int) -> list[str]:
        """Return what it says of one window, told apart from others by the numbers `window`."""
        rng = np.random.default_rng([self._seed, *map(int, window)])
        if rng.random() < self._accuracy:
            return list(truth)
        return [str(rng.choice([name for name in SCENARIOS if name not in truth]))]


class Stuck:
    """Says the same of every window that it is asked about: those in doubt, `always` of all."""

    def __init__(self, scenario: str, *, always: bool = False) -> None:
        self._scenario = scenario
        self._always = always
        self.provenance = f"stuck on {scenario}"

    def looks_at(self, estimates: Array) -> NDArray[np.int64]:
        """Return the windows in doubt, or all."""
        return _about(estimates, always=self._always)

    def __call__(
        self,
        days: HouseholdWindows,  # noqa: ARG002  the protocol's
        estimates: Array,  # noqa: ARG002  the protocol's
        asked: NDArray[np.int64],
    ) -> list[list[str]]:
        """Return it once for each window."""
        return [[self._scenario] for _ in asked]


def _about(estimates: Array, *, always: bool) -> NDArray[np.int64]:
    return np.arange(len(estimates)) if always else uncertain(estimates)


def _names(truth: NDArray[np.float32]) -> list[str]:
    return [name for name, there in zip(SCENARIOS, truth, strict=True) if there]

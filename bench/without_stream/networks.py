"""A worker's networks with default settings, called one item at a time on the caller's thread."""

from __future__ import annotations

from collections import defaultdict
from time import thread_time
from typing import TYPE_CHECKING, Any, TypeVar

from models.serving.encoded_seconds import SecondEncoder
from models.serving.lanhar_loading import open_lanhar
from models.serving.predict import (
    ActivityEstimate,
    ActivityRecognizer,
    HarInput,
    LocalizerInput,
    LocatedSecond,
    ScenarioInput,
    ScenarioOutput,
    ScenarioRecognizer,
    SoundLocalizer,
)
from streams.engine.allocator import keep_freed_memory
from streams.engine.startup import open_registry
from streams.engine.vocabulary.known_labels import label_set
from streams.engine.vocabulary.ranking import RankedLabels, Rankings, RankInput

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from infra.settings import Settings
    from models.serving.registry import Registry

T = TypeVar("T")


class Networks:
    """The networks that a worker runs on windows; `seconds` is each one's CPU time so far."""

    def __init__(self, settings: Settings, registry: Registry | None = None) -> None:
        # As a worker does; otherwise the peers alone would pay for page faults.
        keep_freed_memory()
        registry = registry or open_registry(settings)
        self._localizer = SoundLocalizer(registry, settings.microphone_array)
        seconds = SecondEncoder(registry)
        self._scenarios = ScenarioRecognizer(
            registry, sound_event_above=settings.sound_event_above, second_encoder=seconds
        )
        self._activities = ActivityRecognizer(registry, seconds)
        lanhar = open_lanhar(registry)
        self._rankings = None if lanhar is None else Rankings(lanhar)
        self._labels = None if lanhar is None else label_set(lanhar).vocabulary()
        self.seconds = defaultdict[str, float](float)

    def localize(self, item: LocalizerInput) -> LocatedSecond:
        """Return the estimate of one second without the seconds before."""
        return self._time("localization", lambda: self._localizer.locate([item])[0])

    def scenario(self, item: ScenarioInput) -> ScenarioOutput:
        """Return the estimate of one scenario window."""
        return self._time("scenario", lambda: self._scenarios.predict([item])[0])

    def activity(self, item: HarInput) -> ActivityEstimate:
        """Return the estimate of one activity window."""
        return self._time("har", lambda: self._activities.estimate([item])[0])

    def rank(
        self,
        imu: NDArray[Any],
        posture: float | None,
        memory: Sequence[float] = (),
        start_s: float = 0.0,
    ) -> RankedLabels:
        """Return LanHAR's ranking of one window's motion; empty without its weights."""
        rankings, labels = self._rankings, self._labels
        if rankings is None or labels is None:
            return RankedLabels({}, memory)
        item = RankInput(imu, labels, posture, memory, start_s)
        return self._time("lanhar", lambda: rankings.predict([item])[0])

    def _time(self, name: str, call: Callable[[], T]) -> T:
        began = thread_time()
        answer = call()
        self.seconds[name] += thread_time() - began
        return answer

"""A worker's agents and networks in one process, without a broker and a store.

Frames come as bytes, and what follows from each is made before the next: what an agent cannot
process becomes a dead letter, as in a worker.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from infra import topics
from infra.settings import Settings
from models.features import Features
from models.serving.lanhar_loading import open_lanhar, open_positions
from models.serving.near_field import NearFieldExtractor
from models.serving.predict import ActivityRecognizer, ScenarioRecognizer, SoundLocalizer
from models.serving.registry import Registry
from schemas import Activity, DeadLetter, Frame, Scenario, SchemaError
from streams.dispatcher import Dispatcher
from streams.engine.dead_letters import dead_letter, to_dead_letter
from streams.engine.operator_stage import OperatorStage
from streams.engine.silence import StreamSilence
from streams.engine.vocabulary.known_labels import label_set
from streams.engine.vocabulary.ranking import Rankings
from streams.har import ActivityEstimator
from streams.localization import SpatialEstimator
from streams.producers.frames import Identity, frames
from streams.scenario_estimator import ScenarioEstimator
from streams.scenario_joiner import ScenarioJoiner
from streams.sound_events import SoundSeparator
from streams.window_work import WindowWork
from streams.windower import Windowing
from tests.streams.engine.fakes import Checkpoints, Inbox, Queue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from models.recordings.protocol import Recording
    from streams.engine.kafka.received import Received


@dataclass
class Log:
    """What became of recordings: records by start, and what could not be processed."""

    scenarios: list[Scenario] = field(default_factory=list)
    activities: list[Activity] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)


class LocalWorker:
    """The networks are loaded once; each recording starts with agents of its own."""

    def __init__(self, registry: Registry | None = None, **settings: Any) -> None:
        self._settings = Settings(_env_file=None, **settings)
        registry = Registry() if registry is None else registry
        localizer, activity = SoundLocalizer(registry), ActivityRecognizer(registry)
        scenario, lanhar = ScenarioRecognizer(registry), open_lanhar(registry)
        self._positions = open_positions(registry)
        near = self._settings.interference == "near"
        extractor = NearFieldExtractor(registry) if near else None
        self._runtime: Any = SimpleNamespace(
            sound_localizer=_OneByOne(localizer.locate),
            near_field_extractor=extractor and _OneByOne(extractor.predict),
            sound_separator=extractor and _OneByOne(scenario.name_apart),
            scenario_recognizer=_OneByOne(scenario.predict),
            scenario_ahead=_OneByOne(scenario.prepare),
            activity_recognizer=_OneByOne(activity.estimate),
            wearers=None,
            corrected=None,
            ranking=lanhar
            and SimpleNamespace(
                ranker=_OneByOne(Rankings(lanhar).predict),
                labels=SimpleNamespace(current=label_set(lanhar).vocabulary()),
                revision=lanhar.record_revision,
            ),
            revisions={
                "localization": localizer.revision,
                "har": activity.revision,
                "near_field": extractor and extractor.revision,
            },
        )

    async def log(self, recording: Recording, frame_s: float = 1.0) -> Log:
        """Replay a recording and return its log."""
        who = Identity(recording.device_id, recording.session_id)
        sent = [timed.frame for timed in frames(recording, who, frame_s=frame_s)]
        queue, settings = _Queue(), self._settings
        work = WindowWork(
            settings,
            SpatialEstimator(settings, self._running),
            ScenarioEstimator(settings, self._running),
            ActivityEstimator(settings, self._running),
            SoundSeparator(self._running),
            ScenarioJoiner(settings),
        )
        windowing = Windowing(settings, Features())
        dispatcher = Dispatcher(windowing, work, lambda: self._positions)
        out: Any = queue
        nothing: Any = Checkpoints()
        # Whatever is still waited for has been silent for longer than this.
        silence = StreamSilence(lambda: True, -1.0, -1.0)
        stage = OperatorStage(dispatcher, out, silence, lambda: nothing, lambda: 1)
        await stage.take(queue.receive_all(sent))
        await stage.give_up_on_the_silent()
        return Log(
            queue.of(topics.SCENARIO), queue.of(topics.ACTIVITY), queue.of(topics.DEAD_LETTER)
        )

    def _running(self) -> Any:
        return self._runtime


class _OneByOne:
    """A network behind what agents call."""

    def __init__(self, call: Callable[[list[Any]], list[Any]]) -> None:
        self._call = call

    async def submit(self, item: Any) -> Any:
        """Return what the network makes of one item."""
        return self._call([item])[0]


class _Queue(Queue):
    """Carries out work at once; what does not decode becomes a dead letter."""

    name = "windower"

    def __init__(self) -> None:
        super().__init__()
        self._inbox = Inbox()

    def receive_all(self, frames: Iterable[Frame]) -> list[Received[Any]]:
        """Return frames as the windower gets them, decoded from their bytes."""
        received = []
        for frame in frames:
            one = self._inbox.receive(frame)
            message = one.token.message
            try:
                message.value = frame.encode()
                type(frame).decode(message.value)
            except SchemaError as error:
                letter = dead_letter(message, message.value, self.name, error)
                self.outcomes.append(to_dead_letter(letter, message.partition))
            else:
                received.append(one)
        return received

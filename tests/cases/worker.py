"""A worker's agents and networks in one process, without a broker and a store.

Messages go from agent to agent as bytes, in the order of the pipeline: what an agent cannot process
becomes a dead letter, as in a worker.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from infra import topics
from infra.settings import Settings
from models.features import Features
from models.serving.open_vocabulary import open_lanhar
from models.serving.predict import ActivityRecognizer, ScenarioRecognizer, SoundLocalizer
from models.serving.registry import Registry
from schemas import Activity, DeadLetter, Scenario, SchemaError
from streams.engine.dead_letters import dead_letter, to_dead_letter
from streams.engine.operator_stage import OperatorStage
from streams.engine.silence import StreamSilence
from streams.engine.vocabulary.known_labels import label_set
from streams.engine.vocabulary.ranking import Rankings
from streams.har import ActivityEstimator, is_wanted
from streams.localization import SpatialEstimator
from streams.producers.frames import Identity, frames
from streams.scenario_estimator import ScenarioEstimator
from streams.scenario_joiner import ScenarioJoiner
from streams.windower import Windowing
from tests.streams.engine.fakes import Checkpoints, Inbox, Queue

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from models.recordings.protocol import Recording
    from schemas import Message
    from streams.engine.kafka.received import Received, Token
    from streams.engine.operator_stage import KeyedOperator
    from streams.engine.outcome import Outcome


@dataclass
class Log:
    """What became of recordings: records by start, and what could not be processed."""

    scenarios: list[Scenario] = field(default_factory=list)
    activities: list[Activity] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)


class LocalWorker:
    """The networks are loaded once; each recording starts with agents of its own."""

    def __init__(self, registry: Registry | None = None) -> None:
        self._settings = Settings(_env_file=None)
        registry = Registry() if registry is None else registry
        localizer, activity = SoundLocalizer(registry), ActivityRecognizer(registry)
        lanhar = open_lanhar(registry)
        self._runtime: Any = SimpleNamespace(
            sound_localizer=_OneByOne(localizer.predict),
            near_field_extractor=None,
            scenario_recognizer=_OneByOne(ScenarioRecognizer(registry).predict),
            activity_recognizer=_OneByOne(activity.estimate),
            wearers=None,
            ranking=lanhar
            and SimpleNamespace(
                ranker=_OneByOne(Rankings(lanhar).predict),
                labels=SimpleNamespace(current=label_set(lanhar).vocabulary()),
                revision=lanhar.revision,
            ),
            revisions={"localization": localizer.revision, "har": activity.revision},
        )

    async def log(self, recording: Recording, frame_s: float = 1.0) -> Log:
        """Replay a recording and return its log."""
        who = Identity(recording.device_id, recording.session_id)
        sent = [timed.frame for timed in frames(recording, who, frame_s=frame_s)]
        out = _Queue("windower")
        await self._to_the_end(Windowing(self._settings, Features()), out, sent)
        windows = out.of(topics.WINDOWS)

        localization: Any = _Queue("localization")
        scenario: Any = _Queue("scenario")
        localize = SpatialEstimator(localization, self._settings, self._running).localize
        estimate = ScenarioEstimator(scenario, self._running).estimate
        for received in localization.receive_all(w for w in windows if w.kind == "spatial"):
            await localization.put(localize(received), [received.token])
        for received in scenario.receive_all(w for w in windows if w.kind == "scenario"):
            await scenario.put(estimate(received), [received.token])
        spatial = localization.of(topics.SPATIAL)
        estimates = scenario.of(topics.SCENARIO_ESTIMATE)

        har, join = _Queue("har"), _Queue("join")
        estimator = ActivityEstimator(self._settings, self._running).operator()
        context = [*spatial, *estimates, *filter(is_wanted, windows)]
        await self._to_the_end(estimator, har, context)
        activities = har.of(topics.ACTIVITY)
        joiner = ScenarioJoiner(self._settings).operator()
        await self._to_the_end(joiner, join, [*spatial, *activities, *estimates])
        queues = (out, localization, scenario, har, join)
        return Log(
            join.of(topics.SCENARIO),
            activities,
            [letter for queue in queues for letter in queue.of(topics.DEAD_LETTER)],
        )

    def _running(self) -> Any:
        return self._runtime

    async def _to_the_end(
        self, operator: KeyedOperator, queue: _Queue, messages: Sequence[Message]
    ) -> None:
        """Push messages into an operator, and give up on what will never come."""
        out: Any = queue
        nothing: Any = Checkpoints()
        # Whatever is still waited for has been silent for longer than this.
        silence = StreamSilence(lambda: True, -1.0, -1.0)
        stage = OperatorStage(operator, out, silence, lambda: nothing, lambda: 1)
        await stage.take(queue.receive_all(messages))
        await stage.give_up_on_the_silent()


class _OneByOne:
    """A network behind what agents call."""

    def __init__(self, call: Callable[[list[Any]], list[Any]]) -> None:
        self._call = call

    async def submit(self, item: Any) -> Any:
        """Return what the network makes of one item."""
        return self._call([item])[0]


class _Queue(Queue):
    """Carries out work at once; what fails becomes a dead letter."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self._inbox = Inbox()

    def receive_all(self, messages: Iterable[Message]) -> list[Received[Any]]:
        """Return messages as an agent gets them, decoded from their bytes."""
        received = []
        for message in messages:
            one = self._inbox.receive(message)
            try:
                one.token.message.value = message.encode()
                type(message).decode(one.token.message.value)
            except SchemaError as error:
                self._to_dead_letter(one.token, error)
            else:
                received.append(one)
        return received

    async def put(self, work: Outcome | Awaitable[Outcome], tokens: Iterable[Token] = ()) -> None:
        """Carry out an outcome, or make dead letters of the tokens of work that fails."""
        try:
            await super().put(work)
        except Exception as error:  # noqa: BLE001 - as in a worker, whatever it is
            for token in tokens:
                self._to_dead_letter(token, error)

    def _to_dead_letter(self, token: Token, error: Exception) -> None:
        letter = dead_letter(token.message, token.message.value, self.name, error)
        self.outcomes.append(to_dead_letter(letter, token.message.partition))

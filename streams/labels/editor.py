"""Adding and removing labels: checks, descriptions, vectors, and the message to the workers."""

from __future__ import annotations

import difflib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from infra import topics
from infra.broker.signing import Signatures
from infra.broker.topic_reader import TopicReader, publish
from infra.errors import LabelError
from schemas import ActivityLabel, SchemaError, Vector
from schemas.labels import MAX_DESCRIPTION_CHARS, MAX_DESCRIPTIONS, checked_name, label_key
from streams.engine.vocabulary.known_labels import read_change
from streams.labels.describe import LabelDescription

if TYPE_CHECKING:
    from infra.settings import Settings
    from operators.label_set import LabelSet, State

AUTO = "auto"

Embed = Callable[[Sequence[str]], NDArray[np.float32]]


Describe = Callable[[str], Awaitable[LabelDescription]]


@dataclass(frozen=True)
class AddedLabel:
    """An active label; `nearest` is the label with the most similar text."""

    name: str
    description: LabelDescription
    nearest: tuple[str, float] | None


class LabelEditor:
    """Changes the labels of running workers; each change is one message on the topic.

    `labels` has the shipped labels, `embed` computes a unit vector (D,) from descriptions, and
    `describe` finds descriptions of a label. `open` reads the topic first.
    """

    def __init__(
        self, settings: Settings, labels: LabelSet, embed: Embed, describe: Describe
    ) -> None:
        self._settings = settings
        self._signatures = Signatures.of(settings)
        self.labels = labels
        self.unreadable: list[str] = []
        self._embed = embed
        self._describe = describe

    async def open(self) -> LabelEditor:
        """Read the topic's current content; raises `BrokerError`."""
        async with TopicReader(self._settings, topics.LABELS) as reader:
            for record in await reader.to_the_end():
                self._take(record)
        return self

    def _take(self, record: Any) -> None:
        try:
            self._signatures.require(record)
            self.labels.push(*read_change(record))
        except SchemaError as error:
            where = f"{record.topic}[{record.partition}]@{record.offset}"
            self.unreadable.append(f"{where}: {error}")

    async def add(self, name: str, text: str = AUTO) -> AddedLabel:
        """Activate a label with the description `text`, which is found if it is `auto`.

        Raises `LabelError` for an invalid or used name, and if there is no description.
        """
        name, key = self._check_name(name)
        state = self.labels.state(key)
        if state in ("shipped", "added"):
            raise LabelError(
                f"label {name!r} is known already ({state}): choose another name, or "
                f'`labels remove "{name}"` first'
            )
        if state == "removed" and self.labels.is_shipped(key) and text == AUTO:
            await publish(self._settings, topics.LABELS, key, None)
            self.labels.push(key, None)
            return AddedLabel(name, LabelDescription((), "shipped"), None)
        description = await self._describe(name) if text == AUTO else by_user(name, text)
        vector = self._embed(description.texts)
        nearest = self._nearest(vector)
        label = ActivityLabel(
            name=name,
            vector=Vector.of(vector),
            descriptions=list(description.texts),
            described_by=description.by,
            revision=self.labels.revision,
        )
        await publish(self._settings, topics.LABELS, key, label.encode())
        self.labels.push(key, label)
        return AddedLabel(name, description, nearest)

    async def remove(self, name: str) -> str:
        """Deactivate a label and return its name; raises `LabelError`."""
        name, key = self._check_name(name)
        state = self.labels.state(key)
        if state is None:
            known = [n for n, s in self.labels.states().items() if s != "removed"]
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
            hint = f": did you mean {near[0]!r}?" if near else ": there is none to remove"
            raise LabelError(f"label {name!r} is unknown{hint}")
        if state == "removed":
            raise LabelError(f'label {name!r} is removed already: `labels add "{name}"` adds it')
        name = self.labels.name(key)
        if self.labels.is_shipped(key):
            # A tombstone would restore the shipped label, so the removal needs a message.
            gone = ActivityLabel(name=name, vector=None, revision=self.labels.revision)
            await publish(self._settings, topics.LABELS, key, gone.encode())
            self.labels.push(key, gone)
        else:
            await publish(self._settings, topics.LABELS, key, None)
            self.labels.push(key, None)
        return name

    def rows(self) -> list[tuple[str, State, str]]:
        """Return every label with its state and its description, if known."""
        return [
            (name, state, self._about(label_key(name), state))
            for name, state in self.labels.states().items()
        ]

    def _about(self, key: str, state: State) -> str:
        change = self.labels.change(key)
        if state not in ("added", "other weights") or change is None or not change.descriptions:
            return ""
        count = len(change.descriptions)
        more = f" (and {count - 1} more)" if count > 1 else ""
        return f"by {change.described_by}: {change.descriptions[0]}{more}"

    def _nearest(self, vector: NDArray[np.float32]) -> tuple[str, float] | None:
        known = self.labels.vocabulary()
        if not known.names:
            return None
        likeness = known.vectors @ vector
        best = int(likeness.argmax())
        return known.names[best], float(likeness[best])

    def _check_name(self, name: str) -> tuple[str, str]:
        try:
            tidy = checked_name(name)
        except ValueError as error:
            raise LabelError(str(error)) from None
        return tidy, label_key(tidy)


def by_user(name: str, text: str) -> LabelDescription:
    """Return the user's own description, one text per line; raises `LabelError`."""
    texts = tuple(line for line in (" ".join(line.split()) for line in text.splitlines()) if line)
    if not any(character.isalpha() for line in texts for character in line):
        raise LabelError(
            f"description of label {name!r} holds no word: say what is done and how the body "
            f"moves, or {AUTO}"
        )
    longest = max(len(line) for line in texts)
    if len(texts) > MAX_DESCRIPTIONS or longest > MAX_DESCRIPTION_CHARS:
        raise LabelError(
            f"description of label {name!r} has {len(texts)} lines, the longest of {longest} "
            f"characters: expected at most {MAX_DESCRIPTIONS} lines of {MAX_DESCRIPTION_CHARS}"
        )
    return LabelDescription(texts, "user")

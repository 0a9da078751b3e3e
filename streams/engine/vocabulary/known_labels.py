"""The labels that windows are ranked against, kept up with the `labels` topic while a worker runs.

**What a ranking depends on.** A window is ranked against the labels that its worker knew when the
ranking began, so when somebody changes the labels during a replay, it depends on the moment of the
change which window is the first to see it; nothing else of a record does. It is bounded like this:

- A worker reads the topic to its end before its first window, so after a restart it knows at least
  what was known before, and what was added before a replay holds for all of it.
- A change holds for every window whose ranking begins after the worker has read it, and for none
  before: each ranking is made against one immutable `Vocabulary`.
- Every `activity` record names the vocabulary in its `revision`. Two runs that name the same one
  for a window have the same ranking, bit for bit; where nobody changes the labels, whole logs do.
- A window that was published and not yet checkpointed when its worker was killed is ranked again,
  by the labels known then, and replaces the earlier record by its id.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from infra import metrics, topics
from operators.label_set import LabelSet
from schemas import ActivityLabel, DeadLetter
from schemas.errors import InvalidError
from schemas.labels import label_key
from streams.engine.followed_topic import FollowedTopic

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from infra.settings import Settings
    from models.serving.open_vocabulary import Lanhar
    from operators.label_set import Vocabulary

log = logging.getLogger(__name__)


def label_set(lanhar: Lanhar) -> LabelSet:
    """Return the labels that come with the weights, ready for the topic's changes."""
    shipped = dict(zip(lanhar.shipped.names, lanhar.shipped.vectors, strict=True))
    return LabelSet(shipped, lanhar.text_revision)


class KnownLabels:
    """A worker's view of the topic; `current` is replaced, never changed."""

    def __init__(self, settings: Settings, labels: LabelSet) -> None:
        self._labels = labels
        self._followed = FollowedTopic(settings, topics.LABELS, self._take)
        self.current: Vocabulary = labels.vocabulary()

    async def open(self) -> None:
        """Read the topic to its end; raises `BrokerError`."""
        await self._followed.open()
        self._replace()

    async def follow(self, to_dead_letter: Callable[[DeadLetter], Awaitable[None]]) -> None:
        """Take what comes, until cancelled; what does not decode goes to `to_dead_letter`."""
        async for _ in self._followed.follow(to_dead_letter):
            self._replace()

    async def close(self) -> None:
        """Close the connection."""
        await self._followed.close()

    def _take(self, record: Any) -> None:
        key, change = read_change(record)
        self._labels.push(key, change)
        if change is not None and self._labels.state(key) != "added" and change.vector is not None:
            log.warning(
                'label="%s" belongs to weights %s, these are %s: add it again to use it',
                change.name,
                change.revision,
                self._labels.revision,
            )

    def _replace(self) -> None:
        vocabulary = self._labels.vocabulary()
        if vocabulary.revision != self.current.revision:
            log.info('labels="%d" vocabulary="%s"', len(vocabulary.names), vocabulary.revision)
        self.current = vocabulary
        metrics.labels_known.set(len(vocabulary.names))


def read_change(record: Any) -> tuple[str, ActivityLabel | None]:
    """Return a record's key and what it says, None for a tombstone; raises `SchemaError`."""
    key = bytes(record.key or b"").decode(errors="replace")
    if record.value is None:
        return key, None
    label = ActivityLabel.decode(record.value)
    if label_key(label.name) != key:
        raise InvalidError(
            f"message key is {key[:64]!r}, but the label is {label.name!r}; "
            f"the key must be {label_key(label.name)!r}"
        )
    return key, label

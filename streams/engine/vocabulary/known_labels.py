"""The labels that windows are ranked against, according to the topic `labels`.

**What a ranking depends on.** A window is ranked against the labels that its worker knows when the
ranking begins. If labels change during a replay, only the first window that sees the change depends
on its time:

- A worker reads the topic to its end before its first window, so a restarted worker knows at least
  the earlier labels, and a label added before a replay applies to all of it.
- A change applies to every window whose ranking begins after the worker has read it, and to none
  before: each ranking uses one immutable `Vocabulary`.
- Every `activity` record names the vocabulary in its `revision`. Two runs that name the same one
  for a window have the same ranking, bit for bit; if labels do not change, whole logs do.
- A window that was published but not checkpointed when its worker was killed is ranked again with
  the labels known then, and replaces the earlier record, which has the same id.
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
    """Return the labels that come with the weights, to which the topic's changes are applied."""
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
        """Apply changes until cancelled; undecodable records go to `to_dead_letter`."""
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
    """Return a record's key and its label, None for a tombstone; raises `SchemaError`."""
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

"""Finds descriptions of a label: by the language model, else from the package's own texts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from infra.errors import LabelError, LlmError, StoreError
from infra.redis.client import connect
from infra.settings import Settings, env_name
from models.lanhar import descriptions
from models.lanhar.descriptions import DescriptionError
from models.lanhar.label_prompt import MIN_ANSWER_TOKENS, LabelAnswer, label_prompt
from schemas.labels import label_key

if TYPE_CHECKING:
    from infra.llm import Llm

Ask = Callable[[str], Awaitable[Sequence[str]]]


@dataclass(frozen=True)
class LabelDescription:
    """A label's texts and their author (`user`, `shipped` or a model's name)."""

    texts: tuple[str, ...]
    by: str


@dataclass
class Describer:
    """Finds descriptions of labels.

    `ask` sends a name to the language model `model` and may raise `LlmError`; it is None if no
    endpoint is configured. `notes` lists failed attempts.
    """

    ask: Ask | None = None
    model: str = ""
    notes: list[str] = field(default_factory=list)

    async def describe(self, name: str) -> LabelDescription:
        """Return the best available description; raises `LabelError` if there is none."""
        why = f"no language model is configured ({env_name('llm_api_key')})"
        if self.ask is not None:
            try:
                return LabelDescription(tuple(await self.ask(name)), self.model)
            except LlmError as error:
                why = f"the language model did not answer ({error})"
        texts = packaged_texts(name)
        if not texts:
            raise LabelError(
                f"label {name!r} comes with no description and {why}: say with --describe what is "
                "done and how the body moves"
            )
        if self.ask is not None:
            self.notes.append(f"{why}; label {name!r} has the description of the package")
        return LabelDescription(tuple(texts), "shipped")


def packaged_texts(name: str) -> list[str]:
    """Return the package's texts on a label, empty if it has none."""
    by_key = {label_key(known): known for known in descriptions.labels()}
    try:
        return _texts(descriptions.describe_by_aspect(by_key.get(label_key(name), name)))
    except DescriptionError:
        return []


def asking(settings: Settings) -> Ask | None:
    """Return a function that asks the settings' endpoint, None if none is configured.

    It shares the workers' daily budget and their cache in Redis, so that a label that is added
    again is not paid for again. Without Redis the endpoint is not called, because the cost could
    not be counted.
    """
    if settings.llm_api_key is None:
        return None
    # The client takes most of a second to import, which other commands avoid.
    from infra.llm import Llm

    async def ask(name: str) -> list[str]:
        try:
            redis = await connect(settings)
        except StoreError as error:
            raise LlmError("store", f"not asked: {error}") from error
        async with redis:
            llm = Llm(settings, redis, MIN_ANSWER_TOKENS, strict=False)
            try:
                return _texts(await _different(llm, name))
            finally:
                await llm.close()

    return ask


async def _different(llm: Llm, name: str) -> list[descriptions.Description]:
    """Request several descriptions at once; the first failure cancels the others."""
    count = descriptions.MIN_DESCRIPTIONS
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(_request_description(llm, name, number))
                for number in range(count)
            ]
    except* LlmError as failures:
        failure = failures.exceptions[0]
    else:
        different = dict.fromkeys(task.result() for task in tasks)
        if len(different) == count:
            return list(different)
        failure = LlmError("invalid", f"only {len(different)} of {count} answers differ")
    raise failure


async def _request_description(llm: Llm, name: str, number: int) -> descriptions.Description:
    """Request one description, and again if the answer does not have the right form."""
    from infra.llm.structured import parse

    answer = await llm.ask(
        label_prompt(name, number),
        LabelAnswer.model_json_schema(),
        lambda text: parse(text, LabelAnswer),
        corrections=1,
    )
    return answer.value.description()


def _texts(described: Iterable[descriptions.Description]) -> list[str]:
    # What the sensors see stands once more by itself, as in the shipped labels' vectors
    # (`models.lanhar.vocabulary.embed_labels`).
    return [text for each in described for text in (each.text(), each.sensors)]

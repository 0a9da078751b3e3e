"""Who describes a label: the language model where there is one, else the package's own texts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field

from infra.errors import LabelError, LlmError
from infra.settings import Settings, env_name
from models.lanhar import descriptions
from models.lanhar.descriptions import DescriptionError
from schemas.labels import label_key

_OPENAI = "https://api.openai.com/v1"

Ask = Callable[[str], Awaitable[Sequence[str]]]


@dataclass(frozen=True)
class Description:
    """What a label means: its texts, and who wrote them (`user`, `shipped` or a model's name)."""

    texts: tuple[str, ...]
    by: str


@dataclass
class Describer:
    """Finds descriptions of labels by itself.

    `ask` puts a name to the language model `model` and may raise `LlmError`; it is None where no
    endpoint is configured. `notes` tells what was tried in vain.
    """

    ask: Ask | None = None
    model: str = ""
    notes: list[str] = field(default_factory=list)

    async def describe(self, name: str) -> Description:
        """Return the best description there is; raises `LabelError` where there is none."""
        why = f"no language model is configured ({env_name('llm_api_key')})"
        if self.ask is not None:
            try:
                return Description(tuple(await self.ask(name)), self.model)
            except LlmError as error:
                why = f"the language model did not answer ({error})"
        texts = shipped(name)
        if not texts:
            raise LabelError(
                f"label {name!r} comes with no description and {why}: say with --describe what is "
                "done and how the body moves"
            )
        if self.ask is not None:
            self.notes.append(f"{why}; label {name!r} has the description of the package")
        return Description(tuple(texts), "shipped")


def shipped(name: str) -> list[str]:
    """Return the package's texts on a label, none where it has none."""
    by_key = {label_key(known): known for known in descriptions.labels()}
    try:
        return _texts(descriptions.describe_by_aspect(by_key.get(label_key(name), name)))
    except DescriptionError:
        return []


def asking(settings: Settings) -> Ask | None:
    """Return what asks the endpoint of the settings, None where none is configured.

    Answers are kept in the run folder, so that a label that is added again is not paid for again.
    """
    if settings.llm_api_key is None:
        return None
    # The client takes most of a second to import, which other commands save.
    from models.research.lanhar.interpretation import describe
    from models.research.lanhar.interpretation.answers import Answers
    from models.research.lanhar.interpretation.llm_batch import (
        Endpoint,
        EndpointConfig,
        EndpointError,
    )

    config = EndpointConfig(
        base_url=settings.llm_base_url or _OPENAI,
        model=settings.llm_model,
        api_key=settings.llm_api_key.get_secret_value(),
        timeout_s=settings.llm_timeout_s,
        retries=settings.llm_retries,
        concurrency=settings.llm_concurrency,
    )
    endpoint = Endpoint(config, Answers(settings.run_dir / "answers"))

    async def ask(name: str) -> list[str]:
        # The endpoint runs a loop of its own.
        told = await asyncio.to_thread(
            describe.ask, endpoint, [name], descriptions.MIN_DESCRIPTIONS
        )
        found = told[name]
        if isinstance(found, EndpointError):
            raise LlmError("malformed", str(found))
        return _texts(found)

    return ask


def _texts(found: Iterable[descriptions.Description]) -> list[str]:
    # What the sensors see stands once more by itself, as in the shipped labels' vectors
    # (`models.lanhar.vocabulary.embed_labels`).
    return [text for each in found for text in (each.text(), each.sensors)]

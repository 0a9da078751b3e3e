"""Who describes a label: the language model where there is one, else the package's own texts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from infra.errors import LabelError, LlmError
from infra.settings import env_name
from models.lanhar.descriptions import DescriptionError, describe, labels
from schemas.labels import label_key

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
    """Return the package's descriptions of a label, none where it has none."""
    by_key = {label_key(known): known for known in labels()}
    try:
        return describe(by_key.get(label_key(name), name))
    except DescriptionError:
        return []

"""Who describes a label: the language model where there is one, else the package's own texts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from infra.errors import LabelError, LlmError
from infra.settings import env_name
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

    `shipped` are texts by label name; `ask` puts a name to the language model `model` and may raise
    `LlmError`; it is None where no endpoint is configured. `notes` tells what was tried in vain.
    """

    shipped: Mapping[str, Sequence[str]]
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
        by_key = {label_key(known): texts for known, texts in self.shipped.items()}
        texts = by_key.get(label_key(name))
        if texts is None:
            raise LabelError(
                f"label {name!r} comes with no description and {why}: say with --describe what is "
                "done and how the body moves"
            )
        if self.ask is not None:
            self.notes.append(f"{why}; label {name!r} has the description of the package")
        return Description(tuple(texts), "shipped")

"""Training a text encoder to align interpretations with descriptions (LanHAR §3.4)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from numpy.random import default_rng
from torch import Generator, Tensor
from torch.nn.functional import cross_entropy

from models.lanhar import descriptions
from models.lanhar.activity_names import CATEGORIES, category
from models.lanhar.hashed_words import PAD, words
from models.lanhar.space import TEMPERATURE
from models.lanhar.text_encoder import TextDecoder, TextEncoder
from models.research.lanhar.training.expected_patterns import synthesised
from models.research.lanhar.training.losses import alignment, comparison
from models.research.lanhar.training.one_cycle import train_one_cycle
from models.research.lanhar.training.sensor import even

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch.nn import Parameter

_CATEGORIES = list(CATEGORIES)
_DECODED = 6
_WORDS = 1_500
# Readings whose words make the decoder's vocabulary.
_COUNTED = 4_000


@dataclass(frozen=True)
class TextSettings:
    """How the text encoder is trained; `alpha` and `beta` weigh §3.4.3 and §3.4.4.

    `subtasks` False leaves both out (the paper's "w/o STE"), `steps` 0 trains nothing ("w/o TTE").
    """

    steps: int = 300
    batch: int = 20
    rate: float = 2e-3
    alpha: float = 0.5
    beta: float = 0.1
    temperature: float = TEMPERATURE
    subtasks: bool = True
    synthesised: int = 24
    """Synthesised interpretations of each described activity."""


@dataclass(frozen=True)
class Described:
    """Descriptions of all activities: texts, the activity of each, and activities' categories."""

    names: tuple[str, ...]
    texts: list[str]
    of: Tensor
    category: Tensor

    @classmethod
    def shipped(cls, also: Sequence[str] = ()) -> Described:
        """Read the shipped descriptions: each as a whole, and its part about the sensors alone."""
        names = tuple(dict.fromkeys([*also, *descriptions.labels()]))
        texts, of = [], []
        for number, name in enumerate(names):
            for one in descriptions.describe_by_aspect(name):
                texts += [one.text(), f"{one.general} {one.sensors}", one.sensors]
                of += [number] * 3
        groups = [_CATEGORIES.index(c) if (c := category(name)) else -1 for name in names]
        return cls(names, texts, torch.tensor(of), torch.tensor(groups))


@dataclass(frozen=True)
class _Readings:
    """Interpretations of windows, followed by synthesised ones, and the activity of each (N,)."""

    texts: list[str]
    activity: Tensor
    chances: Tensor
    """Weights of the windows' readings (M,), which balance the activities."""

    @classmethod
    def of(
        cls,
        interpretations: Sequence[Sequence[str]],
        labels: Sequence[str],
        names: Sequence[str],
        synthesised_count: int,
        seed: int,
    ) -> _Readings:
        """Return all variants of the windows' interpretations, and synthesised ones by activity."""
        index = {name: number for number, name in enumerate(names)}
        windows = [
            (text, index[label])
            for variants, label in zip(interpretations, labels, strict=True)
            for text in variants
        ]
        rng = default_rng(seed)
        synthetic = [
            (text, number)
            for number, name in enumerate(names)
            for text in synthesised(name, synthesised_count, rng)
        ]
        texts = [text for text, _ in [*windows, *synthetic]]
        activity = torch.tensor([number for _, number in [*windows, *synthetic]], dtype=torch.long)
        return cls(texts, activity, even(activity[: len(windows)]))

    def draw(self, batch: int, rng: Generator) -> list[Tensor]:
        """Draw a batch of windows, balanced over activities, and two of synthesised readings."""
        windows, synthetic = len(self.chances), len(self.texts) - len(self.chances)
        drawn = []
        if windows:
            drawn.append(torch.multinomial(self.chances, batch, True, generator=rng))
        if synthetic:
            drawn.append(windows + torch.randint(synthetic, (2 * batch,), generator=rng))
        return drawn


class _Objective:
    """The loss of §3.4: alignment, and with `subtasks` the comparisons and the reconstruction."""

    def __init__(
        self,
        encoder: TextEncoder,
        readings: _Readings,
        described: Described,
        settings: TextSettings,
    ) -> None:
        self._encoder = encoder
        self._readings = readings
        self._described = described
        self._settings = settings
        self._prepared_readings, self._reading_rows = _prepared(encoder, readings.texts)
        self._prepared_texts, self._text_rows = _prepared(encoder, described.texts)
        frequent = Counter(
            word for text in [*readings.texts[:_COUNTED], *described.texts] for word in words(text)
        ).most_common(_WORDS)
        self._decoder = TextDecoder([word for word, _ in frequent])

    def parameters(self) -> list[Parameter]:
        """Return what is trained."""
        decoder = self._decoder.parameters() if self._settings.subtasks else ()
        return [*self._encoder.parameters(), *decoder]

    def batch_loss(self, rng: Generator) -> Tensor:
        """Draw a batch and return its loss."""
        settings, described = self._settings, self._described
        batches = self._readings.draw(settings.batch, rng)
        chosen = torch.cat(batches)
        group = self._readings.activity[chosen]
        partner = torch.stack([_one_of(described.of == int(g), rng) for g in group])
        more = torch.randperm(len(described.texts), generator=rng)[: settings.batch]
        z = self._encoder(self._prepared_readings[self._reading_rows[chosen]])
        h = self._encoder(self._prepared_texts[self._text_rows[torch.cat([partner, more])]])
        h_pair, h_more = h[: len(partner)], h[len(partner) :]
        # Separately for windows and synthesised readings: a window that shows sitting is no
        # evidence against activities that the source lacks.
        loss: Tensor = z.new_zeros(())
        start = 0
        for batch in batches:
            part = slice(start, start + len(batch))
            start += len(batch)
            loss = loss + alignment(h_pair[part], z[part], group[part], settings.temperature)
        if settings.subtasks:
            loss = loss + settings.alpha * self._comparisons(z, group, h_more, more)
            loss = loss + settings.beta * self._reconstruction(z, chosen, h_more, more)
        return loss

    def _comparisons(self, z: Tensor, group: Tensor, h: Tensor, texts: Tensor) -> Tensor:
        """§3.4.3, between categories and between activities."""
        described, temperature = self._described, self._settings.temperature
        return (
            comparison(h, described.category[described.of[texts]], temperature)
            + comparison(z, described.category[group], temperature)
            + comparison(h, described.of[texts], temperature)
        )

    def _reconstruction(self, z: Tensor, chosen: Tensor, h: Tensor, texts: Tensor) -> Tensor:
        """§3.4.4, of a few texts."""
        some = [self._readings.texts[int(i)] for i in chosen[:_DECODED]]
        some += [self._described.texts[int(i)] for i in texts[:_DECODED]]
        targets = self._decoder.targets(some)
        logits = self._decoder(torch.cat([z[:_DECODED], h[:_DECODED]]), targets)
        return cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=PAD)


def train_text(
    encoder: TextEncoder,
    interpretations: Sequence[Sequence[str]],
    labels: Sequence[str],
    seed: int,
    settings: TextSettings = TextSettings(),
) -> list[float]:
    """Train in place on the source's interpretations, (N,) variants each, and their labels.

    Activities that the source lacks take part in the comparisons with their descriptions, which are
    texts: none of their windows is seen. Returns the loss of every step.
    """
    if not settings.steps:
        return []
    described = Described.shipped(tuple(dict.fromkeys(labels)))
    readings = _Readings.of(interpretations, labels, described.names, settings.synthesised, seed)
    rng = Generator().manual_seed(seed)
    torch.manual_seed(seed)
    objective = _Objective(encoder, readings, described, settings)
    encoder.train()
    losses = train_one_cycle(
        objective.parameters(),
        lambda _step: objective.batch_loss(rng),
        settings.steps,
        settings.rate,
        max_gradient=1.0,
    )
    encoder.eval()
    return losses


def _prepared(encoder: TextEncoder, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Prepare every distinct text once; return the rows, and each text's row."""
    unique = dict.fromkeys(texts)
    place = {text: row for row, text in enumerate(unique)}
    return encoder.prepare(list(unique)), torch.tensor([place[text] for text in texts])


def _one_of(chosen: Tensor, rng: Generator) -> Tensor:
    places = chosen.nonzero()[:, 0]
    return places[torch.randint(len(places), (1,), generator=rng)][0]

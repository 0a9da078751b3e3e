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
from models.lanhar.text_encoder import TextDecoder, TextEncoder
from models.research.lanhar.training.expected_patterns import synthesised
from models.research.lanhar.training.losses import alignment, comparison

if TYPE_CHECKING:
    from collections.abc import Sequence

_CATEGORIES = list(CATEGORIES)
_DECODED = 6
_WORDS = 1_500


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
    temperature: float = 0.1
    subtasks: bool = True
    synthesised: int = 24
    """Interpretations imagined for each described activity."""


@dataclass(frozen=True)
class Described:
    """Descriptions of all activities: texts, the activity of each, and activities' categories."""

    names: tuple[str, ...]
    texts: list[str]
    of: Tensor
    category: Tensor

    @classmethod
    def shipped(cls, also: Sequence[str] = ()) -> Described:
        """Read the shipped descriptions, each whole and its sensors' part by itself."""
        names = tuple(dict.fromkeys([*also, *descriptions.labels()]))
        texts, of = [], []
        for number, name in enumerate(names):
            for one in descriptions.describe_by_aspect(name):
                texts += [one.text(), f"{one.general} {one.sensors}", one.sensors]
                of += [number] * 3
        groups = [_CATEGORIES.index(c) if (c := category(name)) else -1 for name in names]
        return cls(names, texts, torch.tensor(of), torch.tensor(groups))


def train_text(
    encoder: TextEncoder,
    interpretations: Sequence[Sequence[str]],
    labels: Sequence[str],
    seed: int,
    settings: TextSettings = TextSettings(),
) -> list[float]:
    """Train in place on the source's interpretations, (N,) variants each, and their labels.

    Descriptions of activities that the source lacks take part in the comparisons: they are texts,
    no reading of theirs is seen. Returns the loss of every step.
    """
    if not settings.steps:
        return []
    described = Described.shipped(tuple(dict.fromkeys(labels)))
    place = {name: number for number, name in enumerate(described.names)}
    owner = torch.tensor([place[name] for name in labels], dtype=torch.long)
    flat = [text for variants in interpretations for text in variants]
    read = owner[torch.tensor([i for i, v in enumerate(interpretations) for _ in v]).long()]
    words_of = default_rng(seed)
    made = [synthesised(name, settings.synthesised, words_of) for name in described.names]
    thought = torch.tensor([i for i, texts in enumerate(made) for _ in texts], dtype=torch.long)
    flat += [text for texts in made for text in texts]
    group_of = torch.cat([read, thought])
    readings, unique = _prepared(encoder, flat)
    sentences, unique_d = _prepared(encoder, described.texts)
    rng = Generator().manual_seed(seed)
    torch.manual_seed(seed)
    vocabulary = [w for w, _ in Counter(
        word for text in [*flat[:4_000], *described.texts] for word in words(text)
    ).most_common(_WORDS)]  # fmt: skip
    decoder = TextDecoder(vocabulary)
    parameters = [*encoder.parameters(), *(decoder.parameters() if settings.subtasks else ())]
    optimizer = torch.optim.AdamW(
        [p for p in parameters if p.requires_grad], settings.rate, weight_decay=0.01
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, settings.rate, settings.steps)
    chances = _even(read)
    encoder.train()
    losses = []
    for _ in range(settings.steps):
        halves = []
        if len(read):
            halves.append(torch.multinomial(chances, settings.batch, True, generator=rng))
        if len(thought):
            drawn = torch.randint(len(thought), (2 * settings.batch,), generator=rng)
            halves.append(len(read) + drawn)
        chosen = torch.cat(halves)
        group = group_of[chosen]
        partner = torch.stack([_one_of(described.of == int(g), rng) for g in group])
        more = torch.randperm(len(described.texts), generator=rng)[: settings.batch]
        z = encoder(readings[unique[chosen]])
        h = encoder(sentences[unique_d[torch.cat([partner, more])]])
        h_pair, h_more = h[: len(partner)], h[len(partner) :]
        # Apart: that a reading shows sitting says nothing of activities that the source lacks.
        loss = z.new_zeros(())
        start = 0
        for half in halves:
            part = slice(start, start + len(half))
            start += len(half)
            loss = loss + alignment(h_pair[part], z[part], group[part], settings.temperature)
        if settings.subtasks:
            kinds, kinds_more = described.category[group], described.category[described.of[more]]
            loss = loss + settings.alpha * (
                comparison(h_more, kinds_more, settings.temperature)
                + comparison(z, kinds, settings.temperature)
                + comparison(h_more, described.of[more], settings.temperature)
            )
            some = [flat[int(i)] for i in chosen[:_DECODED]]
            some += [described.texts[int(i)] for i in more[:_DECODED]]
            targets = decoder.targets(some)
            logits = decoder(torch.cat([z[:_DECODED], h_more[:_DECODED]]), targets)
            loss = loss + settings.beta * cross_entropy(
                logits.flatten(0, 1), targets.flatten(), ignore_index=PAD
            )
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        schedule.step()
        losses.append(float(loss.detach()))
    encoder.eval()
    return losses


def _even(group: Tensor) -> Tensor:
    """(N,) groups -> chances under which every group is drawn as often."""
    return 1 / torch.bincount(group).clamp_min(1).float()[group]


def _prepared(encoder: TextEncoder, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Prepare every different text once; returns the rows and each text's row."""
    unique = dict.fromkeys(texts)
    place = {text: row for row, text in enumerate(unique)}
    return encoder.prepare(list(unique)), torch.tensor([place[text] for text in texts])


def _one_of(chosen: Tensor, rng: Generator) -> Tensor:
    places = chosen.nonzero()[:, 0]
    return places[torch.randint(len(places), (1,), generator=rng)][0]

"""Training the sensor encoder (LanHAR §3.5.2, §3.6): labelled source, unlabelled target.

1. The gait branch is trained on the source's labels, with augmentation, against the label vectors.
2. It and the text encoder independently pseudo-label the target's readings.
3. The sequence branch is trained on the most confident ones, and on every reading's interpretation.

No label of the target is used, and there is no model selection: every length is fixed beforehand.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Generator, Tensor
from torch.nn.functional import cross_entropy

from models.lanhar.sensor_encoder import Inputs, SensorEncoder
from models.lanhar.space import TEMPERATURE
from models.research.lanhar.training.augment import Augmentation, augment
from models.research.lanhar.training.losses import alignment
from models.research.lanhar.training.one_cycle import train_one_cycle

_AT_ONCE = 512


@dataclass(frozen=True)
class SensorSettings:
    """Lengths, weights and noise; `sure` is the share of every guessed activity that teaches.

    `jitter` is noise on the standardised measures, in spreads: it keeps the borders between
    activities as wide as the differences between body positions are. `text_share` is how much the
    logits of an interpretation count in the guesses, over the gait branch's. It was chosen by
    walking, stairs and still on ways between HAPT, ClassyGlass and WISDM's phone and watch, without
    the one that is reported: by heads and waists alone it was 0.25, but limbs walk otherwise, and
    what is said of their motion carries over.
    """

    gait_steps: int = 600
    gait_rate: float = 3e-3
    posture_steps: int = 300
    posture_rate: float = 3e-3
    steps: int = 300
    rate: float = 2e-3
    batch: int = 64
    copies: int = 3
    augmentation: Augmentation = field(default_factory=Augmentation)
    jitter: float = 0.6
    sequence_jitter: float = 0.3
    temperature: float = TEMPERATURE
    sure: float = 0.6
    least_sure: int = 10
    text_share: float = 2.0
    contrast: float = 0.2
    sequence_contrast: float = 0.02
    smoothing: float = 0.05


@dataclass(frozen=True)
class TrainingSet:
    """What teaches one set of N readings.

    `inputs` of the encoder, `interpretations` (N, 128) unit vectors of their texts, `label` (N,)
    numbers, -1 where none is known or guessed.
    """

    inputs: Inputs
    interpretations: Tensor
    label: Tensor


def train_gait(
    encoder: SensorEncoder,
    imu: Tensor,
    interpretations: Tensor,
    label: Tensor,
    labels: Tensor,
    seed: int,
    settings: SensorSettings = SensorSettings(),
) -> None:
    """Train the gait branch on the source: imu (N, 120, 6), label (N,), label vectors (K, 128)."""
    rng = Generator().manual_seed(seed)
    torch.manual_seed(seed)
    copies = [imu] + [augment(imu, settings.augmentation, rng) for _ in range(settings.copies)]
    values = torch.cat([encoder.inputs(part).values for part in copies])
    owner = label.repeat(len(copies))
    texts = interpretations.repeat(len(copies), 1)
    chances = even(owner)

    def loss_of(_step: int) -> Tensor:
        chosen = torch.multinomial(chances, settings.batch, True, generator=rng)
        noise = torch.randn((len(chosen), values.shape[1]), generator=rng) * settings.jitter
        vectors = encoder.by_gait(values[chosen] + noise)
        loss = cross_entropy(
            vectors @ labels.T / settings.temperature,
            owner[chosen],
            label_smoothing=settings.smoothing,
        )
        if settings.contrast:
            loss = loss + settings.contrast * alignment(
                vectors, texts[chosen], owner[chosen], settings.temperature
            )
        return loss

    encoder.train()
    train_one_cycle(encoder.gait.parameters(), loss_of, settings.gait_steps, settings.gait_rate)
    encoder.eval()


def guess(
    encoder: SensorEncoder,
    target: Inputs,
    interpretations: Tensor,
    labels: Tensor,
    settings: SensorSettings = SensorSettings(),
) -> Tensor:
    """Return the shares (N, K) of labels that gait and interpretation agree on for a target."""
    with torch.no_grad():
        gait = (encoder.by_gait(target.values) @ labels.T / settings.temperature).log_softmax(1)
        text = (interpretations @ labels.T / settings.temperature).log_softmax(dim=1)
    return (gait + settings.text_share * text).softmax(dim=1)


def surest(shares: Tensor, settings: SensorSettings = SensorSettings()) -> Tensor:
    """(N, K) -> (N,) guessed labels, -1 for all but the surest share of each label."""
    sure, label = shares.max(dim=1)
    kept = torch.full_like(label, -1)
    for number in range(shares.shape[1]):
        of_it = (label == number).nonzero()[:, 0]
        count = max(settings.least_sure, int(settings.sure * len(of_it)))
        best = of_it[sure[of_it].argsort(descending=True)[:count]]
        kept[best] = number
    return kept


def train_sequence(
    encoder: SensorEncoder,
    parts: list[TrainingSet],
    labels: Tensor,
    seed: int,
    settings: SensorSettings = SensorSettings(),
) -> None:
    """Train the sequence branch: a batch takes as many readings of every part.

    Readings with a label are pulled to it, all readings to their interpretation.
    """
    rng = Generator().manual_seed(seed + 1)
    torch.manual_seed(seed + 1)
    chances = [_evenly(part.label) for part in parts]

    def loss_of(_step: int) -> Tensor:
        batch, texts, owner = [], [], []
        for part, chance in zip(parts, chances, strict=True):
            chosen = torch.multinomial(chance, settings.batch // len(parts), True, generator=rng)
            batch.append(part.inputs[chosen])
            texts.append(part.interpretations[chosen])
            owner.append(part.label[chosen])
        inputs, label = Inputs.together(batch), torch.cat(owner)
        noise = torch.randn(inputs.values.shape, generator=rng) * settings.sequence_jitter
        vectors = encoder.by_sequence(
            Inputs(inputs.channels, inputs.values + noise, inputs.posture)
        )
        known = label >= 0
        loss = vectors.sum() * 0.0
        if known.any():
            loss = loss + cross_entropy(
                vectors[known] @ labels.T / settings.temperature,
                label[known],
                label_smoothing=2 * settings.smoothing,
            )
        if settings.sequence_contrast:
            loss = loss + settings.sequence_contrast * (
                alignment(vectors, torch.cat(texts), None, settings.temperature)
                + 4 * (1 - (vectors * torch.cat(texts)).sum(dim=1)).mean()
            )
        return loss

    encoder.train()
    train_one_cycle(
        encoder.sequence.parameters(),
        loss_of,
        settings.steps,
        settings.rate,
        decay=0.05,
        max_gradient=1.0,
    )
    encoder.eval()


@torch.no_grad()
def embed(encoder: SensorEncoder, inputs: Inputs, posture: Tensor | None = None) -> Tensor:
    """Return unit vectors (N, 128) of any number of readings; `posture` as the encoder takes it."""
    encoder.eval()
    places = torch.split(torch.arange(len(inputs)), _AT_ONCE)
    return torch.cat(
        [encoder.embed(inputs[part], None if posture is None else posture[part]) for part in places]
    )


def even(label: Tensor) -> Tensor:
    """(N,) labels -> chances under which every label is drawn as often."""
    return 1 / torch.bincount(label).clamp_min(1).float()[label]


def _evenly(label: Tensor) -> Tensor:
    """Chances where -1 stands for readings without a label: a third of the draws."""
    known = label >= 0
    if not known.any():
        return torch.ones(len(label))
    chances = torch.zeros(len(label))
    chances[known] = even(label[known])
    chances[known] /= chances[known].sum()
    if (~known).any():
        chances[~known] = 0.5 / float((~known).sum())
    return chances

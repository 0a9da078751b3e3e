"""Distils a published recogniser into the sound encoder, whose first stage is frozen.

EfficientAT's network is first fine-tuned on our labels; then the encoder's tower is trained on the
labels, on that teacher's outputs for the same scenes and, with auxiliary heads, on the published
network's outputs: AudioSet's classes and its features. Networks that share the first stage have a
separate tower, so their inputs do not change.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits as binary_cross_entropy
from torch.nn.functional import cross_entropy, kl_div
from tqdm import tqdm

from models.network.low_precision import low_precision
from models.research.egolog.audio.clips import RATE
from models.research.egolog.audio.encoder import LOWEST_SHARE, WARM_UP_STEPS
from models.research.egolog.audio.optimisation import follow, optimisers, take_step
from models.research.egolog.recogniser.log_mel import LogMel
from models.research.egolog.recogniser.teacher import Teacher, TeacherOutput
from models.research.lib.schedule import moments

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.random import Generator

    from models.egolog.audio_encoder import AudioOutput, SoundEncoder
    from models.research.egolog.recogniser.scenes import Scene, Scenes
    from models.research.lib.schedule import Moment

SECONDS, SECONDS_SHARES = (2, 3, 4, 5), (0.35, 0.15, 0.2, 0.3)
TEMPERATURE = 2.0
MASKS, LONGEST_MASK, WIDEST_MASK = 2, 0.12, 10
MEAN_STEPS, MEAN_EVERY = 400, 4


@dataclass(frozen=True)
class Weights:
    """Weights of the parts of the loss.

    `sounds` is relative to the categories; its share `labels` is on labels, the rest on the
    teacher. `audioset` and `features` are on the published network's outputs.
    """

    sounds: float = 10.0
    labels: float = 0.4
    audioset: float = 80.0
    features: float = 2.0


@dataclass(frozen=True)
class Distillation:
    """Schedule: `minutes` of wall clock in total, of which the teacher's share comes first.

    `steps` limits each of the two stages. A batch holds `batch` scenes of 5 s, or the same number
    of seconds in shorter ones.
    """

    minutes: float
    batch: int = 24
    teacher_share: float = 0.3
    teacher_rate: float = 1e-3
    rate: float = 2e-3
    decay: float = 0.05
    checks: int = 4
    steps: int | None = None
    weights: Weights = Weights()


class Student(nn.Module):
    """The encoder, with auxiliary heads for the published network's outputs."""

    def __init__(self, encoder: SoundEncoder, features: int, classes: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.features = nn.Linear(encoder.config.features, features)
        self.audioset = nn.Linear(encoder.config.features, classes)
        # Most classes are absent.
        nn.init.constant_(self.audioset.bias, -5.0)
        for part in (encoder.scale, encoder.first):
            part.requires_grad_(False)

    def train(self, mode: bool = True) -> Student:
        """Set the mode; the first stage keeps its statistics."""
        super().train(mode)
        self.encoder.scale.eval()
        self.encoder.first.eval()
        return self

    def forward(self, mel: Tensor) -> tuple[AudioOutput, Tensor, Tensor]:
        """(B, T, 64) -> the encoder's output, and predictions of the published network's."""
        with torch.no_grad():
            low = self.encoder.low(mel)
        output = self.encoder.output_of(self.encoder.tower(low))
        return output, self.features(output.features), self.audioset(output.features)


def fine_tuned(teacher: Teacher, scenes: Scenes, settings: Distillation, seed: int) -> Teacher:
    """Fine-tune the copy of the published network on our labels; return it in inference mode."""
    rng = np.random.default_rng([seed, 1])
    teacher.to(scenes.device, memory_format=torch.channels_last).train()  # type: ignore[call-overload]
    weights = [weight for weight in teacher.parameters() if weight.requires_grad]
    optimiser = torch.optim.AdamW(weights, lr=settings.teacher_rate, weight_decay=0.02)
    minutes = settings.minutes * settings.teacher_share
    losses: list[Tensor] = []
    # An untrained teacher's outputs would be noise.
    for moment in moments("teacher", minutes, settings.steps, settings.checks, WARM_UP_STEPS):
        if moment.is_check:
            _show_loss(moment, losses)
        if moment.done >= 1:
            break
        scene = draw_scenes(scenes, settings.batch, rng)
        mel = teacher.mel(scene.wave)
        with low_precision(device=scenes.device.type):
            output = teacher(mel)
        sounds, categories = output.sounds.float(), output.categories.float()
        loss = _labels(sounds, categories, scene, settings.weights.sounds)
        rate = moment.rate(settings.teacher_rate, WARM_UP_STEPS, LOWEST_SHARE)
        take_step(loss, [optimiser], teacher, rate)
        losses.append(loss.detach())
    return teacher.eval()


def distil_encoder(
    encoder: SoundEncoder,
    teacher: Teacher,
    scenes: Scenes,
    settings: Distillation,
    seed: int,
    after_check: Callable[[SoundEncoder], str] | None = None,
) -> SoundEncoder:
    """Return the encoder's first stage with a new tower and heads, distilled from the teacher.

    `after_check` receives the moving average at intervals and at the end, and returns what to
    print.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng([seed, 2])
    device = scenes.device
    new = type(encoder)(encoder.config)
    new.scale.load_state_dict(encoder.scale.state_dict())
    new.first.load_state_dict(encoder.first.state_dict())
    student = Student(
        new,
        teacher.published.width,
        teacher.published.config.classes,
    )
    student.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    mean = copy.deepcopy(student.encoder).requires_grad_(False)
    batches = DistillationBatches(teacher, scenes, settings, rng)
    steppers = optimisers(student, settings.rate, settings.decay)
    minutes = settings.minutes * (1 - settings.teacher_share)
    student.train()
    losses: list[Tensor] = []
    for moment in moments("recogniser", minutes, settings.steps, settings.checks, least_steps=1):
        if moment.is_check:
            _show_loss(moment, losses)
            if after_check is not None:
                tqdm.write(after_check(copy.deepcopy(mean).cpu().eval()))
        if moment.done >= 1:
            break
        loss = batches.draw().loss(student, settings.weights)
        rate = moment.rate(settings.rate, WARM_UP_STEPS, LOWEST_SHARE)
        take_step(loss, steppers, student, rate)
        losses.append(loss.detach())
        if moment.step % MEAN_EVERY == 0:
            keep = min(1 - 1 / MEAN_STEPS, moment.step / (moment.step + 10))
            follow(mean, student.encoder, keep**MEAN_EVERY)
    return mean.cpu().eval()


def _show_loss(moment: Moment, losses: list[Tensor]) -> None:
    loss = float(torch.stack(losses[-50:]).mean())
    moment.bar.set_postfix_str(f"step {moment.step} loss {loss:.3f}")


class DistillationBatches:
    """Draws scenes, with the outputs of teacher and published network for them."""

    def __init__(
        self, teacher: Teacher, scenes: Scenes, settings: Distillation, rng: Generator
    ) -> None:
        self._teacher = teacher
        self._scenes = scenes
        self._batch = settings.batch
        self._rng = rng
        self._log_mel = LogMel().to(scenes.device)
        some = draw_scenes(scenes, settings.batch, rng)
        with torch.no_grad():
            features, _ = teacher.published_output(teacher.mel(some.wave))
        # One scale for all: each by its own would give the rarest the most weight.
        self._spread = features.std(dim=0).mean()

    @torch.no_grad()
    def draw(self) -> DistillationBatch:
        """Draw the next batch."""
        scene = draw_scenes(self._scenes, self._batch, self._rng)
        mel = self._teacher.mel(scene.wave)
        with low_precision(device=self._scenes.device.type):
            output = self._teacher(mel)
            features, classes = self._teacher.published_output(mel)
        return DistillationBatch(
            hidden(self._log_mel(scene.wave)),
            scene,
            TeacherOutput(output.sounds.float(), output.categories.float()),
            features.float() / self._spread,
            torch.sigmoid(classes.float()),
        )


@dataclass(frozen=True)
class DistillationBatch:
    """One batch: `mel` (B, T, 64) of `scene`, and both networks' outputs for it."""

    mel: Tensor
    scene: Scene
    teacher: TeacherOutput
    features: Tensor
    classes: Tensor

    def loss(self, student: Student, weights: Weights) -> Tensor:
        """Return the student's loss against the labels and both networks' outputs."""
        with low_precision(device=self.mel.device.type):
            output, features, audioset = student(self.mel)
        sounds, categories = output.logits.float(), output.categories.float()
        from_labels = _labels(sounds, categories, self.scene, weights.sounds)
        from_teacher = self._agreement(sounds, categories, weights.sounds)
        loss = weights.labels * from_labels + (1 - weights.labels) * from_teacher
        loss = loss + weights.audioset * binary_cross_entropy(audioset.float(), self.classes)
        out: Tensor = loss + weights.features * (features.float() - self.features).square().mean()
        return out

    def _agreement(self, sounds: Tensor, categories: Tensor, weight: float) -> Tensor:
        loss = weight * binary_cross_entropy(sounds, torch.sigmoid(self.teacher.sounds))
        of = self.scene.categorised
        if of.any():
            ours, theirs = (
                torch.log_softmax(each[of] / TEMPERATURE, dim=1)
                for each in (categories, self.teacher.categories)
            )
            apart = kl_div(ours, theirs, reduction="batchmean", log_target=True)
            loss = loss + TEMPERATURE**2 * apart
        return loss


def hidden(mel: Tensor) -> Tensor:
    """Mask time spans and bands of half of the items with the item's mean (SpecAugment)."""
    batch, steps, bins = mel.shape
    masked = torch.zeros(batch, steps, bins, dtype=torch.bool, device=mel.device)
    for _ in range(MASKS):
        for size, widest, axis in ((steps, LONGEST_MASK * steps, 1), (bins, WIDEST_MASK, 2)):
            width = torch.rand(batch, 1, device=mel.device) * widest
            start = torch.rand(batch, 1, device=mel.device) * (size - width)
            at = torch.arange(size, device=mel.device)
            masked |= ((at >= start) & (at < start + width)).unsqueeze(3 - axis)
    masked &= torch.rand(batch, 1, 1, device=mel.device) < 0.5
    return torch.where(masked, mel.mean(dim=(1, 2), keepdim=True), mel)


def _labels(sounds: Tensor, categories: Tensor, scene: Scene, weight: float) -> Tensor:
    loss = weight * binary_cross_entropy(sounds[scene.known], scene.sounds[scene.known])
    of = scene.categorised
    if of.any():
        loss = loss + cross_entropy(categories[of], scene.categories[of])
    return loss


def draw_scenes(scenes: Scenes, batch: int, rng: Generator) -> Scene:
    """Draw scenes of one length, 2 to 5 s, with as many seconds in total as `batch` of 5 s."""
    seconds = int(rng.choice(SECONDS, p=SECONDS_SHARES))
    return scenes.draw(batch * SECONDS[-1] // seconds, seconds * RATE, rng)

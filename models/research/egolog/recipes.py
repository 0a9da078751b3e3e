"""One function per training step: load its inputs, train, save, and print the revision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.egolog.audio_encoder import AUDIO
from models.egolog.contrastive import ENCODERS, Encoders, Positive
from models.egolog.familiarity import FAMILIARITY, SCENARIO_FAMILIARITY
from models.egolog.har import HAR
from models.egolog.near_field import NEAR_FIELD
from models.egolog.scenario import SCENARIO, WITHOUT_CONTRASTIVE, WITHOUT_SEQUENCE
from models.recordings.datasets import real_motion
from models.recordings.shared_data import EFFICIENTAT, IMU
from models.research.egolog import activity_seconds as of_activity_seconds
from models.research.egolog import contrastive, imu_encoder, plain_features, real_activities
from models.research.egolog import familiarity as of_familiarity
from models.research.egolog import har as of_har
from models.research.egolog import motion_alone as of_motion_alone
from models.research.egolog import near_field as of_near_field
from models.research.egolog import scenario as of_scenario
from models.research.egolog import scenario_familiarity as of_scenario_familiarity
from models.research.egolog.audio import compact as of_compact
from models.research.egolog.audio import recipe as audio_recipe
from models.research.egolog.days.encoded import EncodedDays
from models.research.egolog.localization import listeners, two_ears, two_ears_on_cpu
from models.research.egolog.localization import training as of_localization
from models.research.egolog.localization.batched.training import Course
from models.research.egolog.localization.training import Means
from models.research.egolog.recogniser import recipe as of_recogniser
from models.research.lib.errors import ResearchError
from models.research.lib.fit import Fit
from models.serving.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from models.egolog.localization import Localization
    from models.egolog.scenario import ScenarioNet, Sequence
    from models.network.key import Key, N
    from models.recordings.datasets.real_motion import MotionWindows
    from models.recordings.splits import Split
    from models.research.egolog.context import LocalizationPart, TrainingContext

RATE = 2e-3
SHARING_RATE = 6e-4
COMPACT_RATE = 5e-4
MOTION_ALONE_RATE = 6e-4
# Of the time of localization. What is not a listener is the near-field mask.
LOCALIZATION_SHARES: dict[LocalizationPart, float] = {
    "binaural": 0.45,
    "mono": 0.1,
    "glasses": 0.15,
    "headphones": 0.15,
    "near_field": 0.15,
}


class TrainingError(ResearchError):
    """The data or weights that a training step needs are missing."""


# Chosen on validation: see docs/RESULTS.md for the other definition of a positive pair.
POSITIVE: Positive = "scenario"
# The shipped network and the two ablations of Table 2: file, sequence model, contrastive stage.
SCENARIO_NETWORKS: tuple[tuple[Key[ScenarioNet], Sequence, bool], ...] = (
    (SCENARIO, "transformer", True),
    (WITHOUT_SEQUENCE, "none", True),
    (WITHOUT_CONTRASTIVE, "none", False),
)


def audio(context: TrainingContext, minutes: float) -> None:
    """Train the sound encoder; it is trained on real recordings only."""
    if context.data is None:
        raise TrainingError("the sound encoder learns from ESC-50; expected EGOLOG_SHARED_DATA set")
    network = audio_recipe.train_shipped(context.data, context.cache, minutes, context.seed)
    _save(context, AUDIO, network)


def recogniser(context: TrainingContext, minutes: float) -> None:
    """Distil a network of EfficientAT into the sound encoder, on real recordings.

    The ablation without the contrastive stage is adapted to the new features.
    """
    if context.data is None or not (context.data / EFFICIENTAT).is_file():
        raise TrainingError(
            f"the recogniser is taught by EfficientAT; expected {EFFICIENTAT} in EGOLOG_SHARED_DATA"
        )
    both = context.encoders()
    both.audio = of_recogniser.train(both.audio, context.data, minutes, context.seed)
    _save_and_carry_over(context, both, "audio")


def encoders(context: TrainingContext, minutes: float) -> None:
    """Train the IMU encoder and save it with the trained sound encoder."""
    if context.registry.path(AUDIO).is_file():
        audio_encoder = context.registry.load(AUDIO).module
    else:
        # The shipped weights contain the sound encoder only as part of the encoders.
        audio_encoder = Registry().load(ENCODERS).module.audio
    real = check = None
    if context.data is not None:
        real = real_motion.read_everywhere(context.data / IMU, "train")
        check = real_motion.read_everywhere(context.data / IMU, "validation")
    trained_imu_encoder = imu_encoder.train(
        real, check, context.first_days, Fit(minutes, rate=2e-3), context.seed
    )
    both = Encoders()
    both.audio, both.imu = audio_encoder, trained_imu_encoder
    _save(context, ENCODERS, both.eval())


def motion(context: TrainingContext, minutes: float) -> None:
    """Continue training the IMU encoder on real wearers only; its contrastive copy is unchanged.

    The ablation without the contrastive stage is adapted to the new features.
    """
    real = check = None
    if context.data is not None:
        real = real_motion.read_everywhere(context.data / IMU, "train")
        check = real_motion.read_everywhere(context.data / IMU, "validation")
    if real is None or check is None:
        raise TrainingError("motion classes are real wearers'; expected EGOLOG_SHARED_DATA set")
    both, settings = context.encoders(), Fit(minutes, rate=1e-3)
    both.imu = imu_encoder.train(real, check, None, settings, context.seed, begin=both.imu)
    _save_and_carry_over(context, both.eval(), "imu")


def space(context: TrainingContext, minutes: float) -> None:
    """Train copies of the encoders to share a space of sound and motion (EgoLog §4.1.2)."""
    both = contrastive.train(
        context.encoders(),
        context.train_days,
        context.validation_days,
        POSITIVE,
        Fit(minutes, rate=SHARING_RATE),
        context.seed,
    )
    _save(context, ENCODERS, both)


def compact(context: TrainingContext, minutes: float) -> None:
    """Compress the shared tower, and adapt it to processing single seconds.

    An already compact tower is left unchanged, as its targets are features of whole stretches.
    """
    before = context.encoders()
    if before.config.shared_rank < 1:
        print("compact: the shared tower is compact already")
        return
    fit = Fit(minutes, rate=COMPACT_RATE)
    _save(context, ENCODERS, of_compact.train(before, context.train_days, fit, context.seed))


def scenario(context: TrainingContext, minutes: float) -> None:
    """Train the scenario network and its ablations, with equal time for each."""
    shared = context.encoders().space
    days, check = context.encoded_days()
    fit = Fit(minutes / len(SCENARIO_NETWORKS), rate=RATE, steps=context.steps)
    for key, sequence, sharing in SCENARIO_NETWORKS:
        network = of_scenario.train(
            days if sharing else days.plain(),
            check if sharing else check.plain(),
            shared,
            fit,
            context.seed,
            sequence=sequence,
            key_frames=sharing,
        )
        _save(context, key, network)


def har(context: TrainingContext, minutes: float) -> None:
    """Train the activity network, with and without far sounds."""
    days, check = context.encoded_days()
    days = EncodedDays.concatenate([days, context.near()])
    network = of_har.train(days, check, context.text(), Fit(minutes, rate=RATE), context.seed)
    _save(context, HAR, network)


def motion_alone(context: TrainingContext, minutes: float) -> None:
    """Continue training the activity network for motion without sound; needs real wearers."""
    shown = outside = None
    if context.data is not None:
        shown = real_activities.read(context.data / IMU, "train")
        outside = real_motion.read_outside(context.data / IMU, "train")
    if shown is None or outside is None:
        raise TrainingError("motion alone is real wearers'; expected EGOLOG_SHARED_DATA set")
    encoders = context.encoders()
    real = of_motion_alone.RealWindows(
        of_familiarity.motion_features(encoders, shown.imu),
        shown.targets,
        shown.sampling,
        of_familiarity.motion_features(encoders, outside.imu),
    )
    days, check = context.encoded_days()
    composed = of_motion_alone.ComposedWindows(
        of_har.of_days(EncodedDays.concatenate([days, context.near()])),
        of_har.of_days(check),
        of_motion_alone.silence(encoders),
    )
    network = of_motion_alone.train(
        context.registry.load(HAR).module,
        context.text(),
        composed,
        real,
        Fit(minutes, rate=MOTION_ALONE_RATE, steps=of_motion_alone.STEPS),
        context.seed,
    )
    _save(context, HAR, network)


def activity_seconds(context: TrainingContext, minutes: float) -> None:
    """Train what a window's seconds add to its activity, above the fusion made so far."""
    encoders, text = context.encoders(), context.text()
    network = of_activity_seconds.with_new_seconds(context.registry.load(HAR).module)
    examples = of_activity_seconds.examples_of_days(network, text, encoders, context.train_days)
    settings = Fit(minutes, rate=of_activity_seconds.RATE)
    of_activity_seconds.train(
        network, text, of_motion_alone.silence(encoders), examples, settings, context.seed
    )
    _save(context, HAR, network)


def familiarity(context: TrainingContext, minutes: float) -> None:
    """Fit the familiarity of motion; needs real wearers, and has no time limit."""
    del minutes
    wearers = _wearers(context, real_motion.read)
    made = of_familiarity.fit(
        context.encoders(),
        context.registry.load(HAR).module,
        context.text(),
        wearers,
        _wearers(context, real_motion.read_everywhere),
        of_har.of_days(context.encoded_validation()),
    )
    _save(context, FAMILIARITY, made)


def scenario_familiarity(context: TrainingContext, minutes: float) -> None:
    """Fit the familiarity of a scenario window's motion; needs real wearers."""
    del minutes
    train, check = _wearers(context, real_motion.read)
    encoders = context.encoders()
    made = of_scenario_familiarity.fit(
        encoders,
        context.registry.load(SCENARIO).module,
        train,
        check,
        of_scenario.cut_windows(context.encoded_validation(), encoders.space),
    )
    _save(context, SCENARIO_FAMILIARITY, made)


def _wearers(
    context: TrainingContext, read: Callable[[Path, Split], MotionWindows | None]
) -> of_familiarity.WearerWindows:
    """Return the windows of real training and validation users."""
    train = check = None
    if context.data is not None:
        train = read(context.data / IMU, "train")
        check = read(context.data / IMU, "validation")
    if train is None or check is None:
        raise TrainingError("familiarity is to real wearers; expected EGOLOG_SHARED_DATA set")
    return of_familiarity.WearerWindows(train, check)


def localization(context: TrainingContext, minutes: float) -> None:
    """Train the localization networks and the near-field mask, or those in `context.parts`."""
    if context.data is None:
        raise TrainingError("localization learns from real ears; expected EGOLOG_SHARED_DATA set")
    means = Means(context.clips, context.jobs, context.device)
    shares = {part: LOCALIZATION_SHARES[part] for part in context.parts or LOCALIZATION_SHARES}
    for part, share in shares.items():
        own_minutes = minutes * share / sum(shares.values())
        if part == "near_field":
            settings = Fit(own_minutes, rate=2e-3)
            near = of_near_field.train(context.data, context.cache, settings, context.seed)
            _save(context, NEAR_FIELD, near)
            continue
        key = listeners.WEIGHTS[part]
        start = context.registry.load(key).module if context.further else None
        if part == "binaural":
            _save(context, key, _binaural(context, context.data, own_minutes, start))
            continue
        network = of_localization.train(
            context.data,
            context.cache,
            Fit(own_minutes, rate=1e-3 if context.further else 2e-3),
            context.seed,
            part,
            means,
            start,
        )
        _save(context, key, network)


def _binaural(
    context: TrainingContext, data: Path, minutes: float, start: Localization | None
) -> Localization:
    if context.device == "cpu":
        return two_ears_on_cpu.train(
            data, context.cache, minutes, context.seed, context.clips, context.jobs, start
        )
    worlds = two_ears.read_worlds(data, context.device, context.jobs)
    rate = two_ears.RATE if start is None else two_ears.RATE_FURTHER
    return two_ears.train(worlds, Course(minutes, rate, context.seed), start)


def _save_and_carry_over(
    context: TrainingContext, both: Encoders, modality: plain_features.Modality
) -> None:
    before, made = context.encoders(), None
    if context.registry.path(WITHOUT_CONTRASTIVE).is_file():
        ablation = context.registry.load(WITHOUT_CONTRASTIVE).module
        segments = plain_features.draw_segments(context.first_days, modality, context.seed)
        shown = [plain_features.of(each, modality, segments) for each in (before, both)]
        made = plain_features.carried_over(ablation, modality, *shown)
    # Together, for who ends this while days are composed.
    _save(context, ENCODERS, both)
    if made is not None:
        _save(context, WITHOUT_CONTRASTIVE, made)


def _save(context: TrainingContext, key: Key[N], module: N) -> None:
    saved = context.registry.save(key, module, half=True)
    print(f"saved {context.registry.path(key)} revision {saved.revision}")

"""Rules of the plugged-in recogniser: on random weights of the published shapes, and the real."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from scipy import signal

from infra.daily_log.records import Log, LogScenario
from models.egolog.audio_tagger.parents import PARENTS
from models.features import FeatureError, Features
from models.labels import CATEGORIES
from models.recordings.datasets import esc50
from models.recordings.shared_data import ESC50
from models.research.evaluation.sounds.audio_tagger import PARENT_OF_CATEGORY
from models.serving.audio_tagger import (
    TAGGER_MEL,
    AudioTagger,
    AudioTaggerError,
    TaggerFeatures,
    open_audio_tagger,
)
from models.serving.predict import PredictError, ScenarioInput, ScenarioRecognizer
from operators.prompting import load_template, messages
from operators.scenario_record import scenario_record
from operators.windowing import Windower, WindowingConfig
from schemas import AudioFrame, ScenarioEstimate, Vector, Window
from schemas.frames import NS
from streams.engine.features import feature, presence
from streams.web.timeline import timeline
from tests.models import fresh
from tests.models.research.papers.pretrained import small_files
from tests.shared_data import shared_data

if TYPE_CHECKING:
    from pathlib import Path

RATE = 16_000
SMALL = 0.01
SECOND = np.ones(RATE, dtype=bool)


def random_weights() -> dict[str, torch.Tensor]:
    """Random weights of mn04 that do not drive every probability to 0 or 1."""
    tensors = small_files.efficientat()
    return tensors | {"classifier.5.weight": tensors["classifier.5.weight"] * SMALL}


@pytest.fixture(scope="module")
def random_tagger(tmp_path_factory: pytest.TempPathFactory) -> AudioTagger:
    path = tmp_path_factory.mktemp("weights") / "mn04_as.pt"
    torch.save(random_weights(), path)
    return open_audio_tagger(path)


@pytest.fixture(scope="module")
def recognizer(
    random_tagger: AudioTagger, tmp_path_factory: pytest.TempPathFactory
) -> ScenarioRecognizer:
    registry = fresh.registry(tmp_path_factory.mktemp("registry"))
    return ScenarioRecognizer(registry, sound_event_above=0.0, tagger=random_tagger)


@pytest.fixture(scope="module")
def genuine() -> AudioTagger:
    path = shared_data() / "reference" / "efficientat_mn04_as.pt"
    if not path.is_file():
        pytest.skip(f"no {path}")
    return open_audio_tagger(path)


def sound(seed: int, seconds: int, channels: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (0.1 * rng.standard_normal((channels, seconds * RATE))).astype(np.float32)


def tagger_mel(wave: np.ndarray) -> np.ndarray:
    features = TaggerFeatures()
    slices = np.split(wave, wave.shape[1] // RATE, axis=1)
    return np.concatenate([features.audio(part, RATE, SECOND)[TAGGER_MEL] for part in slices])


def item(seed: int, arrived: np.ndarray | None = None) -> ScenarioInput:
    present = np.ones(30, dtype=bool) if arrived is None else arrived
    mel = np.random.default_rng(seed).uniform(5, 20, (1500, 64)).astype(np.float16)
    tagged = np.random.default_rng(seed).uniform(-1.4, 1.0, (3000, 128)).astype(np.float16)
    tagged[~np.repeat(present, 100)] = 0.0
    return ScenarioInput(mel, None, present, np.zeros(30, dtype=bool), tagger_mel=tagged)


def test_the_revision_is_the_start_of_the_files_hash(tmp_path: Path) -> None:
    first, second = tmp_path / "a.pt", tmp_path / "b.pt"
    torch.save(small_files.efficientat(), first)
    second.write_bytes(first.read_bytes())
    revision = open_audio_tagger(first).revision
    assert len(revision) == 12
    assert open_audio_tagger(second).revision == revision
    torch.save({**small_files.efficientat(), "classifier.5.bias": torch.ones(527)}, second)
    assert open_audio_tagger(second).revision != revision


def broken(path: Path, fault: str) -> Path:
    """Write a file with a fault, and return where."""
    tensors = small_files.efficientat()
    if fault == "missing":
        return path
    if fault == "folder":
        path.mkdir()
    elif fault == "another network":
        torch.save(small_files.limu_bert(), path)
    elif fault == "a key less":
        del tensors["features.3.block.1.0.weight"]
        torch.save(tensors, path)
    elif fault == "other classes":
        tensors |= {k: v[:50] for k, v in tensors.items() if k.startswith("classifier.5")}
        torch.save(tensors, path)
    elif fault == "text":
        path.write_text("version https://git-lfs.github.com/spec/v1")
    else:
        torch.save(tensors, path)
        path.write_bytes(path.read_bytes()[:100_000])
    return path


@pytest.mark.parametrize(
    ("fault", "name", "line"),
    [
        ("missing", "mn04_as.pt", "weights .*mn04_as.pt do not exist"),
        ("folder", "mn04_as.pt", "weights .*mn04_as.pt do not exist"),
        ("another network", "mn04_as.pt", r"lack 'features\.16\.1\.weight'; expected the official"),
        ("a key less", "mn04_as.pt", r"lack 'features\.3\.block\.1\.0\.weight' of shape"),
        ("other classes", "mn04_as.pt", "name 50 classes; expected AudioSet's 527"),
        ("text", "mn04_as.pt", "cannot be read .*expected an undamaged file of tensors alone"),
        ("truncated", "mn04_as.pt", "cannot be read .*expected an undamaged file of tensors alone"),
        ("missing", "mn04_as.onnx", r"another suffix; expected \.pt, \.pth, \.safetensors"),
        ("missing", "mn10_as_hop_15_mAP_463.pt", "variant 'hop_15'; expected one that names"),
        ("missing", "mn10_as_mels_40_mAP_453.pt", "variant 'mels_40'"),
        ("missing", "mn10_as_fc_s2221_mAP_466.pt", "variant 's2221'"),
        ("missing", "mn10_im.pt", "variant 'im'"),
    ],
)
def test_a_wrong_file_is_one_line(tmp_path: Path, fault: str, name: str, line: str) -> None:
    path = broken(tmp_path / name, fault)
    with pytest.raises(AudioTaggerError, match=line) as raised:
        open_audio_tagger(path)
    assert str(raised.value).startswith("audio tagger: weights ")
    assert "\n" not in str(raised.value)


def test_the_other_features_are_the_same_bits_with_a_tagger() -> None:
    wave = sound(0, 1, channels=2)
    own = Features().audio(wave, RATE, SECOND)
    both = TaggerFeatures().audio(wave, RATE, SECOND)
    assert set(both) == {*own, TAGGER_MEL}
    for name, values in own.items():
        assert both[name].tobytes() == values.tobytes()
    motion = np.ones((50, 6), dtype=np.float32)
    there = np.ones(50, dtype=bool)
    imu = TaggerFeatures().imu(motion, 50.0, there)
    np.testing.assert_array_equal(imu["imu"], Features().imu(motion, 50.0, there)["imu"])


def test_a_second_of_sound_is_a_hundred_steps_at_any_rate() -> None:
    t16, t48 = np.arange(16_000) / 16_000, np.arange(48_000) / 48_000
    features = TaggerFeatures()
    low, high = (
        features.audio(
            (0.3 * np.sin(2 * np.pi * 1_000 * t))[None].astype(np.float32),
            len(t),
            np.ones(len(t), dtype=bool),
        )[TAGGER_MEL].astype(np.float32)
        for t in (t16, t48)
    )
    assert low.shape == high.shape == (100, 128)
    band = int(high.mean(axis=0).argmax())
    assert band == int(low.mean(axis=0).argmax())
    np.testing.assert_allclose(low[5:-5, band], high[5:-5, band], atol=0.01)


def test_channels_count_by_their_mean_power() -> None:
    one = sound(1, 1)
    features = TaggerFeatures()
    opposed = features.audio(np.concatenate([one, -one]), RATE, SECOND)[TAGGER_MEL]
    alone = features.audio(one, RATE, SECOND)[TAGGER_MEL]
    np.testing.assert_allclose(
        opposed.astype(np.float32), alone.astype(np.float32), atol=2e-3, rtol=2e-3
    )


def test_the_front_end_gives_the_same_bits_at_any_address() -> None:
    wave = sound(2, 1)
    raw = np.zeros(wave.nbytes + 4, dtype=np.uint8)[4:].view(np.float32).reshape(wave.shape)
    raw[...] = wave
    features = TaggerFeatures()
    first = features.audio(wave, RATE, SECOND)[TAGGER_MEL]
    assert features.audio(raw, RATE, SECOND)[TAGGER_MEL].tobytes() == first.tobytes()


def test_a_slice_that_does_not_fit_is_refused() -> None:
    with pytest.raises(FeatureError, match="expected 8000 to 192000 Hz"):
        TaggerFeatures().audio(sound(0, 1), 4_000, SECOND)


def test_seconds_that_never_came_are_silence(random_tagger: AudioTagger) -> None:
    mel = torch.from_numpy(tagger_mel(sound(3, 10))).float()
    arrived = torch.tensor([True] * 3 + [False] * 7)
    silent = torch.from_numpy(tagger_mel(np.zeros((1, 2 * RATE), np.float32))).float()
    with torch.inference_mode():
        lost = random_tagger.events(mel * arrived.repeat_interleave(100)[:, None], arrived)
        padded = torch.cat([mel[:300], silent])
        first = random_tagger.events(padded, torch.ones(5, dtype=torch.bool))
        nothing = random_tagger.events(torch.zeros(500, 128), torch.zeros(5, dtype=torch.bool))
    torch.testing.assert_close(lost, first, atol=1e-4, rtol=1e-3)
    assert not nothing.any()


def test_a_window_is_as_likely_to_hold_an_event_as_its_likeliest_segment(
    random_tagger: AudioTagger,
) -> None:
    mel = torch.from_numpy(tagger_mel(sound(4, 10))).float()
    five = torch.ones(5, dtype=torch.bool)
    with torch.inference_mode():
        parts = [random_tagger.events(part, five) for part in mel.split(500)]
        both = random_tagger.events(mel, torch.ones(10, dtype=torch.bool))
    torch.testing.assert_close(both, torch.maximum(*parts), atol=1e-4, rtol=1e-3)
    assert (parts[0] - parts[1]).abs().max() > 1e-2


def test_a_tagger_names_the_sound_events_and_nothing_else_changes(
    recognizer: ScenarioRecognizer,
    random_tagger: AudioTagger,
    tmp_path: Path,
) -> None:
    plain = ScenarioRecognizer(fresh.registry(tmp_path), sound_event_above=0.0)
    one = item(0)
    [tagged], [own] = recognizer.predict([one]), plain.predict([one])
    assert set(tagged.sound_events) <= set(PARENTS)
    assert len(tagged.sound_events) == 5
    assert tagged.revision == f"{own.revision}+{random_tagger.revision}"
    assert (tagged.scenarios, tagged.key_frames, tagged.motion) == (
        own.scenarios,
        own.key_frames,
        own.motion,
    )
    assert tagged.embeddings.tobytes() == own.embeddings.tobytes()
    [without] = recognizer.predict([replace(one, tagger_mel=None)])
    assert (without.sound_events, without.revision) == (own.sound_events, own.revision)


def test_what_is_tagged_does_not_depend_on_company(recognizer: ScenarioRecognizer) -> None:
    items = [item(0), item(1, np.arange(30) % 7 > 2), item(2, np.zeros(30, dtype=bool)), item(3)]
    alone = [recognizer.predict([each])[0].sound_events for each in items]
    assert [each.sound_events for each in recognizer.predict(items[::-1])[::-1]] == alone
    assert alone[2] == {}


def test_log_mel_of_another_length_is_refused(recognizer: ScenarioRecognizer) -> None:
    one = item(0)
    assert one.tagger_mel is not None
    with pytest.raises(PredictError, match=r"tagger_mel has shape \(2900, 128\); expected \(3000"):
        recognizer.predict([replace(one, tagger_mel=one.tagger_mel[100:])])
    short = replace(
        one,
        mel=None,
        audio_mask=np.ones(4, dtype=bool),
        imu_mask=np.zeros(4, dtype=bool),
        tagger_mel=one.tagger_mel[:400],
    )
    with pytest.raises(PredictError, match="n a multiple of 5"):
        recognizer.predict([short])


# Categories that mn04 knows well.
CLEAR = (
    "dog",
    "rooster",
    "rain",
    "toilet_flush",
    "thunderstorm",
    "coughing",
    "keyboard_typing",
    "siren",
    "train",
    "church_bells",
    "clock_tick",
    "sea_waves",
)


def clips(count: int) -> list[tuple[str, esc50.Clip]]:
    """The first `count` clips of each category in the test fold."""
    folder = shared_data() / ESC50
    if not (folder / "esc50.csv").is_file():
        pytest.skip(f"no ESC-50 in {folder}")
    ours = esc50.clips(folder, "test")
    return [
        (PARENT_OF_CATEGORY[category], clip)
        for category in CLEAR
        for clip in [c for c in ours if CATEGORIES[c.category] == category][:count]
    ]


def test_genuine_weights_name_real_clips_by_their_parents(genuine: AudioTagger) -> None:
    right = []
    for parent, clip in clips(3):
        mel = torch.from_numpy(tagger_mel(esc50.waveform(clip)[None])).float()
        with torch.inference_mode():
            events = genuine.events(mel, torch.ones(5, dtype=torch.bool))
        right.append(PARENTS[int(events.argmax())] == parent)
    assert len(right) == 36
    assert sum(right) >= 32


def streamed(wave: np.ndarray, rate: int) -> Window:
    """The scenario window of a wave of 30 s, from frames of one second on."""
    windower: Windower[int] = Windower(WindowingConfig(), TaggerFeatures())
    start = 1_772_438_400 * NS
    samples = (wave * 32767).astype("<i2")
    windows: list[Window] = []
    for number in range(30):
        frame = AudioFrame(
            device_id="d",
            session_id="s",
            seq=number,
            t_ns=start + number * NS,
            sample_rate=rate,
            channels=1,
            codec="pcm_s16le",
            samples=samples[number * rate : (number + 1) * rate].tobytes(),
            streams=["audio"],
            final=number == 29,
        )
        windows += windower.push(frame, number).windows
    [window] = [each for each in windows if each.kind == "scenario"]
    return window


def test_what_is_heard_comes_from_the_frames_into_record_prompt_and_page(
    genuine: AudioTagger, tmp_path: Path
) -> None:
    [dog] = [clip for parent, clip in clips(1) if parent == "dog"]
    at_44k = signal.resample_poly(esc50.waveform(dog), 441, 160).astype(np.float32)
    window = streamed(np.tile(np.clip(at_44k, -1, 1), 6), 44_100)
    recognizer = ScenarioRecognizer(fresh.registry(tmp_path), tagger=genuine)
    [output] = recognizer.predict(
        [
            ScenarioInput(
                feature(window, "mel"),
                None,
                presence(window, "audio"),
                presence(window, "imu"),
                tagger_mel=feature(window, TAGGER_MEL),
            )
        ]
    )
    assert max(output.sound_events, key=lambda name: output.sound_events[name]) == "dog"
    estimate = ScenarioEstimate(
        device_id=window.device_id,
        window_id=window.window_id,
        session_id=window.session_id,
        start_ns=window.start_ns,
        end_ns=window.end_ns,
        revision=output.revision,
        coverage=window.coverage,
        scenarios=output.scenarios,
        key_frames=output.key_frames,
        sound_events=output.sound_events,
        motion=output.motion,
        embeddings=Vector.of(output.embeddings, "<f2"),
        parts=window.parts,
    )
    record = scenario_record(estimate, [], [], [], 0.5)
    assert record.sound_events["dog"] > 0.3
    assert record.revision.split("+")[2] == genuine.revision
    chat = messages(load_template(), record, list(record.scenarios))
    assert f"<dog, {record.sound_events['dog']:.2f}>" in chat[-1]["content"]
    page = timeline(Log.of([LogScenario(**record.model_dump(), refined=None)], []), 0, 0.5)
    assert page["scenarios"][0]["sounds"][0] == ("dog", round(record.sound_events["dog"], 3))

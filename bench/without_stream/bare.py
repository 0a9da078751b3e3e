"""The bare loop: only the features and networks, on arrays in memory."""

from __future__ import annotations

from dataclasses import dataclass
from time import thread_time
from typing import TYPE_CHECKING

import numpy as np

from bench.without_stream.networks import Networks
from models.egolog.microphone_balance import MicrophoneBalance
from models.features import Features
from models.lanhar.upright import Upright
from models.network.windows import HAR_WINDOW_S, SCENARIO_WINDOW_S
from models.serving.predict import HarInput, LocalizerInput, ScenarioInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.load.recording import ArrayRecording
    from infra.settings import Settings

_FULL_SCALE = np.float32(32_768)


@dataclass(frozen=True)
class BareRun:
    """CPU ms per wearer-second of the whole loop, and of each stage."""

    ms: float
    stages_ms: dict[str, float]


class BareLoop:
    """Runs all windows of a recording in order on the caller's thread."""

    def __init__(self, settings: Settings, recording: ArrayRecording) -> None:
        self._networks = Networks(settings)
        self._features = Features()
        self._recording = recording
        self._run(SCENARIO_WINDOW_S)

    def run(self, first_sample: int) -> BareRun:
        """Run whole scenario windows of the recording, with its sound from `first_sample` on.

        Networks cache results by content, so runs should start at different samples.
        """
        self._recording = self._recording.from_sample(first_sample)
        whole_s = int(self._recording.duration_s) // SCENARIO_WINDOW_S * SCENARIO_WINDOW_S
        return self._run(whole_s)

    def _run(self, seconds: int) -> BareRun:
        self._networks.seconds.clear()
        features_s = 0.0
        began = thread_time()
        for window in range(0, seconds, SCENARIO_WINDOW_S):
            features_s += self._scenario(window)
        whole_s = thread_time() - began
        stages = {"features": features_s, **self._networks.seconds}
        return BareRun(
            1e3 * whole_s / seconds, {name: 1e3 * s / seconds for name, s in stages.items()}
        )

    def _scenario(self, first: int) -> float:
        """Run one scenario window and the shorter ones in it; return the CPU s of features."""
        mels, imus, features_s = [], [], 0.0
        upright, balance = Upright(), MicrophoneBalance()
        memory: Sequence[float] = ()
        for second in range(first, first + SCENARIO_WINDOW_S):
            began = thread_time()
            sound, motion = self._second(second)
            features_s += thread_time() - began
            balance = balance.after(sound["maps"])
            self._networks.localize(LocalizerInput(balance.correct(sound["maps"]), motion))
            mels.append(sound["mel"])
            imus.append(motion)
            if (second + 1) % HAR_WINDOW_S == 0:
                mel, imu = (np.concatenate(part[-HAR_WINDOW_S:]) for part in (mels, imus))
                self._networks.activity(HarInput(mel, imu))
                upright = upright.after(imu)
                ranked = self._networks.rank(imu, upright.cosine(imu), memory, float(second))
                memory = ranked.memory
        all_ = np.ones(SCENARIO_WINDOW_S, dtype=bool)
        self._networks.scenario(
            ScenarioInput(np.concatenate(mels), np.concatenate(imus), all_, all_)
        )
        return features_s

    def _second(self, second: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
        rates = self._recording.rates
        samples = self._recording.samples[second * rates.audio : (second + 1) * rates.audio]
        motion = self._recording.motion[second * rates.imu : (second + 1) * rates.imu]
        scaled = samples.T.astype(np.float32) / _FULL_SCALE
        sound = self._features.audio(scaled, rates.audio, np.ones(len(samples), dtype=bool))
        laid = self._features.imu(motion, rates.imu, np.ones(len(motion), dtype=bool), seconds=1.0)
        return sound, laid["imu"]

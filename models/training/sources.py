"""Where training data comes from: seeds that share nothing, and the real data if it is there."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from models import esc50
from models.features import Features
from models.training import real_motion
from models.training.clips import Clips, Kind, Material, clips, joined
from models.training.recorded import SoundBank, read_cipic

ENVIRONMENT = "EGOLOG_SHARED_DATA"
# Seeds of the splits lie this far apart, so no clip of one is ever drawn for another.
_SPLIT_SEEDS: dict[esc50.Split, int] = {
    "train": 1_000_000,
    "validation": 2_000_000,
    "test": 3_000_000,
}
_SEED_STRIDE = 100_000


def shared_data() -> Path | None:
    """Return the folder of real recordings, by the environment or beside the repository."""
    named = os.environ.get(ENVIRONMENT)
    folder = Path(named) if named else Path(__file__).parents[2].parent / "shared" / "data"
    return folder if (folder / "audio").is_dir() else None


@dataclass(frozen=True)
class Sources:
    """Draws clips and reads recordings of one split; `data` None leaves the recordings out."""

    split: esc50.Split
    seed: int
    cache: Path
    data: Path | None

    def simulated(self, kind: Kind, count: int) -> Clips:
        """Return clips of synthesised sounds and drawn ears."""
        return clips(kind, self._seeds(count), Material(), self.cache)

    def composed(self, kind: Kind, count: int) -> Clips | None:
        """Return clips with recorded sounds and ears among them, or None without real data."""
        if self.data is None:
            return None
        recorded = Material(
            "recorded",
            SoundBank.read(self.data / "audio" / "esc50_16k", self.split),
            read_cipic(self.data / "hrtf" / "cipic_16khz.npz", self.split),
        )
        return clips(kind, self._seeds(count), recorded, self.cache)

    def both(self, kind: Kind, count: int) -> Clips:
        """Return `count` clips, half of them with recorded sounds and ears where there are any."""
        if self.data is None:
            return self.simulated(kind, count)
        composed = self.composed(kind, count - count // 2)
        return joined([self.simulated(kind, count // 2), *([composed] if composed else [])])

    def sounds(self) -> esc50.Sounds | None:
        """Return the ESC-50 clips of this split, or None without real data."""
        if self.data is None:
            return None
        return esc50.read(self.data / "audio" / "esc50_16k", self.split, Features())

    def motion(self) -> real_motion.Motion | None:
        """Return the real wearers' motion of this split, or None without real data."""
        return None if self.data is None else real_motion.read(self.data / "imu", self.split)

    def _seeds(self, count: int) -> range:
        start = _SPLIT_SEEDS[self.split] + (self.seed % 9) * _SEED_STRIDE
        return range(start, start + count)

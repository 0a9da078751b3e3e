"""The material of composed days: sounds, ears and motion of one split, or simulated ones."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from models.recordings.datasets import esc50
from models.recordings.shared_data import CIPIC, ESC50, IMU, SPEECH
from models.recordings.splits import Split, Splits
from models.recordings.unseen import unseen
from models.simulation.acoustics.sounds import SoundSource, synthesise
from models.simulation.sources.measured import EARS_REVISION, SoundBank, read_cipic, read_speech
from models.simulation.sources.motion_bank import MotionBank

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from models.simulation.acoustics.ears import Ears


@dataclass(frozen=True)
class Material:
    """Sources of sound, ears and motion; what is None or empty is simulated.

    With `elsewhere` the IMU is sometimes worn at the waist, in the pocket or at the wrist.
    """

    name: str = "simulated"
    sounds: SoundSource = synthesise
    ears: Sequence[Ears] = ()
    motions: MotionBank | None = None
    elsewhere: bool = True

    @classmethod
    def read(
        cls,
        data: Path | None,
        split: Split | Splits,
        real_share: float = 1.0,
        elsewhere: bool = True,
    ) -> Material:
        """Read the available parts of a folder laid out like the recordings'.

        `real_share` of the sounds that have recordings are played from them; speakers are of the
        same split as everything else.
        """
        if data is None:
            return cls()
        parts = Splits.of(split)
        speech = read_speech(data / SPEECH, parts.speech)
        sounds: SoundSource = synthesise
        if (data / ESC50 / esc50.TABLE).is_file():
            sounds = SoundBank.read(data / ESC50, parts.sounds, real_share, speech)
        elif speech:
            sounds = SoundBank({"speech": speech}, real_share)
        ears: Sequence[Ears] = (
            read_cipic(data / CIPIC, parts.ears) if (data / CIPIC).is_file() else ()
        )
        bank = MotionBank.read(data / IMU, parts.motion) if (data / IMU).is_dir() else None
        named = split if isinstance(split, str) else "unseen"
        name = f"composed-{named}-{real_share:g}{'-speech' if speech else ''}"
        if ears:
            name = f"{name}-{EARS_REVISION}"
        return cls(name, sounds, ears, bank if bank and bank.users else None, elsewhere)


def unseen_material(data: Path | None) -> Material:
    """Return the part of the folder `data` that the shipped weights have not seen, named after it.

    The name keeps the cached days of two folders apart.
    """
    splits = unseen(data) if data is not None else Splits.of("test")
    material = Material.read(data, splits, elsewhere=False)
    place = data.resolve().as_posix().replace("/", "-") if data is not None else "simulated"
    return replace(material, name=f"{material.name}{place}")


def missing(data: Path) -> list[str]:
    """Return the parts of the layout that `data` lacks."""
    wanted = [
        ESC50 / esc50.TABLE,
        CIPIC,
        IMU / "classyglass_50hz.npz",
        IMU / "classyglass_windows.npz",
    ]
    return [str(path) for path in wanted if not (data / path).is_file()]

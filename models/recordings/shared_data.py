"""The folder of real recordings, from the environment or beside the repository."""

from __future__ import annotations

import os
from pathlib import Path

ENVIRONMENT = "EGOLOG_SHARED_DATA"

# Parts of a folder of recordings.
ESC50 = Path("audio") / "esc50_16k"
URBANSOUND8K = Path("audio") / "urbansound8k_16k"
SPEECH = Path("audio") / "speech_digits_16k"
HRTF = Path("hrtf")
CIPIC = HRTF / "cipic_16khz.npz"
KEMAR = HRTF / "MIT_KEMAR_normal_pinna.sofa"
IMU = Path("imu")
EFFICIENTAT = Path("reference") / "efficientat_mn04_as.pt"


def data_folder(named: Path | None) -> Path | None:
    """Return the folder of data sets: `named` by the user, else by the environment.

    Either may not exist, so that the command can report it; without both it is `shared_data`.
    """
    if named is not None:
        return named
    environment = os.environ.get(ENVIRONMENT)
    return Path(environment) if environment else shared_data()


def shared_data() -> Path | None:
    """Return the folder of real recordings, or None."""
    named = os.environ.get(ENVIRONMENT)
    folder = Path(named) if named else Path(__file__).parents[2].parent / "shared" / "data"
    return folder if (folder / "audio").is_dir() else None

"""Compose labelled days from real sounds, ears and motion: `python -m models.simulation --out DIR`.

Each day becomes a folder that `replay folder:DIR/NAME` plays: FLAC sound, CSV motion, truth beside
them. Only recordings of the chosen part are used, so that a day of the test part holds no clip,
ear or user that anything was trained on.
"""

from __future__ import annotations

import argparse
import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import soundfile
from tqdm import tqdm

from models.recordings.shared_data import shared_data
from models.recordings.splits import Splits, unseen
from models.simulation.composed_day import DEVICES, ComposedDay
from models.simulation.sources.material import Material, missing
from schemas.frames import NS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.recordings.protocol import Recording

CHUNK_S = 30.0


def write(recording: Recording, folder: Path) -> None:
    """Write a recording with sound and motion as a folder of plain files."""
    folder.mkdir(parents=True, exist_ok=True)
    if recording.sample_rate is None or recording.channels is None or recording.imu_rate is None:
        raise ValueError(f"recording {recording.name!r} lacks sound or motion; expected both")
    start = datetime.fromtimestamp(recording.start_ns / NS, UTC)
    stamp = start.strftime("%Y-%m-%dT%H-%M-%SZ")
    with soundfile.SoundFile(
        folder / f"{stamp}.flac", "w", recording.sample_rate, recording.channels, "PCM_16"
    ) as sound:
        chunks = recording.audio(CHUNK_S)
        total = -(-int(recording.duration_s) // int(CHUNK_S))
        for chunk in tqdm(chunks, desc=recording.name, total=total, unit="chunk", mininterval=2):
            sound.write(chunk.samples)
    with (folder / "imu.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        axes = [f"{kind}_{axis}_{unit}" for kind, unit in _SENSORS for axis in "xyz"]
        rows.writerow(["time_s", *axes])
        done = 0
        for part in recording.imu(CHUNK_S):
            values = np.concatenate([part.acc, part.gyro], axis=1)
            for row in values:
                # Nine digits are as many as float32 needs to come back the same.
                rows.writerow([f"{done / recording.imu_rate:.4f}", *(f"{v:.9g}" for v in row)])
                done += 1
    with (folder / "truth.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["start_s", "end_s", "kind", "label", "region"])
        for span in recording.truth():
            begin, end = ((t - recording.start_ns) / NS for t in (span.start_ns, span.end_ns))
            rows.writerow([f"{begin:g}", f"{end:g}", span.kind, span.label, span.region or ""])
    described = {
        "device_id": recording.device_id,
        "session_id": recording.session_id,
        "start": start.isoformat(),
    }
    (folder / "recording.json").write_text(json.dumps(described, indent=2))


_SENSORS = (("acc", "m_s2"), ("gyro", "rad_s"))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m models.simulation", description=__doc__)
    parser.add_argument(
        "--out", type=Path, required=True, help="output folder, one subfolder per day"
    )
    parser.add_argument("--data", type=Path, help="folder of recordings (default: the shared ones)")
    parser.add_argument("--seed", type=int, default=0, help="random seed of the first day")
    parser.add_argument("--days", type=int, default=1, help="number of days")
    parser.add_argument("--minutes", type=float, default=24.0, help="length of a day, minutes")
    parser.add_argument("--device", choices=DEVICES, default="earphones")
    parser.add_argument(
        "--split",
        choices=("train", "validation", "test"),
        help="whose recordings to use (default: those that no weights were trained on)",
    )
    options = parser.parse_args(arguments)
    for name in ("days", "minutes"):
        if getattr(options, name) <= 0:
            parser.error(f"--{name} is {getattr(options, name)}; expected more than 0")
    if options.seed < 0:
        parser.error(f"--seed is {options.seed}; expected 0 or more")
    data = options.data if options.data is not None else shared_data()
    if data is None or not data.is_dir():
        parser.error(
            f"--data is {data}; expected a folder of recordings, or EGOLOG_SHARED_DATA set"
        )
    for path in missing(data):
        print(f"simulated instead: {path} is not in {data}")
    split: Splits | str = options.split or unseen(data)
    material = Material.read(data, split, elsewhere=False)  # type: ignore[arg-type]
    for seed in range(options.seed, options.seed + options.days):
        day = ComposedDay(seed, options.minutes, material, options.device)
        write(day, options.out / day.name)
        print(f"wrote {options.out / day.name}")


if __name__ == "__main__":
    main()

"""Networks nobody trained, for rules that hold whatever the weights are."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from shutil import copytree

import torch
from torch import nn

from models.egolog.audio_encoder import SoundEncoder, SoundEncoderConfig
from models.egolog.contrastive import ENCODERS, Encoders, EncodersConfig
from models.egolog.familiarity import ActivityFamiliarity, Familiarity
from models.egolog.har import Har, HarConfig
from models.egolog.imu_encoder import ImuEncoderConfig
from models.egolog.localization import Localization, LocalizationConfig
from models.egolog.near_field import NearField
from models.egolog.scenario import (
    WITHOUT_CONTRASTIVE,
    WITHOUT_SEQUENCE,
    ScenarioConfig,
    ScenarioNet,
)
from models.egolog.scenario_text import ScenarioText
from models.lanhar.label_table import LabelTable, LabelTableConfig
from models.lanhar.position_readout import ReadoutConfig
from models.lanhar.position_weights import PositionWeights
from models.lanhar.readings import Readings
from models.lanhar.readout_weights import ReadoutWeights
from models.lanhar.sensor_encoder import SensorEncoder, SensorEncoderConfig
from models.lanhar.text_encoder import WordEncoder
from models.serving import served
from models.serving.catalogue import key_of
from models.serving.graph_file import GRAPHS_DIR
from models.serving.registry import Registry

GRAPHS = Path(__file__).parent / "graphs"
SMALL_AUDIO = SoundEncoderConfig(stem=8, stages=((16, 1, 2, 2),), maps=512)
SMALL_IMU = ImuEncoderConfig(width=32, dilations=(1, 2))


def encoders() -> Encoders:
    """Return small encoders with the features' usual widths."""
    torch.manual_seed(0)
    return Encoders(EncodersConfig(audio=SMALL_AUDIO, imu=SMALL_IMU)).eval()


def networks() -> dict[str, nn.Module]:
    """Return one network for every name that weights have."""
    torch.manual_seed(0)
    table = nn.functional.normalize(torch.randn(16, 384), dim=1)
    return {
        "localization": Localization(),
        "localization_mono": Localization(LocalizationConfig(maps=1)),
        "localization_glasses": Localization(LocalizationConfig(maps=10)),
        "localization_headphones": Localization(LocalizationConfig(maps=10)),
        "near_field": NearField(),
        "audio": SoundEncoder(SMALL_AUDIO),
        "encoders": encoders(),
        "scenario": ScenarioNet(),
        WITHOUT_CONTRASTIVE.name: ScenarioNet(ScenarioConfig(sequence="none", key_frames=False)),
        WITHOUT_SEQUENCE.name: ScenarioNet(ScenarioConfig(sequence="none")),
        "har": Har(HarConfig(seconds_width=96)),
        "familiarity": ActivityFamiliarity(),
        "scenario_familiarity": Familiarity(),
        "scenario_text": ScenarioText(table),
        "lanhar_words": WordEncoder(),
        "lanhar_text": WordEncoder(),
        "lanhar_sensor": SensorEncoder(SensorEncoderConfig(gait=False)),
        "lanhar_readings": Readings(),
        "lanhar_position": PositionWeights(),
        "lanhar_readout": ReadoutWeights(ReadoutConfig(names=("walking", "sitting"))),
        "lanhar_labels": LabelTable(LabelTableConfig(("walking", "sitting"))),
    }


def registry(folder: Path) -> Registry:
    """Save untrained networks of every name in `folder`, and the graphs of the small encoders.

    `python -m tests.models.fresh` makes those anew.
    """
    copytree(GRAPHS, folder / GRAPHS_DIR.name, dirs_exist_ok=True)
    files, chance = _written()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    # As if the networks had been drawn for this folder.
    torch.set_rng_state(chance)
    return Registry(folder)


@cache
def _written() -> tuple[dict[str, bytes], torch.Tensor]:
    """Return the networks' files by name, and the state of the generator that drew them."""
    with tempfile.TemporaryDirectory() as folder:
        saved = Registry(Path(folder))
        for name, network in networks().items():
            saved.save(key_of(name), network.eval())
        files = {path.name: path.read_bytes() for path in Path(folder).iterdir()}
        return files, torch.get_rng_state()


def main() -> None:
    """Make the graphs of the small encoders."""
    from models.research import graphs

    with tempfile.TemporaryDirectory() as folder:
        Registry(Path(folder)).save(ENCODERS, encoders())
        graphs.main(["--weights", folder, "--out", str(GRAPHS), *served.ENCODERS.graphs])


if __name__ == "__main__":
    main()

from dataclasses import replace

import numpy as np
import torch

from models.lanhar import descriptions
from models.lanhar.sensor_encoder import SensorEncoder, SensorEncoderConfig
from models.recordings.datasets.labelled_motion import LabelledMotion, LabelledSegment
from models.research.lanhar.training.sensor import SensorSettings
from models.research.lanhar.training.train_on import ROWS, changed, training_set
from models.research.lanhar.training.transfer import interpret
from models.serving.open_vocabulary import IN_FORCE
from tests.models.research.lanhar.motion import data_set


def test_a_window_of_six_seconds_is_cut_around_each_change_of_posture() -> None:
    values = np.random.default_rng(0).normal(0, 1, (900, 6)).astype(np.float32)
    stretches = [
        LabelledSegment("s03", "standing up", 400, 500, 0, 900),
        LabelledSegment("s03", "sitting down", 50, 120, 0, 900),
        LabelledSegment("s03", "walking", 400, 500, 0, 900),
    ]
    windows = changed(LabelledMotion(values, stretches), "wrist")
    assert windows is not None
    assert windows.label.tolist() == ["standing up"]
    assert windows.data.shape == (1, 120, 6)
    assert changed(LabelledMotion(values, stretches[1:]), "wrist") is None


def test_changed_windows_have_the_streams_length_and_the_names_in_force() -> None:
    torch.manual_seed(0)
    windows = data_set("made", 0, each=4)
    labels = ["eating soup", "fidgeting while seated", *windows.label[2:].tolist()]
    readings = interpret(replace(windows, label=np.array(labels)))
    encoder = SensorEncoder(SensorEncoderConfig(gait=False))
    texts = torch.zeros(len(readings.windows), 128)
    rng = torch.Generator().manual_seed(0)
    part = training_set(encoder, readings, texts, SensorSettings(copies=1), rng)
    count, names = len(readings.windows), descriptions.labels()
    assert part.inputs.channels.shape == (2 * count, 7, ROWS)
    assert [names[at] for at in part.label[:2]] == ["eating soup", "fidgeting while seated"]
    assert [names[at] for at in part.label[count : count + 2]] == ["eating", "sitting"]
    assert {"eating", "sitting"} <= set(IN_FORCE)

"""Inference for the agents: windows' features in, probabilities by name out; synchronous.

**An item's result never depends on its batch.** Matrix kernels add in an order that depends on the
batch's size, so a window scored together with others would differ in its last bits, and a replay at
another speed would write another log. ONNX Runtime therefore runs each item by itself: sound second
by second, its events segment by segment, and the motion of a scenario window's fifteen segments as
a batch of fixed size. For the small CNNs batching would not pay there anyway. A GPU gets all items
together, in batches of one size (`models.serving.torch_session`). Sessions run on one thread, and
threads may share them (`models.serving.session`). Probabilities are rounded to four decimals.
"""

from models.serving.predict.activity import ActivityEstimate, ActivityRecognizer, HarInput
from models.serving.predict.arrays import DECIMALS, FRAME_RATE, IMU_AXES, MEL_BANDS, PredictError
from models.serving.predict.detected_scenarios import detected_scenarios
from models.serving.predict.localizer import LocalizerInput, LocatedSecond, SoundLocalizer
from models.serving.predict.scenario import MIN_EVENT, TOP_EVENTS, ScenarioRecognizer, row_width_of
from models.serving.predict.scenario_window import ScenarioInput, ScenarioOutput
from models.serving.predict.wearer_adapters import Adapter

__all__ = [
    "DECIMALS",
    "FRAME_RATE",
    "IMU_AXES",
    "MEL_BANDS",
    "MIN_EVENT",
    "TOP_EVENTS",
    "ActivityEstimate",
    "ActivityRecognizer",
    "Adapter",
    "HarInput",
    "LocalizerInput",
    "LocatedSecond",
    "PredictError",
    "ScenarioInput",
    "ScenarioOutput",
    "ScenarioRecognizer",
    "SoundLocalizer",
    "detected_scenarios",
    "row_width_of",
]

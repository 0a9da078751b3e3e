"""Export LanHAR for a phone: `python -m models.research.lanhar.phone --out lanhar.onnx` (§4.8).

One ONNX file for any ONNX Runtime: the shipped sensor encoder with its weights, and the vectors of
the active labels, whose names are in its metadata. Inputs are `channels` (1, 7, T) and `measures`
(1, M), which `models.lanhar.rotation_invariant` computes from five seconds at 20 Hz, and `posture`
(1, 2); outputs are `vector` (1, 128) and `likeness` (1, K), a cosine per label. Size and time are
printed as in the paper, for 500 runs on one thread of this machine, as CPU time.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from models.lanhar.label_table import LANHAR_LABELS
from models.lanhar.rotation_invariant import GRAVITY, channels, measures
from models.lanhar.sensor_encoder import LANHAR_SENSOR
from models.research.lib.error_lines import one_line_errors
from models.research.lib.weights_folder import weights_folder
from models.serving.graph_file import GRAPHS_DIR, GraphFile
from models.serving.open_vocabulary import in_force_by_default
from models.serving.registry import WEIGHTS_DIR, Registry
from schemas.atomic_file import write_atomically
from schemas.extras import needs
from schemas.option_bounds import check_minimums
from schemas.output_path import output_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from models.lanhar.vocabulary import LabelEmbeddings

TRIALS = 500
LABELS = "labels"
"""Key of the labels' names in the metadata, a JSON list."""
_SAMPLES, _RATE = 100, 20


def exported(
    graph: GraphFile,
    weights: Mapping[str, NDArray[np.float32]],
    labels: LabelEmbeddings,
    about: str,
) -> bytes:
    """Return the graph with its weights and the cosines to the labels as one file.

    Raises `KeyError` naming a tensor of the graph that is missing in `weights`.
    """
    with needs("onnx", "an export needs"):
        from onnx import TensorProto, checker, helper, load_from_string, numpy_helper

    model = load_from_string(graph.model)
    inside = model.graph
    for at, given in enumerate(inside.initializer):
        if given.data_location == TensorProto.EXTERNAL:
            filled = np.ascontiguousarray(weights[given.name], np.float32)
            inside.initializer[at].CopyFrom(numpy_helper.from_array(filled, given.name))
    vectors = np.ascontiguousarray(labels.vectors.T, np.float32)
    inside.initializer.append(numpy_helper.from_array(vectors, LABELS))
    vector = inside.output[0].name
    inside.node.append(helper.make_node("MatMul", [vector, LABELS], ["likeness"]))
    inside.output.append(
        helper.make_tensor_value_info("likeness", TensorProto.FLOAT, [1, len(labels.names)])
    )
    helper.set_model_props(model, {LABELS: json.dumps(list(labels.names)), "about": about})
    checker.check_model(model)
    written: bytes = model.SerializeToString(deterministic=True)
    return written


def ranking(model: bytes) -> Callable[[NDArray[np.float32]], list[tuple[str, float]]]:
    """Return a function that ranks the labels for windows (T, 6) at 20 Hz, without upright."""
    from models.serving.onnx_runtime import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    names: list[str] = json.loads(session.get_modelmeta().custom_metadata_map[LABELS])

    def ranked(imu: NDArray[np.float32]) -> list[tuple[str, float]]:
        inputs = {
            "channels": channels(imu[None]),
            "measures": measures(imu[None]),
            "posture": np.zeros((1, 2), np.float32),
        }
        likeness = session.run(["likeness"], inputs)[0][0].tolist()
        return sorted(zip(names, likeness, strict=True), key=lambda pair: -pair[1])

    return ranked


def timed(
    ranked: Callable[[NDArray[np.float32]], object], trials: int = TRIALS
) -> tuple[float, float, float]:
    """Return mean, minimum and maximum CPU milliseconds per window, including its inputs."""
    rng = np.random.default_rng(0)
    imu = rng.standard_normal((_SAMPLES, 6)).astype(np.float32)
    imu[:, 2] += GRAVITY
    taken = []
    for _ in range(trials):
        start = time.thread_time()
        ranked(imu)
        taken.append(1e3 * (time.thread_time() - start))
    return float(np.mean(taken)), min(taken), max(taken)


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m models.research.lanhar.phone", description=__doc__
    )
    parser.add_argument(
        "--weights", type=weights_folder, default=WEIGHTS_DIR, help="folder of the weights"
    )
    parser.add_argument("--graphs", type=Path, default=GRAPHS_DIR, help="folder of the graphs")
    parser.add_argument("--trials", type=int, default=TRIALS, help="number of timed runs")
    parser.add_argument("--out", type=output_file, required=True, help="output file, .onnx")
    options = parser.parse_args(arguments)
    check_minimums(parser, options, trials=1)
    registry = Registry(options.weights)
    sensor = registry.load(LANHAR_SENSOR)
    labels = registry.load(LANHAR_LABELS).module.labels()
    weights = {name: value.numpy() for name, value in sensor.module.state_dict().items()}
    model = exported(
        GraphFile.read(options.graphs, LANHAR_SENSOR.name),
        weights,
        in_force_by_default(labels),
        f"lanhar_sensor {sensor.revision}",
    )
    options.out.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(options.out, model)
    mean, least, most = timed(ranking(model), options.trials)
    print(
        f"{options.out}: {len(model) / 1e6:.2f} MB, {mean:.2f} ms a window of {_SAMPLES / _RATE:g} "
        f"s ({least:.2f} to {most:.2f}, {options.trials} runs); the paper has 40 MB and 27 ms (23 "
        "to 37) on a Pixel 7"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

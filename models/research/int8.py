"""The audio encoder in eight bits: its convolutions, quantized statically.

    python -m models.research.int8 [--weights DIR] [--out DIR] [--cache DIR]

The shipped graphs derive from the encoders' weights and the ranges of their activations on composed
days of the training part (static quantization by ONNX Runtime with a scale per map; Jacob et al.
2018). Run this again after training the encoders. Sums of products are then integers, which are
the same in any order of summation.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import logging
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from models.network.windows import SECOND_STEPS, SEGMENT_S
from models.research.egolog.__main__ import CACHE
from models.research.egolog.audio.compact import draw_mels
from models.research.egolog.context import REAL_SHARE, STRETCH_S
from models.research.egolog.days.composed import compose
from models.research.graph_export import without_numbers
from models.research.lib.error_lines import one_line_errors
from models.research.lib.recordings_folder import recordings_or_simulated
from models.research.lib.weights_folder import add_weights_and_out, out_folder
from models.serving.graph_file import GRAPHS_DIR, MADE_OF, GraphFile, served_config
from models.serving.one_thread import pin_one_thread
from models.serving.onnx_runtime import onnxruntime
from models.serving.registry import Registry
from models.serving.served import ENCODERS, ENCODERS_INT8, INT8_ENDING
from models.serving.weights_file import write_weights
from models.simulation.sources.material import Material
from schemas.extras import needs
from schemas.output_path import kept_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from models.research.egolog.days.composed import Days
    from models.serving.weights_file import StoredWeights, Tensors

SECONDS = {"sounds": SEGMENT_S, "seconds": 1}
"""Length of each graph's input, s; a fixed length lets ONNX Runtime plan memory once."""

CALIBRATED_ON = 400
PERCENTILE = 99.997
"""Percentile of each map's values at which they are clipped: outliers would cost resolution."""

_REAL, _SIMULATED, _SIMULATED_SEED = 48, 16, 90
_SEED = 1


@dataclass(frozen=True)
class QuantizedGraph:
    """A graph in eight bits, and those of its weights that the encoders' file does not have."""

    graph: GraphFile
    tensors: Tensors


def training_days(data: Path | None, cache: Path) -> list[Days]:
    """Return a part of the composed minutes that the encoders were trained on."""
    material = Material.read(data, "train", REAL_SHARE)
    return [
        compose(1, _REAL, STRETCH_S, material, cache),
        compose(_SIMULATED_SEED, _SIMULATED, STRETCH_S, Material(), cache),
    ]


def calibration_mels(
    days: Sequence[Days], seconds: int, count: int = CALIBRATED_ON
) -> NDArray[np.float32]:
    """Return log-mels (count, 50·seconds, 64): half by other microphones, the last one silence."""
    mel = draw_mels(days, count - 1, seconds, np.random.default_rng([_SEED, seconds])).numpy()
    return np.concatenate([mel, np.zeros_like(mel[:1])])


def quantize_graph(
    graph: GraphFile, tensors: Tensors, name: str, examples: Iterable[NDArray[np.float32]]
) -> QuantizedGraph:
    """Return graph `name` in eight bits, calibrated on `examples`, (T, 64) each."""
    with needs("onnx", "quantization needs"):
        import onnx

    model = _quantize(prepare(graph, tensors, SECONDS[name] * SECOND_STEPS), examples)
    numbers = {
        each.name: onnx.numpy_helper.to_array(each)
        for each in model.graph.initializer
        if each.data_type != onnx.TensorProto.INT64
    }
    # Weights that stay in 32 bits are read from the encoders' own file.
    names = {one: one if one in tensors else f"{name}.{one}" for one in numbers}
    without_numbers(model, names)
    known = {node.domain for node in model.graph.node}
    for unused in [one for one in model.opset_import if one.domain not in known]:
        model.opset_import.remove(unused)
    return QuantizedGraph(
        GraphFile(
            model.SerializeToString(deterministic=True),
            tuple(sorted(names.values())),
            graph.config,
        ),
        {names[one]: array for one, array in numbers.items() if one not in tensors},
    )


def _quantize(model: Any, examples: Iterable[NDArray[np.float32]]) -> Any:
    """Return `model` quantized statically by the ranges of its activations on `examples`.

    The first convolution stays in 32 bits: its single input map needs a finer resolution.
    """
    with needs("onnx", "quantization needs"):
        import onnx
        from onnxruntime.quantization import (
            CalibrationDataReader,
            CalibrationMethod,
            QuantFormat,
            QuantType,
            quantize_static,
        )

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self._each = iter(examples)

        def get_next(self) -> dict[str, NDArray[np.float32]] | None:
            return next(({"mel": mel[None]} for mel in self._each), None)

    with tempfile.TemporaryDirectory(prefix="egolog-int8-") as folder:
        whole, made = Path(folder) / "whole.onnx", Path(folder) / "int8.onnx"
        onnx.save(model, whole)
        first = next(node.name for node in model.graph.node if node.op_type == "Conv")
        with _quiet():
            quantize_static(
                whole,
                made,
                Reader(),
                quant_format=QuantFormat.QDQ,
                op_types_to_quantize=["Conv", "Add", "Relu", "Pad"],
                nodes_to_exclude=[first],
                per_channel=True,
                # Weights of seven bits: with eight, sums of two products overflow 16 bits on
                # processors without VNNI.
                reduce_range=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                calibrate_method=CalibrationMethod.Percentile,
                extra_options={"CalibPercentile": PERCENTILE},
            )
        return onnx.load(made)


def make(
    weights: StoredWeights,
    examples: Mapping[str, NDArray[np.float32]],
    out: Path,
    graphs: Path = GRAPHS_DIR,
) -> StoredWeights:
    """Write the encoders `weights` in eight bits into the folder `out`, and return them.

    Each graph of `SECONDS` is calibrated on its `examples`, (N, 50·s, 64).
    """
    every: dict[str, NDArray[Any]] = {}
    for name in SECONDS:
        part = quantize_graph(GraphFile.read(graphs, name), weights.tensors, name, examples[name])
        part.graph.write(out / GRAPHS_DIR.name, f"{name}{INT8_ENDING}")
        every |= part.tensors
    sizes = served_config(json.loads(weights.config))
    config = {**sizes, MADE_OF: weights.sha256}
    return write_weights(ENCODERS_INT8, config, every, Registry(out).path(ENCODERS_INT8))


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Quantize the encoders."""
    parser = argparse.ArgumentParser(prog="python -m models.research.int8", description=__doc__)
    add_weights_and_out(parser, "encoders")
    parser.add_argument(
        "--cache", type=kept_folder, default=CACHE, help="cache of the composed days"
    )
    options = parser.parse_args(arguments)
    pin_one_thread()
    weights = Registry(options.weights).weights(ENCODERS)
    days = training_days(recordings_or_simulated(), options.cache)
    own = options.weights / GRAPHS_DIR.name
    made = make(
        weights,
        {name: calibration_mels(days, seconds) for name, seconds in SECONDS.items()},
        out_folder(options),
        own if own.is_dir() else GRAPHS_DIR,
    )
    print(f"encoders in eight bits: revision {made.revision}")
    return 0


def prepare(graph: GraphFile, tensors: Tensors, steps: int) -> Any:
    """Return the model with its weights for inputs (1, steps, 64), its constants folded."""
    with needs("onnx", "quantization needs"):
        import onnx

    model = onnx.load_from_string(graph.model)
    given = {
        name: onnx.numpy_helper.from_array(tensors[name].astype(np.float32), name)
        for name in graph.weights
    }
    kept = [given.get(one.name, one) for one in model.graph.initializer]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    axes = model.graph.input[0].type.tensor_type.shape.dim
    for axis, length in zip(axes[:2], (1, steps), strict=True):
        axis.ClearField("dim_param")
        axis.dim_value = length
    return _means_in_convolutions(onnx.shape_inference.infer_shapes(_fold_norms(model)))


def _means_in_convolutions(model: Any) -> Any:
    """Return the model with each average pooling merged into the 1×1 convolution after it.

    In eight bits a separate pooling costs as much as a convolution. ONNX Runtime 1.32 divides an
    odd last row by two instead of one, so the padding repeats that row.
    """
    with needs("onnx", "quantization needs"):
        from onnx import helper, numpy_helper

    rows = {
        value.name: value.type.tensor_type.shape.dim[2].dim_value
        for value in model.graph.value_info
        if len(value.type.tensor_type.shape.dim) == 4
    }
    weights = {one.name: one for one in model.graph.initializer}
    means = {one.output[0]: one for one in model.graph.node if one.op_type == "AveragePool"}
    nodes = []
    for node in model.graph.node:
        if node.op_type == "AveragePool":
            continue
        if node.input and node.input[0] in means:
            mean = means[node.input[0]]
            sizes = {each.name: helper.get_attribute_value(each) for each in mean.attribute}
            kernel, source = sizes["kernel_shape"], mean.input[0]
            if rows[source] % kernel[0]:
                pads = numpy_helper.from_array(np.array([0, 0, 0, 0, 0, 0, 1, 0]), f"{source}_pads")
                model.graph.initializer.append(pads)
                longer = f"{source}_longer"
                nodes.append(helper.make_node("Pad", [source, pads.name], [longer], mode="edge"))
                source = longer
            alone = numpy_helper.to_array(weights[node.input[1]])  # (O, C, 1, 1)
            together = np.tile(alone, (1, 1, *kernel)) / np.float32(np.prod(kernel))
            weights[node.input[1]].CopyFrom(numpy_helper.from_array(together, node.input[1]))
            strided = {"kernel_shape": kernel, "strides": sizes["strides"]}
            inputs = [source, *node.input[1:]]
            nodes.append(helper.make_node("Conv", inputs, node.output, node.name, **strided))
        else:
            nodes.append(node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    model.graph.ClearField("value_info")
    return model


def _fold_norms(model: Any) -> Any:
    """Return the model with its norms folded into the convolutions before them."""
    with needs("onnx", "quantization needs"):
        import onnx

    with tempfile.TemporaryDirectory(prefix="egolog-int8-") as folder:
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(Path(folder) / "folded.onnx")
        onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        return onnx.load(options.optimized_model_filepath)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silence the library's progress messages."""
    logging.disable(logging.WARNING)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.disable(logging.NOTSET)


if __name__ == "__main__":
    sys.exit(main())

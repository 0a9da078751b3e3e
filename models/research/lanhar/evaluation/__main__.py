"""Train on one data set, recognise activities in another (LanHAR §4.2, §4.3, §4.5).

python -m models.research.lanhar.evaluation --source A.npz --target B.npz --labels four --seed 0
--json OUT

Source and target are files of the documented layout
(`models.research.lanhar.interpretation.windows`). `--quick` trains every network a quarter as long.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from models.lanhar.activity_names import LabelSet
from models.research.lanhar.evaluation.cross_dataset import evaluate
from models.research.lanhar.evaluation.evaluation_settings import BASELINES, EvaluationSettings
from models.research.lanhar.interpretation.answers import Answers
from models.research.lanhar.interpretation.llm_batch import BatchConfig, LlmBatch
from models.research.lanhar.interpretation.windows import read_npz
from models.research.lanhar.training.sensor import SensorSettings
from models.research.lanhar.training.sentence_text import SentenceText
from models.research.lib.error_lines import one_line_errors
from schemas.atomic_file import write_atomically
from schemas.option_bounds import check_minimums
from schemas.output_path import kept_folder, output_file

if TYPE_CHECKING:
    from collections.abc import Sequence


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = _parser()
    options = parser.parse_args(arguments)
    check_minimums(parser, options, seed=0, text_share=0)
    settings = _settings(options)
    start = time.monotonic()

    def report_progress(line: str) -> None:
        print(f"{time.monotonic() - start:6.0f} s  {line}", file=sys.stderr, flush=True)

    source, target = read_npz(options.source), read_npz(options.target)
    figures = evaluate(source, target, options.labels, options.seed, settings, report_progress)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(options.json, json.dumps(figures, indent=2) + "\n")
    print(json.dumps(figures))
    return 0


def _settings(options: argparse.Namespace) -> EvaluationSettings:
    endpoint = None
    if options.endpoint:
        config = BatchConfig.of_environment(options.endpoint, options.model)
        endpoint = LlmBatch(config, Answers(options.answers))
    settings = EvaluationSettings(
        with_baselines=not options.without_baselines,
        only=tuple(options.baselines),
        with_new=not options.without_new,
        endpoint=endpoint,
    )
    if options.text:
        model = None if options.text == "minilm" else options.text
        settings = replace(settings, text=lambda: SentenceText(model))
    sensor = replace(settings.transfer.sensor, text_share=options.text_share)
    settings = replace(settings, transfer=replace(settings.transfer, sensor=sensor))
    return settings.quick() if options.quick else settings


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m models.research.lanhar.evaluation", description=__doc__
    )
    parser.add_argument("--source", type=Path, required=True, help="labelled windows, .npz")
    parser.add_argument("--target", type=Path, required=True, help="windows to recognise, .npz")
    parser.add_argument("--labels", choices=get_args(LabelSet), default="four", help="label set")
    parser.add_argument(
        "--seed", type=int, default=0, help="random seed of weights, batches and texts"
    )
    parser.add_argument(
        "--json", type=output_file, required=True, help="output file of the metrics"
    )
    parser.add_argument("--quick", action="store_true", help="train for a quarter of the steps")
    parser.add_argument("--without-baselines", action="store_true", help="skip the baselines")
    parser.add_argument(
        "--baselines", nargs="+", default=[], choices=BASELINES, help="run only these baselines"
    )
    parser.add_argument("--without-new", action="store_true", help="skip the new activities")
    parser.add_argument(
        "--text",
        metavar="MODEL",
        help="a sentence-transformers or BERT model, folder or cached name, instead of the small "
        "text encoder; 'minilm' is the one of the extra `names`",
    )
    parser.add_argument(
        "--text-share",
        type=float,
        default=SensorSettings.text_share,
        help="how much interpretations count in the guesses that LanHAR learns from",
    )
    parser.add_argument("--endpoint", help="OpenAI-compatible URL for the HARGPT baseline")
    parser.add_argument("--model", help="name of the model at --endpoint")
    parser.add_argument(
        "--answers", type=kept_folder, default=Path("answers"), help="cache folder of the answers"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())

"""Interprets a data set: `python -m models.research.lanhar.interpretation --data A.npz --out DIR`.

Without --endpoint the template interpreter is used. With it, an OpenAI-compatible API is called
(with the key of EGOLOG_LLM_API_KEY or OPENAI_API_KEY), after an estimate of the cost that has to be
confirmed unless --yes is given. Answers are cached in DIR/answers, so an interrupted run resumes.
--regenerate regenerates the outliers of each activity (labelled source data only). Writes
DIR/NAME.jsonl and DIR/NAME.report.json.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from models.research.lanhar.interpretation import store
from models.research.lanhar.interpretation.analysis import Analysis, analyse_all
from models.research.lanhar.interpretation.answers import Answers
from models.research.lanhar.interpretation.gravity_alignment import uprights
from models.research.lanhar.interpretation.llm_batch import BatchConfig, EndpointError, LlmBatch
from models.research.lanhar.interpretation.llm_interpreter import LlmInterpreter
from models.research.lanhar.interpretation.prompt import STATES, Messages
from models.research.lanhar.interpretation.regenerate import (
    Again,
    Embed,
    RegenerateConfig,
    RegenerateReport,
    regenerate,
    rephrase,
)
from models.research.lanhar.interpretation.template_interpreter import (
    DETAILS,
    interpret_all_by_template,
)
from models.research.lanhar.interpretation.windows import Windows, read_npz
from models.research.lib.error_lines import one_line_errors
from models.research.lib.sentence_encoder import SentenceEncoder
from schemas.atomic_file import write_atomically
from schemas.option_bounds import check_minimums
from schemas.output_path import output_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.research.lanhar.interpretation.interpretation import Interpretation

_AT_ONCE = 1_024


def analysed(windows: Windows, posture: bool) -> list[Analysis]:
    """Analyse all windows with a progress bar; `posture` adds angles to the upright posture."""
    analyses: list[Analysis] = []
    parts = range(0, len(windows), _AT_ONCE)
    for first in tqdm(parts, desc="analyse", unit=f"{_AT_ONCE} windows", mininterval=1):
        analyses += analyse_all(windows.data[first : first + _AT_ONCE])
    if not posture:
        return analyses
    return analyse_all(windows.data, uprights(windows, analyses))


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns 0, or 1 if some windows have no interpretation."""
    parser = _parser()
    options = parser.parse_args(arguments)
    check_minimums(parser, options, seed=0, limit=0, concurrency=1, retries=0)
    windows = read_npz(options.data)
    if options.limit:
        windows = windows.where(np.arange(len(windows)) < options.limit)
    embed = _embedder() if options.regenerate else None
    analyses = analysed(windows, options.posture)
    if options.endpoint:
        results, again = _asked(windows, analyses, options)
    else:
        by_template = interpret_all_by_template(analyses, options.detail, options.seed)
        results, again = list(by_template), rephrase(analyses, options.seed)
    errors = Counter(str(one) for one in results if isinstance(one, EndpointError))
    good: list[Interpretation | None] = [
        None if isinstance(one, EndpointError) else one for one in results
    ]
    report = None
    if embed is not None:
        good, report = _regenerated(good, windows, embed, again)
        print(report)
    path = options.out / f"{windows.name}.jsonl"
    store.write(path, windows, good)
    _write_report(options.out / f"{windows.name}.report.json", windows, good, errors, report)
    interpreted = sum(one is not None for one in good)
    print(f"wrote {interpreted} of {len(windows)} interpretations to {path}")
    for text, count in errors.most_common(5):
        print(f"{count} windows: {text}", file=sys.stderr)
    return 0 if interpreted == len(windows) else 1


def confirm(estimate: object, yes: bool) -> None:
    """Print an estimate and ask for confirmation; raises `EndpointError` if it is denied."""
    print(estimate, flush=True)
    if yes:
        return
    if not sys.stdin.isatty():
        raise EndpointError(
            "standard input is non-interactive, so the estimate cannot be confirmed; pass --yes to "
            "go on"
        )
    if input("go on? [y/N] ").strip().lower() not in ("y", "yes"):
        raise EndpointError("not confirmed; nothing was asked")


def endpoint_of(options: argparse.Namespace, out: Path) -> LlmBatch:
    """Return the endpoint of a command's options, with its answers cached below `out`."""
    config = BatchConfig.of_environment(
        options.endpoint,
        options.model,
        concurrency=options.concurrency,
        retries=options.retries,
        price_in=options.price_in,
        price_out=options.price_out,
    )
    return LlmBatch(config, Answers(out / "answers"))


def add_endpoint_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that `endpoint_of` and `confirm` read."""
    parser.add_argument("--model", help="model name (default: EGOLOG_LLM_MODEL, else gpt-4o-mini)")
    parser.add_argument("--concurrency", type=int, default=4, help="maximum concurrent calls")
    parser.add_argument("--retries", type=int, default=3, help="maximum retries of a failed call")
    parser.add_argument(
        "--price-in", type=float, default=0.0, help="dollars per million prompt tokens"
    )
    parser.add_argument(
        "--price-out", type=float, default=0.0, help="dollars per million completion tokens"
    )
    parser.add_argument("--yes", action="store_true", help="confirm the estimate non-interactively")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m models.research.lanhar.interpretation",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="file of windows or recordings")
    parser.add_argument("--out", type=output_folder, required=True, help="output folder")
    parser.add_argument("--endpoint", help="base URL of an OpenAI-compatible API")
    add_endpoint_options(parser)
    parser.add_argument(
        "--simple", action="store_true", help="use the plain prompt instead of the designed one"
    )
    parser.add_argument(
        "--states", nargs="+", default=list(STATES), help="states that the prompt describes"
    )
    parser.add_argument(
        "--detail",
        type=int,
        choices=DETAILS,
        default=1,
        help="level of detail of the template interpreter",
    )
    parser.add_argument("--posture", action="store_true", help="describe posture angles too")
    parser.add_argument(
        "--regenerate", action="store_true", help="regenerate the interpretations of outliers"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=int, default=0, help="maximum number of windows; 0: all")
    return parser


def _asked(
    windows: Windows, analyses: Sequence[Analysis], options: argparse.Namespace
) -> tuple[list[Interpretation | EndpointError], Again]:
    interpreter = LlmInterpreter(
        endpoint_of(options, options.out), tuple(options.states), not options.simple
    )
    asked = interpreter.asked(windows, analyses)
    estimate = interpreter.estimate(asked)
    if options.regenerate:
        most = RegenerateConfig()
        print(
            f"re-generation asks about at most {100 * most.outliers:g} % of the windows again in "
            f"each of up to {most.rounds} rounds"
        )
    confirm(estimate, options.yes or not estimate.calls)
    return interpreter.interpret(asked), corrected(interpreter, asked)


def corrected(interpreter: LlmInterpreter, asked: Sequence[Messages]) -> Again:
    """Return an `Again` that sends the correction prompt of §3.3.3."""

    def again(
        places: list[int], last: list[Interpretation], _number: int
    ) -> list[Interpretation | None]:
        answers = interpreter.again([asked[place] for place in places], last)
        return [None if isinstance(one, EndpointError) else one for one in answers]

    return again


def _embedder() -> Embed:
    encoder = SentenceEncoder()

    def embed(texts: list[str]) -> NDArray[np.float32]:
        vectors: NDArray[np.float32] = encoder.embed(texts).numpy()
        return vectors

    return embed


def _regenerated(
    interpretations: list[Interpretation | None], windows: Windows, embed: Embed, again: Again
) -> tuple[list[Interpretation | None], RegenerateReport]:
    rows = [index for index, one in enumerate(interpretations) if one is not None]
    present = [one for one in interpretations if one is not None]

    def again_of_all(
        places: list[int], last: list[Interpretation], number: int
    ) -> list[Interpretation | None]:
        return again([rows[place] for place in places], last, number)

    better, report = regenerate(
        present, windows.label[rows], embed, again_of_all, RegenerateConfig()
    )
    merged = list(interpretations)
    for row, one in zip(rows, better, strict=True):
        merged[row] = one
    return merged, report


def _write_report(
    path: Path,
    windows: Windows,
    interpretations: Sequence[Interpretation | None],
    errors: Counter[str],
    report: RegenerateReport | None,
) -> None:
    content = {
        "windows": len(windows),
        "dropped": windows.dropped,
        "interpreted": sum(one is not None for one in interpretations),
        "sources": dict(Counter(one.source for one in interpretations if one is not None)),
        "errors": dict(errors),
        "regeneration": None
        if report is None
        else asdict(report)
        | {"asked": report.asked, "accepted": report.accepted, "inaccurate": report.inaccurate},
    }
    write_atomically(path, json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())

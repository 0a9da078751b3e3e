"""Describe activities anew.

`python -m models.research.lanhar.interpretation.describe --endpoint URL`

Asks an OpenAI-compatible API (LanHAR §3.3.2) for --count descriptions of each label (default: all
described ones), and writes DIR/LABEL.txt in the layout of the shipped ones. Answers are cached in
DIR/answers; a label without an answer keeps its old file and is reported.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from models.lanhar import descriptions
from models.lanhar.label_prompt import LabelAnswer, label_prompt
from models.research.lanhar.interpretation.__main__ import (
    add_endpoint_options,
    confirm,
    endpoint_of,
)
from models.research.lanhar.interpretation.llm_batch import EndpointError, LlmBatch
from models.research.lib.error_lines import one_line_errors
from schemas.option_bounds import check_minimums
from schemas.output_path import output_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.lanhar.descriptions import Description


def ask(
    endpoint: LlmBatch, labels: Sequence[str], count: int
) -> dict[str, list[Description] | EndpointError]:
    """Return `count` different descriptions of each label, or the reason for none."""
    asked = [label_prompt(label, number) for label in labels for number in range(count)]
    answers = endpoint.ask_all(asked, LabelAnswer, "describe")
    described: dict[str, list[Description] | EndpointError] = {}
    for place, label in enumerate(labels):
        of_label = answers[place * count : (place + 1) * count]
        failed = [one for one in of_label if isinstance(one, EndpointError)]
        good = [one for one in of_label if not isinstance(one, EndpointError)]
        different = {one.description(): None for one in good}
        if failed:
            described[label] = failed[0]
        elif len(different) < count:
            described[label] = EndpointError(f"only {len(different)} of {count} answers differ")
        else:
            described[label] = list(different)
    return described


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns 0, or 1 if a label was not described."""
    parser = argparse.ArgumentParser(
        prog="python -m models.research.lanhar.interpretation.describe",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("labels", nargs="*", metavar="LABEL")
    parser.add_argument("--endpoint", required=True, help="base URL of an OpenAI-compatible API")
    add_endpoint_options(parser)
    parser.add_argument(
        "--out", type=output_folder, default=Path("activities"), help="output folder"
    )
    parser.add_argument(
        "--count",
        type=int,
        default=descriptions.MIN_DESCRIPTIONS,
        help="number of descriptions per label",
    )
    options = parser.parse_args(arguments)
    check_minimums(parser, options, count=1, concurrency=1, retries=0)
    labels = list(dict.fromkeys(options.labels)) or list(descriptions.labels())
    for label in labels:
        descriptions.file_name(label)
    endpoint = endpoint_of(options, options.out)
    asked = [label_prompt(name, number) for name in labels for number in range(options.count)]
    estimate = endpoint.estimate(asked, LabelAnswer)
    confirm(estimate, options.yes or not estimate.calls)
    described = ask(endpoint, labels, options.count)
    missing = 0
    for label, texts in described.items():
        if isinstance(texts, EndpointError):
            missing += 1
            print(f"{label}: {texts}", file=sys.stderr)
        else:
            descriptions.write(options.out, label, texts)
    print(f"wrote {len(described) - missing} of {len(described)} activities to {options.out}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())

"""Ablations (LanHAR §4.6, §4.7) and Table 1, from one data set to another.

python -m models.research.lanhar.evaluation.ablations --source A.npz --target B.npz --json OUT
[--seeds 0 1 2]

Every row changes one thing. `--pictures FOLDER` adds t-SNE pictures of readings in three spaces.
"""

from __future__ import annotations

import argparse
import copy
import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import torch

from models.lanhar.activity_names import Classes, LabelSet, classes, in_set
from models.research.lanhar.baselines.learning import BaselineSettings, Task, self_supervised
from models.research.lanhar.evaluation.divergence import relative_divergence
from models.research.lanhar.evaluation.pictures import picture
from models.research.lanhar.interpretation.analysis import analyse_all
from models.research.lanhar.interpretation.interpretation import Interpretation
from models.research.lanhar.interpretation.regenerate import RegenerateConfig, regenerate, rephrase
from models.research.lanhar.interpretation.windows import Windows, read_npz
from models.research.lanhar.training.augment import Augmentation
from models.research.lanhar.training.distil import word_encoder
from models.research.lanhar.training.scores import scores_with_categories
from models.research.lanhar.training.transfer import (
    Interpreted,
    TransferModel,
    TransferSettings,
    encode,
    fit,
    interpret,
)
from models.research.lib.error_lines import one_line_errors
from schemas.atomic_file import write_atomically
from schemas.option_bounds import check_minimums
from schemas.output_path import output_file, output_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from models.lanhar.text_encoder import TextEncoder
    from models.research.lib.tables import Figures


@dataclass(frozen=True)
class Row:
    """One change: of the settings, or of the readings' texts; `own_text` trains its own encoder.

    `source_texts` changes what is said of the source alone, whose labels it may read, by a seed;
    `text_encoder` is what starts in the text encoder's place.
    """

    name: str
    change: Callable[[TransferSettings], TransferSettings] = lambda settings: settings
    texts: Callable[[Interpreted], Interpreted] = lambda readings: readings
    source_texts: Callable[[Interpreted, int], Interpreted] = lambda readings, _seed: readings
    own_text: bool = False
    text_encoder: Callable[[], TextEncoder] = word_encoder


def _encoder(**changes: Any) -> Callable[[TransferSettings], TransferSettings]:
    return lambda s: replace(s, encoder=replace(s.encoder, **changes))


def _sensor(**changes: Any) -> Callable[[TransferSettings], TransferSettings]:
    return lambda s: replace(s, sensor=replace(s.sensor, **changes))


def _text(**changes: Any) -> Callable[[TransferSettings], TransferSettings]:
    return lambda s: replace(s, text=replace(s.text, **changes))


def statistics_only(readings: Interpreted) -> Interpreted:
    """Return readings described by the mean and spread of each axis: no designed analysis."""
    names = ("acc x", "acc y", "acc z", "gyro x", "gyro y", "gyro z")
    texts = []
    for window in readings.windows.data:
        statistics = ", ".join(
            f"{name} mean {value:.1f} deviation {spread:.1f}"
            for name, value, spread in zip(
                names, window.mean(axis=0), window.std(axis=0), strict=True
            )
        )
        texts.append([statistics])
    return replace(readings, texts=texts)


def unpostured(readings: Interpreted) -> Interpreted:
    """Return readings without what is known of their wearer's upright."""
    plain = [[variants[0]] for variants in readings.texts]
    return replace(
        readings,
        texts=plain,
        posture=torch.zeros_like(readings.posture),
        postures=readings.postures.without_inclination(),
    )


def regenerated(readings: Interpreted, seed: int) -> Interpreted:
    """Return labelled readings whose outliers were said anew by template (LanHAR §3.3.3).

    What is said without the wearer's posture is regenerated, judged by the shipped text encoder.
    """
    windows = readings.windows
    analyses = analyse_all(windows.data)
    interpretations = [
        Interpretation(patterns={}, text=of_reading[0], detail=1) for of_reading in readings.texts
    ]
    text = word_encoder()
    regenerated, _ = regenerate(
        interpretations,
        windows.label,
        lambda texts: text.encode(texts).numpy(),
        rephrase(analyses, seed),
        RegenerateConfig(seed=seed),
    )
    texts = [
        [new.text, *of_reading[1:]]
        for new, of_reading in zip(regenerated, readings.texts, strict=True)
    ]
    return replace(readings, texts=texts)


ROWS: tuple[Row, ...] = (
    Row("LanHAR"),
    Row("w/o subtasks of the text encoder (STE)", _text(subtasks=False), own_text=True),
    Row("w/o training of the text encoder (TTE)", _text(steps=0), own_text=True),
    Row("w/o designed analysis: statistics alone", texts=statistics_only, own_text=True),
    Row("with iterative re-generation (IG)", source_texts=regenerated, own_text=True),
    Row("w/o imagined interpretations", _text(synthesised=0), own_text=True),
    Row("w/o upright posture", texts=unpostured),
    Row("w/o invariant input: raw axes", _encoder(gait=False, invariant=False)),
    Row("w/o gait branch", _encoder(gait=False)),
    Row("w/o sequence branch: nothing of the target", _encoder(sequence=False)),
    Row("w/o posture branch: no label set but level has it", lambda s: replace(s, posture=False)),
    Row("w/o interpretations in the guesses", _sensor(text_share=0.0)),
    Row("w/o interpretations in the sequence's loss", _sensor(sequence_contrast=0.0)),
    Row("w/o physical augmentation", _sensor(augmentation=Augmentation(0, 0, 0, 0))),
    Row("w/o noise on the measures", _sensor(jitter=0.0, sequence_jitter=0.0)),
    Row("1 head", _encoder(heads=1)),
    Row("4 heads", _encoder(heads=4)),
    Row("1 layer", _encoder(layers=1)),
    Row("6 layers", _encoder(layers=6)),
    Row("width 32", _encoder(width=32)),
    Row("width 128", _encoder(width=128)),
)


def run_row(
    row: Row,
    source: Interpreted,
    target: Interpreted,
    label_set: Classes,
    seed: int,
    settings: TransferSettings,
    trained: TextEncoder | None,
) -> tuple[TransferModel, Figures]:
    """Train with one change; `trained` is a text encoder for rows that do not change it."""
    changed = row.change(settings)
    if trained is not None and not row.own_text:
        text = copy.deepcopy(trained)
        changed = replace(changed, text=replace(changed.text, steps=0))
    else:
        text = row.text_encoder()
    readings = row.source_texts(row.texts(source), seed)
    fitted = fit(readings, row.texts(target), label_set, seed, changed, text)
    inside, true = in_set(target.windows.label, label_set)
    recognised = fitted.recognise(row.texts(target).where(inside))
    return fitted, {**scores_with_categories(true, recognised)}


def ablate(
    source: Windows,
    target: Windows,
    label_set: LabelSet,
    seeds: Sequence[int],
    settings: TransferSettings = TransferSettings(),  # noqa: B008
    rows: Sequence[Row] = ROWS,
    pictures: Path | None = None,
    report_progress: Callable[[str], None] = lambda _line: None,
) -> Figures:
    """Return `rows` (name to figures of every seed) and `divergence` (space to label to value)."""
    source = source.where(in_set(source.label, label_set)[0])
    target = target.where(in_set(target.label, label_set)[0])
    read, seen = interpret(source), interpret(target)
    table: dict[str, list[Figures]] = {row.name: [] for row in rows}
    spaces: dict[str, dict[str, float]] = {}
    for seed in seeds:
        trained: TextEncoder | None = None
        for row in rows:
            fitted, figures = run_row(row, read, seen, label_set, seed, settings, trained)
            if trained is None:
                trained = fitted.text
            table[row.name].append(figures)
            report_progress(f"seed {seed}, {row.name}: {figures}")
        if not spaces and trained is not None:
            for name, values in embeddings(read, seen, trained, seed).items():
                labels = classes(label_set)
                spaces[name] = relative_divergence(
                    values[0], source.label, values[1], target.label, labels
                )
                if pictures is not None:
                    picture(
                        pictures / f"lanhar_{name.replace(' ', '_')}.png",
                        name,
                        (source.name, target.name),
                        values,
                        (source.label, target.label),
                        labels,
                    )
            report_progress(f"relative KL divergence: {spaces}")
    return {"rows": table, "divergence": spaces}


def embeddings(
    source: Interpreted, target: Interpreted, text: TextEncoder, seed: int
) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Return both data sets' readings raw, self-supervised and interpreted (Table 1)."""
    one, two = (torch.from_numpy(part.windows.data) for part in (source, target))
    task = Task(one, torch.zeros(len(one), dtype=torch.long), two, 1, seed, BaselineSettings())
    first, second = self_supervised(task)
    return {
        "raw": (one.flatten(1).double().numpy(), two.flatten(1).double().numpy()),
        "self-supervised": (first.double().numpy(), second.double().numpy()),
        "interpretation": (
            encode(text, source).double().numpy(),
            encode(text, target).double().numpy(),
        ),
    }


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m models.research.lanhar.evaluation.ablations", description=__doc__
    )
    parser.add_argument("--source", type=Path, required=True, help="labelled windows, .npz")
    parser.add_argument("--target", type=Path, required=True, help="windows to recognise, .npz")
    parser.add_argument("--labels", choices=get_args(LabelSet), default="four", help="label set")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--rows", nargs="+", help="prefixes of the rows to run (default: all)")
    parser.add_argument(
        "--json", type=output_file, required=True, help="output file of the metrics"
    )
    parser.add_argument("--pictures", type=output_folder, help="output folder of t-SNE plots")
    options = parser.parse_args(arguments)
    check_minimums(parser, options, seeds=0)
    prefixes = tuple(options.rows or ("",))
    if unknown := [p for p in prefixes if not any(row.name.startswith(p) for row in ROWS)]:
        names = ", ".join(repr(row.name) for row in ROWS)
        parser.error(f"--rows {unknown[0]!r} begins no row; expected of {names}")
    rows = [row for row in ROWS if row is ROWS[0] or row.name.startswith(prefixes)]

    def report_progress(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    figures = ablate(
        read_npz(options.source),
        read_npz(options.target),
        options.labels,
        options.seeds,
        rows=rows,
        pictures=options.pictures,
        report_progress=report_progress,
    )
    options.json.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(options.json, json.dumps(figures, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

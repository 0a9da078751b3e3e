"""Other language models and other interpreters in LanHAR (§4.6.2, §4.6.3; Figs. 13, 14)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from models.lanhar.text_encoder import WordEncoder
from models.research.lanhar.evaluation.ablations import Row, statistics_only
from models.research.lanhar.interpretation import store
from models.research.lanhar.interpretation.analysis import analyse_all
from models.research.lanhar.interpretation.template_interpreter import interpret_all_by_template
from models.research.lanhar.training.sentence_text import SentenceText
from models.research.lanhar.training.transformer_text import TransformerText, TransformerTextConfig

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from models.research.lanhar.interpretation.windows import Windows
    from models.research.lanhar.training.transfer import Interpreted

MINILM = "all-MiniLM-L6-v2 (BERT's kind, pretrained), frozen below a trained projection"
LANGUAGE_MODELS: tuple[Row, ...] = (
    Row("the shipped one: phrases, taught by all-MiniLM-L6-v2"),
    Row("the same from new weights", text_encoder=WordEncoder),
    Row(
        "a transformer that reads both ways (BERT's kind), new",
        text_encoder=lambda: TransformerText(TransformerTextConfig(causal=False)),
    ),
    Row(
        "a transformer that reads forward (GPT-2's kind), new",
        text_encoder=lambda: TransformerText(TransformerTextConfig(causal=True)),
    ),
    Row(MINILM, text_encoder=SentenceText),
)
"""Fig. 13: rows that differ in the text encoder alone."""


def by_template(detail: int) -> Callable[[Interpreted], Interpreted]:
    """Return what says readings anew by template at one level of detail, without posture."""

    def reworded(readings: Interpreted) -> Interpreted:
        analyses = analyse_all(readings.windows.data)
        interpretations = interpret_all_by_template(analyses, detail)
        return replace(readings, texts=[[one.text] for one in interpretations])

    return reworded


INTERPRETERS: tuple[Row, ...] = (
    Row("template and posture, as LanHAR learns"),
    Row("template, sentences that carry over (detail 1)", texts=by_template(1)),
    Row("template, sentences on all and patterns (detail 2)", texts=by_template(2)),
    Row("template, numbers too (detail 3)", texts=by_template(3)),
    Row("mean and deviation of each axis", texts=statistics_only),
)
"""Fig. 14 as far as no endpoint is asked: rows that differ in what is said of readings alone."""


def by_answers(name: str, files: Mapping[Path, Windows]) -> Row:
    """Return a row whose readings are said as files of interpretations say them.

    `files` are what `models.research.lanhar.interpretation --endpoint` wrote, and the windows each
    was written of. Raises `InterpretationsError` where a file is of other windows.
    """
    answers: dict[bytes, str] = {}
    for path, windows in files.items():
        for window, answer in zip(windows.data, store.read(path, windows), strict=True):
            if answer is not None:
                answers[window.tobytes()] = answer.text
    return Row(name, texts=lambda readings: replace(readings, texts=_looked_up(readings, answers)))


def _looked_up(readings: Interpreted, answers: Mapping[bytes, str]) -> list[list[str]]:
    texts = [answers.get(window.tobytes()) for window in readings.windows.data]
    missing: Sequence[None] = [text for text in texts if text is None]
    if missing:
        raise store.InterpretationsError(
            f"{len(missing)} of {len(texts)} windows of {readings.windows.name!r} have no "
            "interpretation; run python -m models.research.lanhar.interpretation on them again"
        )
    return [[text] for text in texts if text is not None]

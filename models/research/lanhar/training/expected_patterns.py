"""The patterns expected from an activity's descriptions, and synthetic interpretations of them.

Descriptions use the vocabulary of `models.research.lanhar.interpretation.patterns`, so their
patterns predict what readings should show (knowledge, LanHAR §3.3.1, iii). Interpretations
synthesised from these train the text encoder on activities that the source lacks, by text only.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models.lanhar import descriptions
from models.research.lanhar.interpretation.mechanisms import MECHANISMS
from models.research.lanhar.interpretation.patterns import CATEGORIES, MECHANICS
from models.research.lanhar.interpretation.scales import SCALES
from models.research.lanhar.interpretation.template_interpreter import FRAMES, MECHANISM_FRAMES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.random import Generator

# A level beside one that is named is half as likely; one that is never named is possible.
_NEIGHBOUR = 0.5
_UNNAMED = 0.3
_MAX_NAMED = 2
# Chance that an interpretation leaves a category out, as a window does where it has no steps.
_LEFT_OUT = 0.25
# A mechanism named this often is certain.
_CERTAIN = 2.0

Expectation = dict[str, NDArray[np.float64]]


def expectation(texts: Sequence[str]) -> Expectation:
    """Return how likely each pattern of a category is, from descriptions of one activity.

    Categories that are scales have shares that add up to 1; the mechanics, which may hold together,
    a probability each. Categories without any named pattern are even.
    """
    plain = [" ".join(_WORDS.findall(text.lower())) for text in texts]
    shares: Expectation = {}
    for category, names in CATEGORIES.items():
        counts = np.zeros(len(names))
        for place, name in enumerate(names):
            phrases = _phrases()[category, name]
            counts[place] = sum(
                min(max(text.count(phrase) for phrase in phrases), _MAX_NAMED) for text in plain
            )
        if category == MECHANICS:
            shares[category] = np.clip(counts / _CERTAIN, 0.0, 0.95)
            continue
        beside = counts.copy()
        beside[1:] += _NEIGHBOUR * counts[:-1]
        beside[:-1] += _NEIGHBOUR * counts[1:]
        shares[category] = (beside + _UNNAMED) / (beside + _UNNAMED).sum()
    return shares


def synthesise(expected: Expectation, rng: Generator) -> str:
    """Return an interpretation that a reading as expected might get."""
    sentences = []
    for scale in SCALES:
        shares = expected[scale.category]
        # What nothing is said about must not be learned as if it were.
        if np.ptp(shares) < 1e-9 or rng.random() < _LEFT_OUT:
            continue
        level = scale.levels[int(rng.choice(len(shares), p=shares))]
        sentences.append(_one(FRAMES[scale.category], rng).format(_one(level.phrases, rng)))
    for mechanism, chance in zip(MECHANISMS, expected[MECHANICS], strict=True):
        if rng.random() < chance:
            sentences.append(_one(MECHANISM_FRAMES, rng).format(_one(mechanism.phrases, rng)))
    return " ".join(sentences)


def synthesised(label: str, count: int, rng: Generator) -> list[str]:
    """Return `count` interpretations synthesised for a described activity, none of them empty."""
    expected = _expected_of(tuple(descriptions.describe(label)))
    texts = [synthesise(expected, rng) for _ in range(count)]
    return [text for text in texts if text]


@cache
def _expected_of(texts: tuple[str, ...]) -> Expectation:
    # Every training asks it of every described activity.
    return expectation(texts)


_WORDS = re.compile(r"[a-z]+")


@cache
def _phrases() -> dict[tuple[str, str], tuple[str, ...]]:
    """Category and pattern to the words that name it."""
    phrases_of = {(s.category, level.name): level.phrases for s in SCALES for level in s.levels}
    phrases_of |= {(MECHANICS, mechanism.name): mechanism.phrases for mechanism in MECHANISMS}
    return {
        key: tuple(" ".join(_WORDS.findall(phrase.lower())) for phrase in (key[1], *phrases))
        for key, phrases in phrases_of.items()
    }


def _one(choices: Sequence[str], rng: Generator) -> str:
    return choices[int(rng.integers(len(choices)))]

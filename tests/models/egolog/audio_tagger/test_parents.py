from __future__ import annotations

import pytest
import torch

from models.egolog.audio_tagger.parents import PARENT_OF_CLASS, PARENTS, fold
from schemas.labels import checked_name

CLASSES = list(PARENT_OF_CLASS)


def test_all_of_audiosets_classes_fold_to_about_fifty_parents_speech_among_them() -> None:
    assert len(CLASSES) == 527
    assert 45 <= len(PARENTS) <= 58
    assert PARENTS[0] == "speech"
    assert (CLASSES[0], CLASSES[74], CLASSES[526]) == ("Speech", "Dog", "Field recording")


def test_a_parents_name_is_words_that_may_stand_in_a_prompt() -> None:
    for name in PARENTS:
        assert checked_name(name) == name


@pytest.mark.parametrize(
    ("fine", "parent"),
    [
        ("Male speech, man speaking", "speech"),
        ("Baby cry, infant cry", "crying"),
        ("Computer keyboard", "typing"),
        ("Helicopter", "aircraft"),
        ("Jackhammer", "power tools"),
        ("Techno", "music"),
        ("Pour", "water"),
        ("Vehicle", None),
        ("Silence", None),
        ("Inside, small room", None),
    ],
)
def test_a_class_has_the_parent_that_a_listener_would_name(fine: str, parent: str | None) -> None:
    assert PARENT_OF_CLASS[fine] == parent


def test_a_parent_is_as_likely_as_its_likeliest_class() -> None:
    probabilities = torch.zeros(2, 527)
    probabilities[0, CLASSES.index("Bark")] = 0.7
    probabilities[0, CLASSES.index("Yip")] = 0.4
    probabilities[1, CLASSES.index("Vehicle")] = 0.9
    folded = fold(probabilities)
    assert folded.shape == (2, len(PARENTS))
    assert folded[0, PARENTS.index("dog")] == pytest.approx(0.7)
    assert folded[0].sum() == pytest.approx(0.7)
    assert folded[1].sum() == 0

"""Rules of the names that categories, sounds and parents share."""

from __future__ import annotations

from models.egolog.audio_tagger.parents import PARENTS
from models.labels import CATEGORIES, RECOGNISED_SOUNDS
from models.recordings.datasets import urbansound8k
from models.research.egolog.recogniser.sound_names import (
    PARENT_OF_CATEGORY,
    PARENT_OF_SOUND,
    SAME_CATEGORY,
    SOUND_OF_CATEGORY,
    UNKNOWN_BESIDE,
    sound_of,
)

KNOWN = {*CATEGORIES, *urbansound8k.CATEGORIES}


def test_every_category_is_one_of_the_recognised_sounds() -> None:
    assert set(SOUND_OF_CATEGORY) == KNOWN
    assert set(SOUND_OF_CATEGORY.values()) <= set(RECOGNISED_SOUNDS)
    assert RECOGNISED_SOUNDS[sound_of("gun_shot")] == "explosion"


def test_every_category_and_sound_with_a_parent_has_one_of_the_parents() -> None:
    assert KNOWN - set(PARENT_OF_CATEGORY) == {"can_opening", "drinking_sipping"}
    assert set(PARENT_OF_CATEGORY.values()) <= set(PARENTS)
    assert set(RECOGNISED_SOUNDS) - set(PARENT_OF_SOUND) == {"can opening", "drinking"}
    assert set(PARENT_OF_SOUND.values()) <= set(PARENTS)


def test_what_may_sound_beside_a_category_is_a_recognised_sound() -> None:
    assert set(UNKNOWN_BESIDE) <= KNOWN
    for beside in UNKNOWN_BESIDE.values():
        assert set(beside) <= set(RECOGNISED_SOUNDS)


def test_a_category_of_another_data_set_is_the_same_sound_here() -> None:
    for there, here in SAME_CATEGORY.items():
        assert here in CATEGORIES
        assert SOUND_OF_CATEGORY[there] == SOUND_OF_CATEGORY[here]

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from models.egolog.audio_tagger.parents import PARENT_OF_CLASS, PARENTS
from models.labels import SOUND_EVENTS
from models.research.egolog.audio import audioset_parents
from models.research.egolog.audio.audioset_parents import CATEGORIES_OF_PARENT, parent_of_class
from models.research.lib.error_lines import UNUSABLE
from tests.shared_data import shared_data

if TYPE_CHECKING:
    from pathlib import Path

# Ours that AudioSet has no category for, or has within another parent.
NOT_AUDIOSETS = {
    "baby cry",
    "can opening",
    "door creak",
    "door knock",
    "drinking",
    "fireworks",
    "mouse click",
    "pouring water",
    "sea waves",
    "washing machine",
}


def test_the_resource_is_what_the_ontology_says() -> None:
    folded = parent_of_class(shared_data() / "labels")
    assert list(folded.items()) == list(PARENT_OF_CLASS.items())


def test_every_parent_has_a_class() -> None:
    assert set(PARENTS) == set(CATEGORIES_OF_PARENT)


def test_a_parent_that_is_one_of_our_sound_events_has_its_name() -> None:
    assert set(SOUND_EVENTS) - set(PARENTS) <= NOT_AUDIOSETS


def test_the_command_writes_the_resource(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "parents.json"
    audioset_parents.main(["--labels", str(shared_data() / "labels"), "--out", str(out)])
    assert json.loads(out.read_text()) == PARENT_OF_CLASS
    assert capsys.readouterr().out == "527 classes: 54 parents, 45 classes without one\n"


def test_another_folder_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert audioset_parents.main(["--labels", str(tmp_path)]) == UNUSABLE
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("audioset_ontology.json does not exist; expected AudioSet's file")


def test_an_ontology_without_a_category_is_refused(tmp_path: Path) -> None:
    shutil.copy(shared_data() / "labels" / audioset_parents.CLASSES, tmp_path)
    nodes = [{"id": "/m/1", "name": "Speech", "child_ids": []}]
    (tmp_path / audioset_parents.ONTOLOGY).write_text(json.dumps(nodes))
    with pytest.raises(audioset_parents.OntologyError, match="lacks the category 'Whispering'"):
        parent_of_class(tmp_path)

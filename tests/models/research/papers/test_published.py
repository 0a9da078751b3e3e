from pathlib import Path

import numpy as np
import pytest
import torch

from models.recordings.datasets import ego4d, samosa
from models.research.papers.published import TablesError, encode, split_users
from tests.models.recordings import paper_sets
from tests.models.research.papers.plain_pair import PAIR


def test_nobody_is_in_two_parts_and_every_part_has_somebody() -> None:
    for count in (3, 4, 10, 57):
        users = [f"u{n}" for n in range(count)]
        for seed in range(5):
            split = split_users(users * 3, seed)
            parts = [split.train, split.validation, split.test]
            assert sum(map(len, parts)) == count
            assert frozenset().union(*parts) == frozenset(users)
            assert all(parts)
    assert split_users(users, 1) != split_users(users, 2)
    assert split_users(users, 1) == split_users(users[::-1], 1)
    with pytest.raises(TablesError, match="2 users; expected at least 3"):
        split_users(["a", "b", "a"], 0)


def test_contexts_tile_a_recording_and_moments_know_theirs(tmp_path: Path) -> None:
    video = {
        "uid": "a",
        "user": 1,
        "seconds": 95,
        "scenarios": ["Cooking"],
        "moments": [(31.0, 47.0, "stir"), (70.0, 72.0, "taste")],
    }
    paper_sets.ego4d(tmp_path, [video])
    data = encode("Ego4D", ego4d.open_set(tmp_path), PAIR)
    assert (data.scenarios, data.activities) == (("Cooking",), ("stir", "taste"))
    assert data.contexts.audio.shape == (3, 15, 24)
    assert data.contexts.imu.shape == (3, 15, 18)
    assert data.contexts.audio_mask.all()
    assert data.contexts.tiles.all()
    assert data.contexts.scenarios.tolist() == [[1.0]] * 3
    # 16 s hold three moments of 5 s; 2 s lie in the middle of one.
    assert data.moments.activity.tolist() == [0, 0, 0, 1]
    assert data.moments.context.tolist() == [1, 1, 1, 2]
    assert set(data.moments.user) == {"p1"}


def test_a_recording_shorter_than_a_context_is_one_with_absent_segments(tmp_path: Path) -> None:
    paper_sets.samosa(tmp_path, "1---Kitchen---Chopping---1", seconds=9.0)
    data = encode("SAMoSA", samosa.open_set(tmp_path), PAIR)
    assert data.contexts.audio_mask.sum() == 4
    assert not data.contexts.audio[0, 4:].any()
    assert data.contexts.scenarios.tolist() == [[1.0]]
    assert len(data.moments) == 1


def test_features_are_those_of_the_segment_alone(tmp_path: Path) -> None:
    paper_sets.samosa(tmp_path, "1---Kitchen---Chopping---1", seconds=30.0)
    (recording,) = samosa.open_set(tmp_path)
    data = encode("SAMoSA", [recording], PAIR)
    sound = np.concatenate([c.samples for c in recording.audio()])[:, 0] / 32_768
    alone = PAIR.audio(torch.from_numpy(sound[64_000:96_000].astype(np.float32))[None])
    torch.testing.assert_close(data.contexts.audio[0, 2], alone[0])


def test_a_set_without_labels_is_refused(tmp_path: Path) -> None:
    paper_sets.ego4d(
        tmp_path, [{"uid": "a", "user": 1, "seconds": 6, "scenarios": [], "moments": []}]
    )
    with pytest.raises(TablesError, match="has no labelled recording"):
        encode("Ego4D", ego4d.open_set(tmp_path), PAIR)

from collections import defaultdict
from itertools import pairwise
from pathlib import Path

from models.recordings.datasets import classyglass
from schemas.frames import NS
from tests.models.recordings import small_sets
from tests.shared_data import shared_data


def test_recordings_come_by_their_real_start(tmp_path: Path) -> None:
    path = tmp_path / "classyglass_50hz.npz"
    small_sets.classyglass(path)
    first, second = classyglass.open_user(path, "D1_u01")
    assert (first.start_ns, second.start_ns) == (
        1_568_480_000_803_000_000,
        1_568_490_000_270_000_000,
    )
    assert first.duration_s == 12.0
    assert first.session_id == "classyglass-D1_u01-1"


def test_a_label_holds_for_the_whole_recording(tmp_path: Path) -> None:
    path = tmp_path / "classyglass_50hz.npz"
    small_sets.classyglass(path)
    typing, walking = classyglass.open_user(path, "D1_u01")
    assert [(s.kind, s.label) for s in typing.truth()] == [("activity", "typing on a keyboard")]
    assert [(s.kind, s.label) for s in walking.truth()] == [
        ("activity", "walking"),
        ("motion", "walking"),
    ]
    assert walking.truth()[0].end_ns == walking.start_ns + 10_500_000_000


def test_the_data_sets_own_recordings_of_a_user_never_overlap() -> None:
    path = shared_data() / "imu" / "classyglass_50hz.npz"
    users = defaultdict(list)
    for recording in classyglass.open_all(path):
        users[recording.device_id].append(recording)
    assert len(users) == 50
    for recordings in users.values():
        assert all(b.start_ns >= a.start_ns + a.duration_s * NS for a, b in pairwise(recordings))

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.recordings.protocol import RecordingError, cuts, sample_time_ns
from schemas.frames import NS


@given(st.integers(0, 100_000), st.sampled_from([20.0, 50.0, 49.7, 16_000.0]), st.floats(0.1, 30))
def test_chunks_tile_the_stream_whatever_their_size(
    total: int, rate: float, chunk_s: float
) -> None:
    found = list(cuts(total, rate, chunk_s, 0.0))
    assert [n for a, b in found for n in (a, b)] == sorted(n for a, b in found for n in (a, b))
    assert sum(b - a for a, b in found) == total
    assert all(0 < b - a <= chunk_s * rate + 1e-6 for a, b in found)


def test_a_start_skips_the_samples_before_it() -> None:
    assert next(cuts(1000, 50.0, 1.0, 2.0)) == (100, 150)
    assert next(cuts(1000, 50.0, 1.0, 2.001)) == (101, 151)
    assert list(cuts(1000, 50.0, 1.0, 20.0)) == []


def test_a_chunk_without_samples_and_a_negative_start_are_refused() -> None:
    with pytest.raises(RecordingError, match=r"chunk_s is 0\.001; at 50 Hz"):
        list(cuts(10, 50.0, 0.001, 0.0))
    with pytest.raises(RecordingError, match="start_s is -1"):
        list(cuts(10, 50.0, 1.0, -1.0))


def test_sample_times_do_not_drift_over_a_day() -> None:
    assert sample_time_ns(7, 86_400 * 16_000, 16_000) == 7 + 86_400 * NS
    assert sample_time_ns(0, 49_700 * 3_600, 49.7) == 3_600_000 * NS

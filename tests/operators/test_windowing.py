from __future__ import annotations

import gc
import weakref
from collections import Counter
from dataclasses import replace
from time import process_time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.errors import FormatChangeError, SessionEndedError
from operators.windowed import Waiting, Windowed
from operators.windowing import Windower, WindowingConfig
from schemas import POSITIONS, AudioFrame, ImuFrame, Vector, Window
from schemas.frames import NS
from tests.operators.frames import (
    CONFIG,
    IMU_RATE,
    RATE,
    T0,
    Samples,
    audio,
    audio_frames,
    audio_signal,
    by_id,
    cut,
    imu,
    imu_frames,
    imu_signal,
    windows_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from operators.window_assembler import SpeechFilter

AnyFrame = AudioFrame | ImuFrame


def alternating(first: list[AudioFrame], second: list[ImuFrame]) -> list[AnyFrame]:
    merged: list[AnyFrame] = [*first, *second]
    return sorted(merged, key=lambda frame: frame.t_ns)


@st.composite
def recordings(draw: st.DrawFn) -> tuple[list[AudioFrame], list[ImuFrame], list[AnyFrame]]:
    """The two streams of a recording, and one interleaving of them."""
    start_ns = T0 + draw(st.integers(0, 5 * NS))
    seconds = draw(st.floats(1.0, 11.0))
    sizes = draw(st.lists(st.integers(400, RATE), min_size=1, max_size=8))
    imu_sizes = draw(st.lists(st.integers(1, 50), min_size=1, max_size=8))
    first = audio_frames(start_ns, round(seconds * RATE), sizes)
    second = imu_frames(start_ns, round(seconds * IMU_RATE), imu_sizes)
    turns = draw(st.permutations([0] * len(first) + [1] * len(second)))
    streams = [iter(first), iter(second)]
    return first, second, [next(streams[turn]) for turn in turns]  # type: ignore[misc]


@settings(max_examples=30, deadline=None)
@given(recordings())
def test_windows_do_not_depend_on_frame_size_or_interleaving(
    recording: tuple[list[AudioFrame], list[ImuFrame], list[AnyFrame]],
) -> None:
    first, second, interleaved = recording
    start_ns = first[0].t_ns
    total = sum(len(frame.samples) // 2 for frame in first)
    imu_total = sum(frame.acc.shape[0] for frame in second)
    plain = alternating(audio_frames(start_ns, total), imu_frames(start_ns, imu_total))
    assert by_id(windows_of(interleaved)) == by_id(windows_of(plain))


def with_positions(frames: list[AnyFrame], data: st.DataObject) -> list[AnyFrame]:
    """Return frames of which each says where its device is worn, or nothing."""
    said = data.draw(st.lists(st.sampled_from([None, *POSITIONS]), min_size=1, max_size=9))
    return [
        frame.model_copy(update={"position": said[frame.t_ns // 10_000_000 % len(said)]})
        for frame in frames
    ]


@settings(max_examples=20, deadline=None)
@given(recordings(), st.data())
def test_what_frames_say_of_the_position_does_not_depend_on_their_interleaving(
    recording: tuple[list[AudioFrame], list[ImuFrame], list[AnyFrame]], data: st.DataObject
) -> None:
    frames = with_positions(recording[2], data)
    plain = sorted(frames, key=lambda frame: (frame.t_ns, isinstance(frame, ImuFrame)))
    windows = by_id(windows_of(frames))
    assert windows == by_id(windows_of(plain))
    said = [(f.t_ns, f.position) for f in frames if f.position is not None]
    for window in windows.values():
        before = [each for each in said if each[0] < window.end_ns]
        assert window.position == (max(before)[1] if before else None)


@settings(max_examples=30, deadline=None)
@given(recordings())
def test_every_sample_is_in_exactly_one_window_of_a_kind(
    recording: tuple[list[AudioFrame], list[ImuFrame], list[AnyFrame]],
) -> None:
    first, second, interleaved = recording
    total = sum(len(frame.samples) // 2 for frame in first)
    imu_total = sum(frame.acc.shape[0] for frame in second)
    windows = windows_of(interleaved)
    for kind, name in (("har", "mel"), ("scenario", "mel"), ("spatial", "maps")):
        heard = [
            w.features[name].array().reshape(-1)
            for w in windows
            if w.kind == kind and name in w.features
        ]
        together = np.concatenate(heard)
        assert np.array_equal(
            together[together != 0] * 32768, audio_signal(total)[:, 0].astype(np.float32)
        )
    for kind in ("har", "scenario"):
        moved = np.concatenate(
            [w.features["imu"].array() for w in windows if w.kind == kind and "imu" in w.features]
        )
        # The first sample of the signal has a zero; the grid's empty places have six.
        assert np.array_equal(moved[moved.any(axis=1)], imu_signal(imu_total))


@settings(max_examples=30, deadline=None)
@given(recordings())
def test_features_are_computed_once_a_slice(
    recording: tuple[list[AudioFrame], list[ImuFrame], list[AnyFrame]],
) -> None:
    _, _, interleaved = recording
    featurizer = Samples()
    windower: Windower[int] = Windower(CONFIG, featurizer)
    windows = []
    for token, frame in enumerate(interleaved):
        windows += windower.push(frame, token).windows
    seconds = {w.start_ns for w in windows if w.kind == "spatial"}
    assert len([c for c in featurizer.calls if c[0] == "audio"]) == len(seconds)


@settings(max_examples=20, deadline=None)
@given(recordings(), st.data())
def test_a_crash_at_any_frame_gives_the_same_windows_after_collapsing_by_id(
    recording: tuple[list[AudioFrame], list[ImuFrame], list[AnyFrame]], data: st.DataObject
) -> None:
    frames = with_positions(recording[2], data)
    whole = by_id(windows_of(frames))
    crash_at = data.draw(st.integers(0, len(frames)))
    windower: Windower[int] = Windower(CONFIG, Samples())
    published = []
    released: set[int] = set()
    checkpoint = None
    for token, frame in enumerate(frames[:crash_at]):
        done = windower.push(frame, token)
        published += done.windows
        checkpoint = done.checkpoints.get("d", checkpoint)
        released |= set(done.released)

    # Each stream is its own partition: it is read again from its first frame that was not released.
    again = Windower[int](CONFIG, Samples())
    again.restore("d", checkpoint)
    for kind in (AudioFrame, ImuFrame):
        own = [i for i, frame in enumerate(frames) if isinstance(frame, kind)]
        kept = [i for i in own if i in released]
        assert own[: len(kept)] == kept
    for token, frame in enumerate(frames):
        if token not in released:
            done = again.push(frame, token)
            published += done.windows
            released |= set(done.released)

    collapsed = {w.window_id: w for w in published}
    assert collapsed == whole
    assert all(collapsed[w.window_id] == w for w in published), "a window came out in two versions"
    assert released == set(range(len(frames)))


def test_a_frame_is_released_only_when_its_scenario_window_is_out() -> None:
    windower: Windower[int] = Windower(CONFIG, Samples())
    frames = alternating(audio_frames(T0, 12 * RATE), imu_frames(T0, 12 * 50))
    for token, frame in enumerate(frames):
        done = windower.push(frame, token)
        out = {w.start_ns for w in done.windows if w.kind == "scenario"}
        assert not done.released or out, "released without a scenario window"


def test_late_samples_go_to_no_window_and_are_counted() -> None:
    signal = audio_signal(8 * RATE)
    windower: Windower[int] = Windower(CONFIG, Samples())
    seconds = [0, 1, 3, 4, 5, 6, 2, 7]
    counts = 0
    windows = []
    for token, second in enumerate(seconds):
        t_ns = T0 + second * NS
        motion = imu_signal(50)
        done = windower.push(imu(token, T0 + token * NS, motion), 100 + token)
        windows += done.windows
        done = windower.push(
            audio(second, t_ns, signal[second * RATE : (second + 1) * RATE]), token
        )
        windows += done.windows
        counts += done.counts["late_samples", "audio"]
    assert counts == RATE
    spatial = {w.start_ns for w in windows if w.kind == "spatial"}
    assert T0 + 2 * NS not in spatial


def spatial_after(*seconds: int) -> list[int]:
    """Return the starts in s of the windows that frames of sound, numbered as they are, bring."""
    frames = [audio(second, T0 + second * NS, audio_signal(RATE)) for second in seconds]
    alone = [frame.model_copy(update={"streams": ("audio",)}) for frame in frames]
    return [(w.start_ns - T0) // NS for w in windows_of(alone) if w.kind == "spatial"]


def test_a_window_closes_with_the_frame_that_starts_at_its_end_where_no_number_is_missing() -> None:
    assert spatial_after(0, 1, 2) == [0, 1]
    assert spatial_after(0, 1, 2, 3) == [0, 1, 2]


def test_a_missing_number_is_waited_for_and_no_longer_than_the_lateness() -> None:
    assert spatial_after(0, 1, 2, 4) == [0, 1, 2]
    assert spatial_after(0, 1, 2, 4, 3, 5) == [0, 1, 2, 3, 4]
    assert spatial_after(0, 1, 2, 4, 5, 3) == [0, 1, 2, 4]
    assert spatial_after(0, 1, 2, 4, 5, 6) == [0, 1, 2, 4, 5]


def test_what_may_have_been_sent_before_the_first_frame_is_waited_for() -> None:
    assert spatial_after(5) == spatial_after(5, 4) == []
    assert spatial_after(5, 4, 6) == [4, 5]


def test_a_frame_out_of_order_within_the_lateness_is_not_late() -> None:
    signal = audio_signal(6 * RATE)
    order = [0, 2, 1, 3, 5, 4]
    frames: list[AnyFrame] = [
        audio(s, T0 + s * NS, signal[s * RATE : (s + 1) * RATE], final=s == 4) for s in order
    ]
    frames += imu_frames(T0, 300)
    plain = alternating(audio_frames(T0, 6 * RATE), imu_frames(T0, 300))
    assert by_id(windows_of(frames)) == by_id(windows_of(plain))


def test_a_repeated_frame_changes_nothing_and_is_counted() -> None:
    frames = alternating(audio_frames(T0, 6 * RATE), imu_frames(T0, 300))
    doubled = [frame for frame in frames for _ in range(2)]
    windower: Windower[int] = Windower(CONFIG, Samples())
    windows, duplicates, released = [], 0, []
    for token, frame in enumerate(doubled):
        done = windower.push(frame, token)
        windows += done.windows
        released += done.released
        duplicates += sum(n for (what, _), n in done.counts.items() if what == "duplicates")
    assert by_id(windows) == by_id(windows_of(frames))
    assert duplicates == len(frames)
    assert sorted(released) == list(range(len(doubled)))


def test_a_gap_is_masked_and_reported_as_coverage() -> None:
    frames = [f for f in audio_frames(T0, 4 * RATE) if f.seq != 1]
    windows = windows_of(alternating(frames, imu_frames(T0, 200)))
    [scenario] = [w for w in windows if w.kind == "scenario"]
    assert scenario.coverage == {"audio": 0.75, "imu": 1.0}
    assert scenario.slices["audio"] == [1.0, 0.0, 1.0, 1.0]
    assert scenario.parts == {"spatial": 3, "har": 2}


def test_hours_of_silence_give_no_windows() -> None:
    early = audio_frames(T0, RATE)[0].model_copy(update={"final": False})
    later = audio(1, T0 + 10_000 * NS, audio_signal(RATE), final=True)
    motion = imu_frames(T0, 50)
    windows = windows_of([early, later, *motion])
    assert {w.start_ns // NS * NS for w in windows if w.kind == "spatial"} == {
        T0,
        T0 + 10_000 * NS,
    }


def test_a_device_with_motion_only_waits_for_no_sound() -> None:
    signal = imu_signal(400)
    windower: Windower[int] = Windower(CONFIG, Samples())
    windows = []
    for second in range(8):
        frame = imu(second, T0 + second * NS, signal[second * 50 : (second + 1) * 50], alone=True)
        windows += windower.push(frame, second).windows
    assert {w.kind for w in windows} == {"har", "scenario"}
    assert all(w.coverage == {"imu": 1.0} for w in windows)


def test_a_silent_stream_is_waited_for_until_given_up() -> None:
    windower: Windower[int] = Windower(CONFIG, Samples())
    sound = audio_frames(T0, 8 * RATE)[:-1]
    assert not [w for t, f in enumerate(sound) for w in windower.push(f, t).windows]
    [waiting] = windower.waiting()
    assert waiting.silent == ("imu",)
    done = windower.give_up("d", "s", ("imu",))
    assert [w.kind for w in done.windows].count("scenario") == 1
    assert all(set(w.coverage) == {"audio"} for w in done.windows)
    assert done.released == [0, 1, 2, 3]


def test_a_stream_that_speaks_again_is_waited_for_again() -> None:
    windower: Windower[int] = Windower(CONFIG, Samples())
    sound = audio_frames(T0, 10 * RATE)
    for token, frame in enumerate(sound[:5]):
        windower.push(frame, token)
    windower.give_up("d", "s", ("imu",))
    assert not windower.push(imu(0, T0 + 4 * NS, imu_signal(50)), 100).windows
    # Sound alone would let the windows up to T0 + 5 s go.
    assert not [w for t, f in enumerate(sound[5:7], 5) for w in windower.push(f, t).windows]
    assert list(windower.waiting()) == [Waiting("d", "s", "s", ("imu",), ("audio", "imu"))]


def test_a_stream_that_goes_on_after_its_last_frame_is_waited_for_again() -> None:
    windower: Windower[int] = Windower(CONFIG, Samples())
    for token, frame in enumerate(alternating(audio_frames(T0, 4 * RATE), imu_frames(T0, 250)[:4])):
        windower.push(frame, token)
    windower.push(audio(4, T0 + 4 * NS, audio_signal(RATE)), 10)
    starts = [
        w.start_ns
        for second in range(4, 9)
        for w in windower.push(imu(second, T0 + second * NS, imu_signal(50)), second).windows
        if w.kind == "spatial"
    ]
    # Every frame of sound has come up to the one that starts at T0 + 4 s.
    assert starts == [T0 + 3 * NS]
    assert list(windower.waiting()) == [Waiting("d", "s", "s", ("audio",), ("audio", "imu"))]


@given(st.permutations([True, False] * 8))
def test_a_session_that_goes_on_after_its_end_has_both_streams(turns: list[bool]) -> None:
    """Two halves, each with a last frame, as a replay sends them that goes on."""

    def halves(frames: Sequence[AnyFrame]) -> Iterator[AnyFrame]:
        return iter([f.model_copy(update={"final": f.seq in (3, 7)}) for f in frames])

    sound, motion = halves(audio_frames(T0, 8 * RATE)), halves(imu_frames(T0, 400))
    windows = windows_of([next(sound if turn else motion) for turn in turns])
    plain = alternating(audio_frames(T0, 8 * RATE), imu_frames(T0, 400))
    assert by_id(windows) == by_id(windows_of(plain))


def test_a_second_last_frame_without_samples_goes_on_with_nothing() -> None:
    windower: Windower[int] = Windower(CONFIG, Samples())
    for token, frame in enumerate(four_seconds()):
        windower.push(frame, token)
    again = audio(4, T0 + 4 * NS, np.zeros((0, 1), np.int16), final=True)
    assert windower.push(again, 9).released == [9]
    assert list(windower.waiting()) == []


def test_an_empty_last_frame_after_the_last_window_is_released() -> None:
    sound = audio_frames(T0, 4 * RATE)
    # Where no frame is the last one, the stream is waited for.
    said = [frame.model_copy(update={"streams": ["audio"], "final": False}) for frame in sound]
    last = audio(len(said), T0 + 7 * NS, np.zeros((0, 1), np.int16), final=True)
    windower: Windower[int] = Windower(CONFIG, Samples())
    released = [token for n, frame in enumerate(said) for token in windower.push(frame, n).released]
    last = last.model_copy(update={"streams": ["audio"]})
    released += windower.push(last, len(said)).released
    assert sorted(released) == list(range(len(said) + 1))


def test_a_repeat_of_the_last_frame_does_not_open_its_stream_again() -> None:
    windower: Windower[int] = Windower(CONFIG, Samples())
    for token, frame in enumerate(four_seconds()):
        windower.push(frame, token)
    assert windower.push(audio_frames(T0, 4 * RATE)[-1], 9).released == [9]
    assert list(windower.waiting()) == []


def whole_session(name: str) -> list[AnyFrame]:
    """Four seconds of motion alone: one scenario window, out with the final frame."""
    signal = imu_signal(200)
    return [
        imu(
            second,
            T0 + second * NS,
            signal[second * 50 : (second + 1) * 50],
            session=name,
            final=second == 3,
            alone=True,
        )
        for second in range(4)
    ]


def test_a_device_remembers_its_last_eight_sessions_beside_the_current() -> None:
    windower: Windower[int] = Windower(CONFIG, Samples())
    for number in range(10):
        windows = [w for f in whole_session(f"s{number}") for w in windower.push(f, 0).windows]
        assert [w.kind for w in windows].count("scenario") == 1

    def again(name: str) -> list[Window]:
        return [w for f in whole_session(name) for w in windower.push(f, 0).windows]

    # s1 to s8 are remembered beside s9: their frames are known, those of s0 start it anew.
    assert again("s1") == []
    assert again("s9") == []
    assert [w.kind for w in again("s0")].count("scenario") == 1


def test_a_session_that_waits_is_never_forgotten() -> None:
    windower: Windower[int] = Windower(CONFIG, Samples())
    windower.push(audio(0, T0, audio_signal(RATE), session="waits"), 0)
    for number in range(12):
        for frame in whole_session(f"s{number}"):
            windower.push(frame, 1)
    assert [w.session for w in windower.waiting()] == ["waits"]


def test_a_checkpoint_holds_the_last_eight_sessions() -> None:
    windower: Windower[int] = Windower(CONFIG, Samples())
    for number in range(10):
        for frame in whole_session(f"s{number}"):
            windower.push(frame, 0)
    again: Windower[int] = Windower(CONFIG, Samples())
    again.restore("d", windower.snapshot("d"))
    remembered = [
        name
        for name in [f"s{number}" for number in range(9, 0, -1)]
        if not [w for f in whole_session(name) for w in again.push(f, 0).windows]
    ]
    assert remembered == [f"s{number}" for number in range(9, 1, -1)]


@pytest.mark.parametrize(("gap_windows", "known"), [(1, True), (2, True), (3, False)])
def test_a_window_names_the_scenario_window_before_it_for_two_lengths(
    gap_windows: int, known: bool
) -> None:
    later = T0 + gap_windows * 4 * NS
    signal = imu_signal(50)
    windows = windows_of(
        [
            imu(0, T0, signal, alone=True),
            imu(1, later, signal, final=True, alone=True),
        ]
    )
    afters = {w.kind: w.after for w in windows if w.start_ns == later}
    want = T0 if known else None
    assert afters == {"har": want, "scenario": want}
    assert {w.after for w in windows if w.start_ns == T0} == {None}


def test_a_new_session_ends_the_one_before() -> None:
    windower: Windower[int] = Windower(CONFIG, Samples())
    windows = []
    old = alternating(audio_frames(T0, 3 * RATE), imu_frames(T0, 150))
    for token, frame in enumerate(old):
        windows += windower.push(frame.model_copy(update={"final": False}), token).windows
    assert not [w for w in windows if w.kind == "scenario"]
    for frame in (
        audio(0, T0 + 60 * NS, audio_signal(RATE), session="t"),
        imu(0, T0 + 60 * NS, imu_signal(50), session="t"),
    ):
        windows += windower.push(frame, 0).windows
    assert [w.session_id for w in windows if w.kind == "scenario"] == ["s"]


def test_a_sequence_that_starts_again_is_not_a_duplicate() -> None:
    signal = audio_signal(4 * RATE)
    frames: list[AnyFrame] = [
        audio(seq, T0 + s * NS, signal[s * RATE : (s + 1) * RATE], final=s == 3)
        for s, seq in enumerate([0, 1, 0, 1])
    ]
    windows = windows_of(alternating(frames, imu_frames(T0, 200)))  # type: ignore[arg-type]
    plain = windows_of(alternating(audio_frames(T0, 4 * RATE), imu_frames(T0, 200)))
    assert by_id(windows) == by_id(plain)


def test_a_clock_that_jumps_back_starts_another_session() -> None:
    windower: Windower[int] = Windower(CONFIG, Samples())
    windows, resets = [], 0
    ahead = T0 + 3_600 * NS
    frames: list[AnyFrame] = [
        audio(0, ahead, audio_signal(RATE)),
        imu(0, ahead, imu_signal(50)),
        audio(1, T0, audio_signal(RATE), final=True),
        imu(1, T0, imu_signal(50), final=True),
    ]
    for token, frame in enumerate(frames):
        done = windower.push(frame, token)
        windows += done.windows
        resets += sum(n for (what, _), n in done.counts.items() if what == "resets")
    scenarios = {(w.session_id, w.start_ns) for w in windows if w.kind == "scenario"}
    assert scenarios == {("s", ahead), ("s.r1", T0)}
    assert resets == 2


def test_a_format_change_inside_a_session_is_refused_and_nothing_is_lost() -> None:
    windower: Windower[int] = Windower(CONFIG, Samples())
    frames = alternating(audio_frames(T0, 4 * RATE), imu_frames(T0, 200))
    other = frames[0].model_copy(update={"sample_rate": 16_000, "seq": 9})
    windows = list(windower.push(frames[0], 0).windows)
    with pytest.raises(FormatChangeError, match=r"16000 Hz .* began with 8000 Hz"):
        windower.push(other, 99)
    for token, frame in enumerate(frames[1:], 1):
        windows += windower.push(frame, token).windows
    assert by_id(windows) == by_id(windows_of(frames))


def test_harmless_jitter_loses_no_second() -> None:
    rng = np.random.default_rng(0)
    signal = audio_signal(8 * RATE)
    frames: list[AnyFrame] = [
        audio(
            s,
            T0 + s * NS + int(rng.integers(-3_000_000, 3_000_000)) + 5_000_000,
            signal[s * RATE : (s + 1) * RATE],
            final=s == 7,
        )
        for s in range(8)
    ]
    windows = windows_of([*frames, *imu_frames(T0, 400)])
    shares = [w.coverage["audio"] for w in windows if w.kind == "spatial"]
    assert sum(share > 0.98 for share in shares) >= 8


def run(frames: Sequence[AnyFrame], config: WindowingConfig = CONFIG) -> Windowed[int]:
    """Return all that the frames brought about; a frame's token is its place."""
    windower: Windower[int] = Windower(config, Samples())
    whole: Windowed[int] = Windowed()
    for token, frame in enumerate(frames):
        whole.add(windower.push(frame, token))
    return whole


def four_seconds() -> list[AnyFrame]:
    return alternating(audio_frames(T0, 4 * RATE), imu_frames(T0, 200))


def test_windows_come_in_the_order_of_their_ends_the_shortest_first() -> None:
    assert [(w.kind, (w.start_ns - T0) // NS) for w in windows_of(four_seconds())] == [
        ("spatial", 0),
        ("spatial", 1),
        ("har", 0),
        ("spatial", 2),
        ("spatial", 3),
        ("har", 2),
        ("scenario", 0),
    ]


def test_a_window_says_whose_it_is_what_it_holds_and_what_is_inside_it() -> None:
    windows = by_id(windows_of(four_seconds()))
    sound = audio_signal(4 * RATE).astype(np.float32) / 32_768
    motion = imu_signal(200)
    assert windows[f"d/s/scenario/{T0}"] == Window(
        device_id="d",
        window_id=f"d/s/scenario/{T0}",
        session_id="s",
        kind="scenario",
        start_ns=T0,
        end_ns=T0 + 4 * NS,
        coverage={"audio": 1.0, "imu": 1.0},
        slices={"audio": [1.0] * 4, "imu": [1.0] * 4},
        features={"mel": Vector.of(sound, "<f2"), "imu": Vector.of(motion, "<f4")},
        parts={"spatial": 4, "har": 2},
        channels=1,
    )
    assert windows[f"d/s/har/{T0 + 2 * NS}"] == Window(
        device_id="d",
        window_id=f"d/s/har/{T0 + 2 * NS}",
        session_id="s",
        kind="har",
        start_ns=T0 + 2 * NS,
        end_ns=T0 + 4 * NS,
        coverage={"audio": 1.0, "imu": 1.0},
        slices={"audio": [1.0] * 2, "imu": [1.0] * 2},
        features={
            "mel": Vector.of(sound[2 * RATE :], "<f2"),
            "imu": Vector.of(motion[100:], "<f4"),
        },
        parts={"spatial": 2},
        channels=1,
    )
    assert windows[f"d/s/spatial/{T0 + NS}"] == Window(
        device_id="d",
        window_id=f"d/s/spatial/{T0 + NS}",
        session_id="s",
        kind="spatial",
        start_ns=T0 + NS,
        end_ns=T0 + 2 * NS,
        coverage={"audio": 1.0, "imu": 1.0},
        slices={"audio": [1.0], "imu": [1.0]},
        features={
            "maps": Vector.of(sound[None, RATE : 2 * RATE], "<f2"),
            "mel": Vector.of(sound[RATE : 2 * RATE], "<f2"),
            "imu": Vector.of(motion[50:100], "<f4"),
        },
        parts={},
        channels=1,
    )


def test_a_slice_that_never_came_is_zeros_in_its_window() -> None:
    frames = [f for f in four_seconds() if not (isinstance(f, AudioFrame) and f.seq == 2)]
    [window] = [w for w in windows_of(frames) if w.window_id == f"d/s/har/{T0 + 2 * NS}"]
    mel = window.features["mel"].array()
    assert mel.shape == (2 * RATE, 1)
    assert not mel[:RATE].any()
    assert mel[RATE:].all()


def test_what_is_missing_is_counted_in_nanoseconds_and_shares() -> None:
    signal, motion = audio_signal(RATE), imu_signal(50)
    whole = run(
        [
            audio(0, T0, signal[: RATE // 2]),
            audio(1, T0 + 2 * NS, signal[: RATE // 3]),
            audio(2, T0 + 3 * NS, signal, final=True),
            imu(0, T0, motion[:40]),
            imu(1, T0 + NS, motion),
            imu(2, T0 + 3 * NS, motion, final=True),
        ]
    )
    # Half of the first second, all of the second, and 5334 of 8000 samples of the third.
    audio_gap = NS // 2 + NS + 5_334 * NS // RATE
    assert whole.counts == {
        ("gap_ns", "audio"): audio_gap,
        ("gap_ns", "imu"): NS // 5 + NS,
    }
    [scenario] = [w for w in whole.windows if w.kind == "scenario"]
    assert scenario.slices == {"audio": [0.5, 0.0, 0.3332, 1.0], "imu": [0.8, 1.0, 0.0, 1.0]}
    assert scenario.coverage == {"audio": 0.4583, "imu": 0.7}
    assert scenario.parts == {"spatial": 3, "har": 2}


def test_samples_whose_place_is_taken_are_counted_as_overlaps() -> None:
    signal = audio_signal(RATE)
    frames: list[AnyFrame] = [
        audio(0, T0, signal),
        audio(1, T0 + NS // 2, signal),
        audio(2, T0 + 3 * NS // 2 - NS // 4, signal, final=True),
        *imu_frames(T0, 200),
    ]
    whole = run(frames)
    assert whole.counts["overlaps", "audio"] == RATE // 2 + RATE // 4
    assert whole.counts["overlaps", "imu"] == 0


def test_each_event_is_counted_once_for_its_stream() -> None:
    signal = audio_signal(RATE)
    whole = run(
        [
            audio(0, T0, signal),
            audio(0, T0, signal),
            audio(1, T0 + NS, signal),
            audio(0, T0 + 2 * NS, signal),
            audio(1, T0 + 3 * NS, signal, final=True),
            *imu_frames(T0, 200),
        ]
    )
    assert whole.counts == {("duplicates", "audio"): 1, ("resets", "audio"): 1}
    assert sorted(whole.released) == list(range(9))


def test_only_the_late_part_of_a_frame_is_dropped() -> None:
    frames = [
        imu(second, T0 + second * NS, imu_signal(50), alone=True) for second in (0, 1, 2, 3, 5)
    ]
    # The watermark is at 4 s; the first 40 of these samples belong before it.
    late = imu(4, T0 + 3 * NS + NS // 5, imu_signal(50), alone=True)
    windower: Windower[int] = Windower(CONFIG, Samples())
    for token, frame in enumerate(frames):
        windower.push(frame, token)
    done = windower.push(late, 9)
    assert done.counts["late_samples", "imu"] == 40


def test_everything_that_two_pushes_brought_about_adds_up() -> None:
    first = Windowed[int]([], {"a": b"1", "b": b"1"}, [1], Counter({("resets", "imu"): 1}))
    second = Windowed[int]([], {"b": b"2"}, [2, 3], Counter({("resets", "imu"): 2}))
    window = windows_of(four_seconds())[0]
    first.windows.append(window)
    second.windows += [window, window]
    first.add(second)
    assert first == Windowed(
        [window] * 3, {"a": b"1", "b": b"2"}, [1, 2, 3], Counter({("resets", "imu"): 3})
    )


def test_windows_are_1_5_and_30_seconds_and_2_late_unless_said_otherwise() -> None:
    config = WindowingConfig()
    assert list(config.lengths_ns.items()) == [
        ("spatial", NS),
        ("har", 5 * NS),
        ("scenario", 30 * NS),
    ]
    assert config.slice_ns == NS
    assert config.allowed_lateness_s == 2.0


def test_a_device_is_known_from_its_restoring_to_the_forgetting() -> None:
    windower: Windower[int] = Windower(CONFIG, Samples())
    assert not windower.knows("d")
    windower.restore("d", None)
    assert windower.knows("d")
    assert not windower.knows("e")
    windower.forget()
    assert not windower.knows("d")


def test_a_checkpoint_says_which_scenario_window_came_before() -> None:
    frames = alternating(audio_frames(T0, 12 * RATE), imu_frames(T0, 600))
    windower: Windower[int] = Windower(CONFIG, Samples())
    checkpoints = [
        done.checkpoints["d"]
        for token, frame in enumerate(frames)
        if (done := windower.push(frame, token)).checkpoints
    ]
    again: Windower[int] = Windower(CONFIG, Samples())
    again.restore("d", checkpoints[0])
    windows = [w for token, frame in enumerate(frames) for w in again.push(frame, token).windows]
    assert min(w.start_ns for w in windows) == T0 + 4 * NS
    assert {w.after for w in windows if w.start_ns < T0 + 8 * NS} == {T0}


def test_a_checkpoint_keeps_the_session_that_a_clock_reset_began() -> None:
    frames = [
        imu(0, T0 + 60 * NS, imu_signal(50), alone=True),
        *(imu(1 + s, T0 + s * NS, imu_signal(50), alone=True) for s in range(9)),
    ]
    windower: Windower[int] = Windower(CONFIG, Samples())
    for token, frame in enumerate(frames[:8]):
        windower.push(frame, token)
    again: Windower[int] = Windower(CONFIG, Samples())
    again.restore("d", windower.snapshot("d"))
    windows = [w for frame in frames[5:9] for w in again.push(frame, 0).windows]
    assert [(w.session_id, w.kind, w.start_ns - T0) for w in windows] == [
        ("s.r1", "har", 4 * NS),
    ]
    assert [w.session for w in again.waiting()] == ["s.r1"]


@pytest.mark.parametrize("crash_at", range(1, 10))
def test_a_crash_after_a_clock_reset_gives_the_same_windows(crash_at: int) -> None:
    frames = [
        imu(0, T0 + 60 * NS, imu_signal(50), alone=True),
        *(imu(1 + s, T0 + s * NS, imu_signal(50), alone=True) for s in range(9)),
    ]
    windower: Windower[int] = Windower(CONFIG, Samples())
    done: Windowed[int] = Windowed()
    for token, frame in enumerate(frames[:crash_at]):
        done.add(windower.push(frame, token))
    again: Windower[int] = Windower(CONFIG, Samples())
    again.restore("d", done.checkpoints.get("d"))
    for token, frame in enumerate(frames):
        if token not in done.released:
            done.add(again.push(frame, token))
    assert {w.window_id: w for w in done.windows} == by_id(windows_of(frames))


def test_giving_up_concerns_one_session_of_one_device() -> None:
    windower: Windower[int] = Windower(CONFIG, Samples())
    for token, frame in enumerate(audio_frames(T0, 8 * RATE)[:-1]):
        windower.push(frame, token)
    for device_id, session in (("e", "s"), ("d", "t")):
        assert windower.give_up(device_id, session, ("imu",)) == Windowed()
    assert [w.silent for w in windower.waiting()] == [("imu",)]


def test_a_session_given_up_altogether_hands_out_everything_and_holds_nothing() -> None:
    windower: Windower[int] = Windower(CONFIG, Samples())
    for token, frame in enumerate(alternating(audio_frames(T0, 3 * RATE)[:2], imu_frames(T0, 99))):
        windower.push(frame.model_copy(update={"final": False}), token)
    done = windower.give_up("d", "s", ("audio", "imu"))
    assert [w.kind for w in done.windows] == ["spatial", "spatial", "har", "scenario"]
    assert sorted(done.released) == [0, 1, 2, 3]
    assert list(windower.waiting()) == []


def test_a_clock_that_jumps_back_ends_the_session_before_at_once() -> None:
    windower: Windower[int] = Windower(CONFIG, Samples())
    ahead, signal = T0 + 3_600 * NS, imu_signal(50)
    assert not windower.push(imu(0, ahead, signal, session="n" * 64, alone=True), 0).windows
    done = windower.push(imu(1, T0, signal, session="n" * 64, alone=True), 1)
    assert [(w.kind, w.session_id) for w in done.windows] == [
        ("har", "n" * 64),
        ("scenario", "n" * 64),
    ]
    assert done.released == [0]
    assert done.counts == {("resets", "imu"): 1}
    assert [(w.session, w.everything) for w in windower.waiting()] == [("n" * 58 + ".r1", ("imu",))]
    # What comes after the jump belongs to the new session; another jump starts a third.
    assert not windower.push(imu(2, T0 + NS, signal, session="n" * 64, alone=True), 2).counts
    third = windower.push(imu(3, T0 - 60 * NS, signal, session="n" * 64, alone=True), 3)
    assert {w.session_id for w in third.windows} == {"n" * 58 + ".r1"}
    assert third.released == [1, 2]


def test_a_format_change_is_told_with_both_formats() -> None:
    windower: Windower[int] = Windower(CONFIG, Samples())
    windower.push(imu(0, T0, imu_signal(50)), 0)
    with pytest.raises(FormatChangeError) as caught:
        windower.push(imu(1, T0 + NS, imu_signal(50)).model_copy(update={"rate": 52.5}), 1)
    assert str(caught.value) == (
        "imu frame has 52.5 Hz and 6 channels, but session s began with 50 Hz and 6; "
        "a new format needs a new session_id"
    )


def test_a_session_is_known_by_the_name_that_its_frames_have() -> None:
    windower: Windower[int] = Windower(CONFIG, Samples())
    assert not windower.knows_session("d", "s")
    windower.push(imu(0, T0, imu_signal(50), alone=True), 0)
    windower.push(imu(1, T0 - 60 * NS, imu_signal(50), alone=True), 1)
    assert windower.knows_session("d", "s")
    assert not windower.knows_session("d", "s.r1")
    assert not windower.knows_session("e", "s")
    assert [(w.session, w.session_id) for w in windower.waiting()] == [("s.r1", "s")]


def test_an_earlier_frame_after_the_last_does_not_open_its_stream_again() -> None:
    windower: Windower[int] = Windower(CONFIG, Samples())
    sound = audio_frames(T0, 4 * RATE)
    frames: list[AnyFrame] = [sound[0], sound[1], sound[3], *imu_frames(T0, 250)[:4]]
    for token, frame in enumerate(frames):
        windower.push(frame, token)
    windower.push(sound[2], 9)
    assert [w.everything for w in windower.waiting()] == [("imu",)]


def test_seconds_of_longer_spatial_windows_are_joined_along_time() -> None:
    config = WindowingConfig(spatial_s=2, har_s=2, scenario_s=4, allowed_lateness_s=2.0)
    [first, _] = [w for w in windows_of(four_seconds(), config) if w.kind == "spatial"]
    assert first.features["maps"].shape == [1, 2 * RATE, 1]


class Noting(Samples):
    """Notes the rates that it is given and whether its features of motion still exist."""

    def __init__(self) -> None:
        super().__init__()
        self.rates: set[tuple[str, float]] = set()
        self.features: list[weakref.ref[NDArray[Any]]] = []

    def audio(
        self, samples: NDArray[np.float32], rate: int, mask: NDArray[np.bool_]
    ) -> dict[str, NDArray[Any]]:
        self.rates.add(("audio", rate))
        return super().audio(samples, rate, mask)

    def imu(
        self, values: NDArray[np.float32], rate: float, mask: NDArray[np.bool_], **where: float
    ) -> dict[str, NDArray[Any]]:
        self.rates.add(("imu", rate))
        motion = values.copy()
        self.features.append(weakref.ref(motion))
        return {"imu": motion}


def test_features_are_computed_at_the_streams_own_rates() -> None:
    noting = Noting()
    windower: Windower[int] = Windower(CONFIG, noting)
    for token, frame in enumerate(four_seconds()):
        windower.push(frame, token)
    assert noting.rates == {("audio", RATE), ("imu", IMU_RATE)}


def test_features_are_kept_no_longer_than_a_window_needs_them() -> None:
    noting = Noting()
    windower: Windower[int] = Windower(CONFIG, noting)
    windows = [w for token, f in enumerate(four_seconds()) for w in windower.push(f, token).windows]
    assert [w.kind for w in windows].count("scenario") == 1
    gc.collect()
    assert len(noting.features) == 4
    assert [ref() for ref in noting.features] == [None] * 4
    assert windower.knows_session("d", "s")


def test_maps_are_kept_no_longer_than_their_spatial_window_needs_them() -> None:
    maps: list[weakref.ref[NDArray[Any]]] = []

    class Mapping(Samples):
        def audio(
            self, samples: NDArray[np.float32], rate: int, mask: NDArray[np.bool_]
        ) -> dict[str, NDArray[Any]]:
            features = super().audio(samples, rate, mask)
            features["maps"] = features["maps"].copy()
            maps.append(weakref.ref(features["maps"]))
            return features

    windower: Windower[int] = Windower(CONFIG, Mapping())
    windows = [
        w for token, f in enumerate(four_seconds()[:6]) for w in windower.push(f, token).windows
    ]
    assert {w.kind for w in windows} == {"spatial", "har"}
    gc.collect()
    assert maps
    assert [ref() for ref in maps] == [None] * len(maps)


def test_samples_for_windows_that_the_last_frame_closed_are_late() -> None:
    windower: Windower[int] = Windower(CONFIG, Samples())
    for frame in whole_session("s"):
        windower.push(frame, 0)
    done = windower.push(imu(4, T0 + 7 * NS // 2, imu_signal(50), alone=True), 9)
    assert done.counts == {("late_samples", "imu"): 25}


def test_a_second_in_which_no_stream_spoke_has_no_share() -> None:
    motion = imu_signal(50)
    whole = run(
        [
            imu(0, T0, motion, alone=True),
            imu(1, T0 + 3 * NS, motion, final=True, alone=True),
        ]
    )
    windows = {(w.kind, w.start_ns): w for w in whole.windows}
    first = windows["har", T0]
    assert (first.slices, first.coverage) == ({"imu": [1.0, 0.0]}, {"imu": 0.5})
    scenario = windows["scenario", T0]
    assert scenario.slices == {"imu": [1.0, 0.0, 0.0, 1.0]}
    assert scenario.coverage == {"imu": 0.5}


def test_overlaps_in_several_seconds_of_one_frame_add_up() -> None:
    whole = run(
        [
            audio(0, T0, audio_signal(RATE)),
            audio(1, T0 + NS, audio_signal(RATE)),
            audio(2, T0 + 3 * NS // 4, audio_signal(3 * RATE // 4), final=True),
            imu(0, T0, imu_signal(50)),
            imu(1, T0 + NS, imu_signal(50)),
            imu(2, T0 + 4 * NS // 5, imu_signal(35), final=True),
        ]
    )
    assert whole.counts == {
        ("overlaps", "audio"): RATE // 4 + RATE // 2,
        # A frame that starts before its predecessor: these belong to a window that was closed.
        ("late_samples", "imu"): 10,
        ("overlaps", "imu"): 25,
    }


def test_at_a_rate_that_no_second_divides_every_sample_is_in_one_second() -> None:
    signal = imu_signal(417) + 1
    frames = [
        imu(
            seq,
            T0 + round(low * NS / 52.08),
            signal[low:high],
            final=high == len(signal),
            alone=True,
        )
        for seq, (low, high) in enumerate(cut(len(signal), [50]))
    ]
    windower: Windower[int] = Windower(CONFIG, Noting())
    motion = [
        window.features["imu"].array()
        for token, frame in enumerate(frames)
        for window in windower.push(frame.model_copy(update={"rate": 52.08}), token).windows
        if window.kind == "har"
    ]
    rows = np.concatenate(motion)
    assert np.array_equal(rows[rows.any(axis=1)], signal)


class WithTagger(Samples):
    """Adds an audio tagger's log-mel to the features of sound: the slice's first sample."""

    def audio(
        self, samples: NDArray[np.float32], rate: int, mask: NDArray[np.bool_]
    ) -> dict[str, NDArray[Any]]:
        first = np.full((2, 3), samples[0, 0], dtype=np.float16)
        return {**super().audio(samples, rate, mask), "tagger_mel": first}


def test_scenario_windows_alone_carry_an_audio_taggers_log_mel() -> None:
    windower: Windower[int] = Windower(CONFIG, WithTagger())
    frames = [*audio_frames(T0, 3 * RATE)]
    windows = [w for at, f in enumerate(frames) for w in windower.push(f, at).windows]
    windows += windower.give_up("d", "s", ("audio", "imu")).windows
    kinds = {w.kind for w in windows if "tagger_mel" in w.features}
    assert ({w.kind for w in windows}, kinds) == ({"spatial", "har", "scenario"}, {"scenario"})
    [scenario] = [w for w in windows if w.kind == "scenario"]
    mel = scenario.features["tagger_mel"]
    assert (mel.dtype, mel.shape) == ("<f2", [8, 3])
    rows = mel.array()[::2, 0]
    assert rows.tolist()[:3] == [
        np.float16((1 + second * RATE % 997) / 32_768) for second in range(3)
    ]
    assert rows[3] == 0


def test_a_frame_costs_the_same_however_many_are_held() -> None:
    windower: Windower[int] = Windower(CONFIG, Samples())
    signal = imu_signal(1)
    # Sound is announced and never comes, so nothing is let go.
    frames = [imu(seq, T0 + seq * NS // 50, signal) for seq in range(8_000)]
    costs = []
    for begin in range(0, len(frames), 1_000):
        before = process_time()
        for frame in frames[begin : begin + 1_000]:
            assert not windower.push(frame, 0).released
        costs.append(process_time() - before)
    # The minimum, because other work of this process may fall into any of them.
    assert min(costs[4:]) < 4 * min(costs[:4])


def test_a_session_that_holds_too_much_waits_no_longer_for_what_is_behind() -> None:
    seconds = 40
    config = replace(CONFIG, held_bytes_max=10 * (2 * RATE + 2_048))
    windower: Windower[int] = Windower(config, Samples())
    out = Windowed[int]()
    signal = audio_signal(RATE)
    for second in range(seconds):
        out.add(windower.push(audio(second, T0 + second * NS, signal), second))
    assert out.counts["given_up", "imu"] == 1
    assert len([w for w in out.windows if w.kind == "scenario"]) >= seconds // 4 - 2
    # Motion that comes after all is waited for again.
    late = windower.push(imu(0, T0 + seconds * NS, imu_signal(50)), 99)
    assert not late.counts
    [waits] = windower.waiting()
    assert waits.everything == ("audio", "imu")


def test_what_waits_says_how_far_a_silent_stream_is_behind() -> None:
    windower: Windower[int] = Windower(CONFIG, Samples())
    for second in range(20):
        windower.push(audio(second, T0 + second * NS, audio_signal(RATE)), second)
    [waits] = windower.waiting()
    assert (waits.silent, waits.behind_s) == (("imu",), {"imu": 20.0})
    windower.push(imu(0, T0, imu_signal(50)), 0)
    [waits] = windower.waiting()
    assert waits.behind_s == {"imu": 19.0}


def beside(first: str, second: str, shift_s: float = 0.0) -> list[AnyFrame]:
    """Return two whole sessions of motion, frame by frame in turn."""
    pairs = zip(whole_session(first), whole_session(second), strict=True)
    shift_ns = round(shift_s * NS)
    moved = [(a, b.model_copy(update={"t_ns": b.t_ns + shift_ns})) for a, b in pairs]
    return [frame for pair in moved for frame in pair]


@pytest.mark.parametrize("shift_s", [0.0, 0.5, -1.0, 20.0])
def test_two_sessions_at_once_are_both_logged_whole(shift_s: float) -> None:
    windower: Windower[int] = Windower(CONFIG, Samples())
    out = Windowed[int]()
    for token, frame in enumerate(beside("a", "b", shift_s)):
        out.add(windower.push(frame, token))
    assert not out.counts["late_samples", "imu"]
    for name, begin in (("a", T0), ("b", T0 + round(shift_s * NS))):
        alone: Windower[int] = Windower(CONFIG, Samples())
        frames = [f.model_copy(update={"t_ns": f.t_ns - T0 + begin}) for f in whole_session(name)]
        apart = [w for frame in frames for w in alone.push(frame, 0).windows]
        together = [w for w in out.windows if w.session_id == name]
        assert by_id(together) == by_id(apart)
    assert sorted(out.released) == list(range(8))


def test_sound_that_is_read_again_after_a_crash_is_not_of_a_session_that_motion_left() -> None:
    before: Windower[int] = Windower(CONFIG, Samples())
    frames = alternating(audio_frames(T0, 8 * RATE), imu_frames(T0, 400))
    for token, frame in enumerate(frames):
        before.push(frame.model_copy(update={"final": False}), token)
    after: Windower[int] = Windower(CONFIG, Samples())
    after.restore("d", before.snapshot("d"))
    motion, sound = frames[1], frames[0].model_copy(update={"final": False})
    assert isinstance(motion, ImuFrame)
    # Motion is read faster: it is in the next session while sound comes again from the first.
    assert after.push(motion, 0).released == [0]
    after.push(imu(0, T0 + 600 * NS, imu_signal(50), session="t"), 1)
    assert after.push(sound, 2).released == [2]


def test_a_session_that_another_ended_speaks_again_beside_it_and_loses_nothing_unsaid() -> None:
    windower: Windower[int] = Windower(CONFIG, Samples())
    signal = imu_signal(50)

    def push(session: str, seq: int, second: int, token: int) -> Windowed[int]:
        return windower.push(imu(seq, T0 + second * NS, signal, session=session, alone=True), token)

    push("a", 0, 0, 0)
    ended = push("b", 0, 600, 1)
    assert [w.session_id for w in ended.windows if w.kind == "scenario"] == ["a"]
    # The window that is out already begins at T0 and lasts 4 s.
    with pytest.raises(SessionEndedError, match="another session of the device went on"):
        push("a", 1, 1, 2)
    again = push("a", 2, 5, 3)
    assert not again.counts
    # From now on neither ends the other.
    assert not push("b", 1, 601, 4).windows
    assert {w.session for w in windower.waiting()} == {"a", "b"}


def test_of_an_ended_session_little_is_remembered() -> None:
    windower: Windower[int] = Windower(CONFIG, Samples())
    signal = imu_signal(1)
    for seq in range(300):
        windower.push(imu(seq, T0 + seq * NS // 50, signal, final=seq == 299, alone=True), 0)
    [session] = windower._devices["d"]
    assert not session.buffers
    assert not session.slices
    assert len(session.tracks["imu"].seen) <= 16


def test_a_session_that_one_stream_has_reached_waits_for_the_other_that_is_still_before_it() -> (
    None
):
    windower: Windower[int] = Windower(CONFIG, Samples())
    later = T0 + 20 * NS
    for token, frame in enumerate(audio(s, later + s * NS, audio_signal(RATE)) for s in range(3)):
        windower.push(frame, token)
    before = imu(0, T0, imu_signal(50), session="before", alone=True)
    assert windower.push(before, 3).windows == []


class Speaking(Samples):
    """Somebody speaks in the seconds whose first sample is a number of `seconds`."""

    def __init__(self, seconds: set[int]) -> None:
        super().__init__()
        self._seconds = seconds

    def audio(
        self, samples: NDArray[np.float32], rate: int, mask: NDArray[np.bool_]
    ) -> dict[str, NDArray[Any]]:
        number = len([kind for kind, _ in self.calls if kind == "audio"])
        speech = np.array([number in self._seconds], dtype=np.float16)
        return {**super().audio(samples, rate, mask), "speech": speech}


def filtered(how: SpeechFilter, seconds: set[int]) -> Windowed[int]:
    """Eight seconds, two scenario windows, in some of which somebody speaks."""
    windower: Windower[int] = Windower(replace(CONFIG, speech_filter=how), Speaking(seconds))
    out = Windowed[int]()
    frames = alternating(audio_frames(T0, 8 * RATE), imu_frames(T0, 400))
    for token, frame in enumerate(frames):
        out.add(windower.push(frame, token))
    assert sorted(out.released) == list(range(len(frames)))
    return out


def starts_with(windows: Sequence[Window], kind: str, modality: str) -> list[int]:
    return [(w.start_ns - T0) // NS for w in windows if w.kind == kind and modality in w.coverage]


def test_of_windows_with_speech_no_feature_of_sound_leaves() -> None:
    out = filtered("drop-features", {1})
    assert starts_with(out.windows, "spatial", "audio") == [0, 2, 3, 4, 5, 6, 7]
    assert starts_with(out.windows, "har", "audio") == [2, 4, 6]
    assert starts_with(out.windows, "har", "imu") == [0, 2, 4, 6]
    assert starts_with(out.windows, "scenario", "audio") == [4]
    assert starts_with(out.windows, "scenario", "imu") == [0, 4]
    for window in out.windows:
        assert "speech" not in window.features
        if "audio" not in window.coverage:
            assert set(window.features) == {"imu"}
    [first] = [w for w in out.windows if w.kind == "scenario" and w.start_ns == T0]
    assert first.parts == {"spatial": 3, "har": 2}
    assert out.counts["speech", "audio"] == 3


def test_windows_with_speech_can_be_dropped_whole() -> None:
    out = filtered("drop-window", {1})
    assert starts_with(out.windows, "har", "imu") == [2, 4, 6]
    assert starts_with(out.windows, "scenario", "imu") == [4]
    assert out.counts["speech", "audio"] == 3


def test_a_window_says_how_many_microphones_heard_it() -> None:
    frames: list[AnyFrame] = [
        frame.model_copy(update={"channels": 2, "samples": frame.samples * 2})
        for frame in audio_frames(T0, 4 * RATE)
    ]
    windower: Windower[int] = Windower(CONFIG, Samples())
    out = Windowed[int]()
    for token, frame in enumerate([*frames, *imu_frames(T0, 400)]):
        out.add(windower.push(frame, token))
    heard = {w.start_ns: w.channels for w in out.windows if w.kind == "har"}
    assert heard == {T0: 2, T0 + 2 * NS: 2, T0 + 4 * NS: None, T0 + 6 * NS: None}


def test_microphones_are_known_of_windows_whose_sound_is_dropped() -> None:
    out = filtered("drop-features", {1})
    assert {w.channels for w in out.windows} == {1}


def test_without_the_filter_speech_is_a_sound_like_any_other() -> None:
    out = filtered("off", set(range(8)))
    assert starts_with(out.windows, "scenario", "audio") == [0, 4]
    assert not out.counts["speech", "audio"]
    assert not [w for w in out.windows if "speech" in w.features]


def test_a_featurizer_that_does_not_say_whether_somebody_speaks_counts_as_speech() -> None:
    windower: Windower[int] = Windower(replace(CONFIG, speech_filter="drop-window"), Samples())
    frames = alternating(audio_frames(T0, 4 * RATE), imu_frames(T0, 200))
    assert not [w for n, frame in enumerate(frames) for w in windower.push(frame, n).windows]


def test_a_stream_that_has_yet_to_speak_is_not_ended_by_a_session_beside_it() -> None:
    windower: Windower[int] = Windower(CONFIG, Samples())
    out = Windowed[int]()
    first: list[AnyFrame] = [*audio_frames(T0, 4 * RATE), *imu_frames(T0, 200)]
    other: list[AnyFrame] = [frame.model_copy(update={"session_id": "t"}) for frame in first]
    # Sound of the first, motion of the second, and only then the motion of the first.
    for token, frame in enumerate([first[0], *other, *first[1:]]):
        out.add(windower.push(frame, token))
    alone = by_id(windows_of(first))
    assert by_id([w for w in out.windows if w.session_id == "s"]) == alone

"""Which windows a device's frames make, and how late they may come."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.errors import FormatChangeError
from operators.windowed import Windowed
from operators.windowing import Windower, WindowingConfig
from schemas import AudioFrame, ImuFrame
from schemas.frames import NS
from tests.operators.frames import (
    CONFIG,
    RATE,
    T0,
    AnyFrame,
    Noting,
    Samples,
    alternating,
    audio,
    audio_frames,
    audio_signal,
    by_id,
    cut,
    four_seconds,
    imu,
    imu_frames,
    imu_signal,
    recordings,
    run,
    whole_session,
    windows_of,
    with_positions,
)


@settings(max_examples=30)
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


@settings(max_examples=20)
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


@settings(max_examples=30)
@given(recordings())
def test_every_sample_is_in_exactly_one_window_of_a_kind(
    recording: tuple[list[AudioFrame], list[ImuFrame], list[AnyFrame]],
) -> None:
    first, second, interleaved = recording
    total = sum(len(frame.samples) // 2 for frame in first)
    imu_total = sum(frame.acc.shape[0] for frame in second)
    windows = windows_of(interleaved)
    for kind, name in (("har", "mel"), ("scenario", "mel"), ("spatial", "maps")):
        sounds = [
            w.features[name].array().reshape(-1)
            for w in windows
            if w.kind == kind and name in w.features
        ]
        together = np.concatenate(sounds)
        assert np.array_equal(
            together[together != 0] * 32768, audio_signal(total)[:, 0].astype(np.float32)
        )
    for kind in ("har", "scenario"):
        moved = np.concatenate(
            [w.features["imu"].array() for w in windows if w.kind == kind and "imu" in w.features]
        )
        # The first sample of the signal has a zero; the grid's empty places have six.
        assert np.array_equal(moved[moved.any(axis=1)], imu_signal(imu_total))


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


def test_hours_of_silence_give_no_windows() -> None:
    early = audio_frames(T0, RATE)[0].model_copy(update={"final": False})
    later = audio(1, T0 + 10_000 * NS, audio_signal(RATE), final=True)
    motion = imu_frames(T0, 50)
    windows = windows_of([early, later, *motion])
    assert {w.start_ns // NS * NS for w in windows if w.kind == "spatial"} == {
        T0,
        T0 + 10_000 * NS,
    }


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


def test_a_format_change_names_both_formats() -> None:
    windower: Windower[int] = Windower(CONFIG, Samples())
    windower.push(imu(0, T0, imu_signal(50)), 0)
    with pytest.raises(FormatChangeError) as caught:
        windower.push(imu(1, T0 + NS, imu_signal(50)).model_copy(update={"rate": 52.5}), 1)
    assert str(caught.value) == (
        "imu frame has 52.5 Hz and 6 channels, but session s began with 50 Hz and 6; "
        "a new format needs a new session_id"
    )


def test_samples_for_windows_that_the_last_frame_closed_are_late() -> None:
    windower: Windower[int] = Windower(CONFIG, Samples())
    for frame in whole_session("s"):
        windower.push(frame, 0)
    done = windower.push(imu(4, T0 + 7 * NS // 2, imu_signal(50), alone=True), 9)
    assert done.counts == {("late_samples", "imu"): 25}


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

"""Hypothesis strategies for every message of every topic."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from hypothesis import strategies as st

from schemas import (
    POSITIONS,
    REGIONS,
    Activity,
    ActivityLabel,
    ActivitySpan,
    AudioFrame,
    BodyPosition,
    Correction,
    DeadLetter,
    DeviceControl,
    FinetuneItem,
    ImuFrame,
    Message,
    ModelUpdate,
    NamedSpan,
    NearPart,
    PackedRows,
    Refined,
    Scenario,
    ScenarioEstimate,
    SoundPlace,
    Spatial,
    Vector,
    Window,
)
from schemas.learning import SHIPPED

ids = st.from_regex(r"[A-Za-z0-9._:-]{1,64}", fullmatch=True)
times = st.integers(0, 2**62 - 1)
shares = st.floats(0, 1)
texts = st.text(min_size=1, max_size=40)
probabilities = st.dictionaries(texts, shares, max_size=6)
vectors = st.builds(
    lambda shape, dtype, seed: Vector.of(
        np.asarray(np.random.default_rng(seed).uniform(-9, 9, shape)), dtype
    ),
    st.lists(st.integers(0, 5), min_size=1, max_size=4),
    st.sampled_from(["<f4", "<f2", "<i2"]),
    st.integers(0, 99),
)
packed_rows = st.builds(
    lambda shape, seed: PackedRows.of(
        np.asarray(np.random.default_rng(seed).uniform(-9, 9, shape)), exact=4
    ),
    st.tuples(st.integers(0, 15), st.integers(4, 300)),
    st.integers(0, 99),
)
features = vectors | packed_rows
revisions = st.from_regex(r"[0-9a-f]{12}", fullmatch=True)
figures = st.dictionaries(texts, st.floats(allow_nan=False, allow_infinity=False), max_size=6)
unit_vectors = st.integers(0, 7).map(lambda axis: Vector.of(np.eye(8)[axis]))
near_shares = st.integers(0, 255).map(lambda step: Vector.of(np.full((50, 64), step), "|u1"))
sound_places = st.builds(
    SoundPlace,
    distance=st.sampled_from([None, "near", "far", "unknown"]),
    near=st.none() | shares,
    direction=st.sampled_from([None, "front", "left", "right", "back"]),
    direction_probability=st.none() | shares,
    apart=st.booleans(),
)
body_positions = st.builds(
    BodyPosition,
    at=st.sampled_from([*POSITIONS, "head", "unknown"]),
    probability=shares,
    said=st.booleans(),
)
coverages = st.dictionaries(st.sampled_from(["audio", "imu"]), shares, max_size=2)
parts = st.dictionaries(st.sampled_from(["spatial", "har"]), st.integers(0, 60), max_size=2)
streams = st.sampled_from([["audio"], ["imu"], ["audio", "imu"]])
results: dict[str, Any] = {
    "device_id": ids,
    "window_id": st.text(max_size=100),
    "session_id": ids,
    "start_ns": times,
    "end_ns": times,
    "revision": st.text(max_size=40),
}
_frame: dict[str, Any] = {
    "device_id": ids,
    "session_id": ids,
    "seq": st.integers(0, 2**53 - 1),
    "t_ns": times,
    "streams": streams,
    "final": st.booleans(),
    "position": st.none() | st.sampled_from(POSITIONS),
}


@st.composite
def audio_frames(draw: st.DrawFn) -> AudioFrame:
    channels: Literal[1, 2, 4] = draw(st.sampled_from([1, 2, 4]))
    samples = draw(st.integers(1, 200))
    return AudioFrame(
        **{name: draw(strategy) for name, strategy in _frame.items()},
        sample_rate=draw(st.integers(8_000, 48_000)),
        channels=channels,
        codec="pcm_s16le",
        samples=draw(st.binary(min_size=2 * channels * samples, max_size=2 * channels * samples)),
    )


@st.composite
def imu_frames(draw: st.DrawFn) -> ImuFrame:
    count = draw(st.integers(1, 10))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    return ImuFrame(
        **{name: draw(strategy) for name, strategy in _frame.items()},
        rate=draw(st.floats(10, 800)),
        acc=Vector.of(rng.normal(size=(count, 3))),
        gyro=Vector.of(rng.normal(size=(count, 3))),
    )


def _corrections() -> st.SearchStrategy[Correction]:
    def make_correction(
        ident: str, author: str, at: int, start: int, names: list[str]
    ) -> Correction:
        spans = [
            NamedSpan(start_ns=start + n, end_ns=start + n + 1, labels=[name])
            for n, name in enumerate(names)
        ]
        return Correction(
            device_id="d",
            correction_id=ident,
            action="split" if len(spans) > 1 else "correct",
            row="scenario",
            author=author,
            created_ns=at,
            before=spans[:1],
            after=spans,
        )

    return st.builds(
        make_correction,
        st.from_regex(r"[0-9a-f]{32}", fullmatch=True),
        texts,
        times,
        st.integers(0, 2**61),
        st.lists(texts, min_size=1, max_size=4),
    )


MESSAGES: dict[type[Message], st.SearchStrategy[Any]] = {
    AudioFrame: audio_frames(),
    ImuFrame: imu_frames(),
    Window: st.builds(
        Window,
        device_id=ids,
        window_id=st.text(max_size=100),
        session_id=ids,
        kind=st.sampled_from(["spatial", "har", "scenario"]),
        start_ns=times,
        end_ns=times,
        coverage=coverages,
        slices=st.dictionaries(
            st.sampled_from(["audio", "imu"]), st.lists(shares, max_size=5), max_size=2
        ),
        features=st.dictionaries(st.sampled_from(["mel", "imu", "maps"]), vectors, max_size=3),
        parts=parts,
        after=st.none() | times,
        position=st.none() | st.sampled_from(POSITIONS),
    ),
    Spatial: st.builds(
        Spatial,
        **results,
        regions=st.fixed_dictionaries(dict.fromkeys(REGIONS, shares)),
        near_field=st.none() | st.builds(NearPart, share=near_shares, energy=shares),
    ),
    Activity: st.builds(
        Activity,
        **results,
        activities=probabilities,
        open_vocabulary=probabilities,
        gate=st.sampled_from(["open", "dropped", "near"]),
        far_field=st.none() | shares,
        scenarios=st.lists(texts, max_size=3),
        missing=st.lists(st.text(max_size=20), max_size=3),
        familiarity=coverages,
        unknown=st.booleans(),
    ),
    ActivityLabel: st.builds(
        ActivityLabel,
        device_id=ids,
        name=st.from_regex(r"[a-z0-9]{1,20}( [a-z0-9]{1,20})?", fullmatch=True),
        vector=st.none() | unit_vectors,
        descriptions=st.lists(texts, max_size=3),
        described_by=st.text(max_size=40),
        revision=st.text(max_size=40),
    ),
    ScenarioEstimate: st.builds(
        ScenarioEstimate,
        **results,
        coverage=coverages,
        scenarios=probabilities,
        key_frames=st.lists(shares, max_size=15),
        sound_events=probabilities,
        motion=probabilities,
        embeddings=features,
        parts=parts,
        after=st.none() | times,
        event_segments=st.dictionaries(texts, st.lists(shares, max_size=15), max_size=3),
    ),
    Scenario: st.builds(
        Scenario,
        **results,
        coverage=coverages,
        scenarios=probabilities,
        confidence=shares,
        key_frames=st.lists(shares, max_size=15),
        activities=st.lists(
            st.builds(
                ActivitySpan,
                start_ns=times,
                end_ns=times,
                activity=texts,
                probability=shares,
                open_vocabulary=probabilities,
                unknown=st.booleans(),
            ),
            max_size=6,
        ),
        spatial=probabilities,
        sound_events=probabilities,
        motion=probabilities,
        missing=st.lists(st.text(max_size=20), max_size=3),
        embeddings=st.none() | features,
        sound_places=st.dictionaries(texts, sound_places, max_size=3),
        position=st.none() | body_positions,
    ),
    Refined: st.builds(
        Refined,
        **results,
        scenarios=st.lists(texts, max_size=3),
        refined_by=st.text(max_size=40),
        reason=st.text(max_size=80),
        preliminary=texts,
        confidence=shares,
        latency_ms=st.floats(0, 1e6),
        tokens=st.integers(0, 10**6),
    ),
    FinetuneItem: st.builds(
        FinetuneItem,
        **results,
        embeddings=features,
        scenarios=probabilities,
        confidence=shares,
        pseudo_labels=st.lists(texts, max_size=3),
        provenance=st.text(max_size=40),
    ),
    ModelUpdate: st.builds(
        ModelUpdate,
        device_id=ids,
        model=st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True),
        revision=revisions,
        parent=st.none() | st.just(SHIPPED) | revisions,
        encoders=revisions,
        sha256=st.from_regex(r"[0-9a-f]{64}", fullmatch=True),
        weights=st.text(min_size=1, max_size=100),
        metrics_before=figures,
        metrics=figures,
        reason=st.text(max_size=80),
        pinned=st.booleans(),
        created_ns=st.integers(0, 2**62 - 1),
    ),
    DeviceControl: st.builds(
        DeviceControl,
        device_id=ids,
        state=st.sampled_from(["active", "paused", "erased"]),
        erased_ms=st.none() | st.integers(0, 2**53 - 1),
        quiet=st.sampled_from([None, "22:00-07:00", "01:00-02:00,03:00-04:30@Europe/Berlin"]),
    ),
    DeadLetter: st.builds(
        DeadLetter,
        device_id=ids,
        topic=st.text(max_size=40),
        partition=st.integers(0, 100),
        offset=st.integers(0, 2**40),
        stage=st.text(max_size=20),
        reason=st.text(max_size=20),
        error=st.text(max_size=100),
        size=st.integers(0, 10**6),
        value=st.binary(max_size=200),
    ),
    Correction: _corrections(),
}

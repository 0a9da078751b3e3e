from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from models.lanhar.margins import ReadingsConfig
from models.lanhar.position_readout import ReadoutConfig
from models.lanhar.readings import LANHAR_READINGS, Readings
from models.lanhar.readout_weights import LANHAR_READOUT, ReadoutWeights
from models.lanhar.text_encoder import LANHAR_TEXT
from models.serving.lanhar_loading import KEYS, open_lanhar, require_lanhar
from models.serving.open_vocabulary import IN_FORCE, MIN_ROWS, Lanhar
from models.serving.registry import MissingWeightsError, Registry, RegistryError
from schemas import ActivityLabel, Vector
from streams.engine.vocabulary.known_labels import label_set
from streams.engine.vocabulary.ranking import Rankings, RankInput
from streams.labels.describe import packaged_texts
from tests.streams.fresh_lanhar import save_lanhar

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from schemas.position import Place

RNG = np.random.default_rng(0)
IMU = RNG.normal(size=(250, 6)).astype(np.float32) + np.array([0, 0, 9.81, 0, 0, 0], np.float32)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    made = Registry(tmp_path_factory.mktemp("weights"))
    save_lanhar(made)
    return made


@pytest.fixture
def lanhar(registry: Registry) -> Lanhar:
    return require_lanhar(registry)


def test_without_weights_there_is_nothing_to_rank_with(tmp_path: Path) -> None:
    assert open_lanhar(Registry(tmp_path)) is None
    with pytest.raises(MissingWeightsError, match="lanhar_sensor"):
        require_lanhar(Registry(tmp_path))


def test_weights_that_are_not_all_there_are_an_error(registry: Registry, tmp_path: Path) -> None:
    some = Registry(tmp_path)
    some.path(LANHAR_TEXT).write_bytes(registry.path(LANHAR_TEXT).read_bytes())
    with pytest.raises(MissingWeightsError, match="lanhar_sensor"):
        open_lanhar(some)


def test_readings_of_another_sensor_encoder_are_refused_with_how_to_make_them(
    registry: Registry, tmp_path: Path
) -> None:
    other = Registry(tmp_path)
    save_lanhar(other)
    other.save(LANHAR_READINGS, Readings(ReadingsConfig(sensor="0" * 12)))
    command = rf"python -m models\.research\.lanhar\.training\.readings --out {tmp_path}$"
    with pytest.raises(RegistryError, match=rf"sensor encoder 0{{12}}.* {command}"):
        require_lanhar(other)


def test_a_readout_of_another_sensor_encoder_is_refused_except_where_it_is_made_anew(
    registry: Registry, tmp_path: Path
) -> None:
    other = Registry(tmp_path)
    save_lanhar(other)
    config = ReadoutConfig(names=("sitting", "walking"), sensor="0" * 12)
    other.save(LANHAR_READOUT, ReadoutWeights(config))
    command = (
        rf"python -m models\.research\.lanhar\.training\.position_readout --weights {tmp_path}$"
    )
    with pytest.raises(RegistryError, match=rf"sensor encoder 0{{12}}.* {command}"):
        require_lanhar(other)
    assert require_lanhar(other, readout=False).readout is None


def test_the_shipped_readings_are_of_the_shipped_sensor_encoder() -> None:
    shipped_lanhar = require_lanhar(Registry())
    assert shipped_lanhar.readings.config.sensor == shipped_lanhar.revision
    assert len(shipped_lanhar.readings.config.learned) == 30


def test_labels_begin_with_those_in_force(lanhar: Lanhar) -> None:
    vocabulary = label_set(lanhar).vocabulary()
    assert set(vocabulary.names) == set(IN_FORCE)
    assert vocabulary.vectors.shape == (len(IN_FORCE), 128)


def test_every_label_in_force_is_described() -> None:
    assert all(packaged_texts(name) for name in IN_FORCE)


def test_five_seconds_of_motion_are_ranked_and_so_are_the_least_rows(lanhar: Lanhar) -> None:
    labels = label_set(lanhar).vocabulary()
    for rows in (250, MIN_ROWS):
        [found] = Rankings(lanhar).predict([RankInput(IMU[:rows], labels)])
        assert len(found.labels) == 5
        assert all(0 <= share <= 1 for share in found.labels.values())


def test_a_ranking_does_not_depend_on_its_company(registry: Registry) -> None:
    one, other = require_lanhar(registry), require_lanhar(registry)
    labels = label_set(one).vocabulary()
    assert labels.revision == label_set(other).vocabulary().revision
    items = [RankInput(IMU[n:], labels) for n in range(6)]
    together = Rankings(one).predict(items)
    alone = [Rankings(other).predict([item])[0] for item in items]
    assert together == alone
    # A view of a message's bytes lies anywhere in memory.
    for shift in (4, 8, 12):
        room = np.zeros(IMU.nbytes + 64, np.uint8)
        at = room[shift : shift + IMU.nbytes].view(np.float32).reshape(IMU.shape)
        at[...] = IMU
        assert Rankings(one).predict([RankInput(at, labels)]) == together[:1]


def test_the_packages_texts_lie_where_the_shipped_label_does(lanhar: Lanhar) -> None:
    vocabulary = label_set(lanhar).vocabulary()
    row = vocabulary.names.index("walking")
    assert np.allclose(lanhar.embed(packaged_texts("walking")), vocabulary.vectors[row], atol=1e-5)


def test_a_label_described_by_text_joins_the_ranking(lanhar: Lanhar) -> None:
    labels = label_set(lanhar)
    [(best, _), *_] = lanhar.rank(IMU, labels.vocabulary())
    labels.push(
        "something new",
        ActivityLabel(
            name="something new",
            vector=Vector.of(lanhar.embed(packaged_texts(best))),
            revision=labels.revision,
        ),
    )
    found = dict(lanhar.rank(IMU, labels.vocabulary()))
    assert set(list(found)[:2]) == {best, "something new"}
    assert found["something new"] == pytest.approx(found[best], abs=2e-4)


def test_the_names_are_of_the_registry() -> None:
    assert all(Registry().path(key) for key in KEYS)


def test_windows_before_change_a_ranking_and_labels_out_of_force_do_not(lanhar: Lanhar) -> None:
    few = lanhar.shipped.only(["walking", "sitting"])
    alone, memory = lanhar.rank_next(IMU, lanhar.shipped, None, (), 0.0)
    after, _ = lanhar.rank_next(IMU, lanhar.shipped, None, memory, 5.0)
    assert after[0][0] == alone[0][0]
    assert after[0][1] > alone[0][1]
    pairs, same = lanhar.rank_next(IMU, few, None, (), 0.0)
    assert same == memory
    assert {name for name, _ in pairs} == {"walking", "sitting"}
    assert sum(share for _, share in pairs) == pytest.approx(1)


def test_a_thigh_counts_in_a_pocket_alone(lanhar: Lanhar) -> None:
    reading = lanhar.read(IMU)
    sitting = lanhar.shipped.names.index("sitting")

    def shares(position: Place | None = None, cosine: float | None = None) -> NDArray[np.float64]:
        return lanhar.shares(reading, position, cosine)

    assert shares("pocket", 0.95)[sitting] < shares("pocket", 0.1)[sitting]
    assert np.array_equal(shares("waist", 0.1), shares())


def with_readout(folder: Path, sensor: str = "") -> Lanhar:
    """Return an untrained LanHAR with a readout for pockets that prefers sitting to walking."""
    other = Registry(folder)
    save_lanhar(other)
    readout = ReadoutWeights(ReadoutConfig(names=("walking", "sitting"), sensor=sensor))
    with torch.no_grad():
        readout.outer.weight.zero_()
        readout.outer.bias.copy_(torch.tensor([-2.0, 2.0]))
    other.save(LANHAR_READOUT, readout.eval())
    return require_lanhar(other)


def test_a_readout_counts_at_its_position_alone(lanhar: Lanhar, tmp_path: Path) -> None:
    own = with_readout(tmp_path)
    reading = own.read(IMU)
    for position in (None, "wrist", "waist"):
        assert np.array_equal(own.shares(reading, position), lanhar.shares(reading, position))
    walking, sitting = map(own.shipped.names.index, ("walking", "sitting"))
    before, after = lanhar.shares(reading, "pocket"), own.shares(reading, "pocket")
    assert after[sitting] / after[walking] == pytest.approx(
        before[sitting] / before[walking] * np.exp(4.0)
    )
    others = np.delete(np.arange(len(before)), [walking, sitting])
    assert np.array_equal(after[others], before[others])


def test_an_added_label_keeps_its_lead_where_there_is_a_readout(
    lanhar: Lanhar, tmp_path: Path
) -> None:
    own = with_readout(tmp_path)

    def lead(ranker: Lanhar) -> float:
        labels = label_set(ranker)
        vector = Vector.of(ranker.embed(packaged_texts("sitting")))
        labels.push("new", ActivityLabel(name="new", vector=vector, revision=labels.revision))
        pairs, _ = ranker.rank_next(IMU, labels.vocabulary(), None, (), 0.0, "pocket")
        shares = dict(pairs)
        new = shares.pop("new")
        return float(np.log(new / max(shares.values())))

    assert lead(own) == pytest.approx(lead(lanhar))


def test_a_readout_of_another_sensor_encoder_is_refused_with_how_to_make_it(
    tmp_path: Path,
) -> None:
    with pytest.raises(RegistryError, match=r"sensor encoder 0{12}.*training\.position_readout"):
        with_readout(tmp_path, "0" * 12)


def test_a_record_has_another_revision_with_each_readout(lanhar: Lanhar, tmp_path: Path) -> None:
    own = with_readout(tmp_path)
    assert own.readout is not None
    other = replace(own, readout=replace(own.readout, revision="0" * 12))
    assert lanhar.record_revision == lanhar.revision == own.revision
    recorded = {one.record_revision for one in (lanhar, own, other)}
    assert len(recorded) == 3
    assert {len(revision) for revision in recorded} == {12}


def test_the_shipped_readout_is_of_the_shipped_sensor_encoder() -> None:
    shipped_lanhar = require_lanhar(Registry())
    assert shipped_lanhar.readout is not None
    assert shipped_lanhar.readout.config.sensor == shipped_lanhar.revision
    assert set(shipped_lanhar.readout.config.names) <= set(IN_FORCE)

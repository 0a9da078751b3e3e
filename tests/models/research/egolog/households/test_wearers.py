import numpy as np
import pytest

from models.labels import SCENARIOS
from models.research.egolog.days.composed import StagedStretch
from models.research.egolog.households.wearers import MUFFLED_FROM_HZ, Domain, Resident
from models.simulation.life.scenarios import SETTINGS
from models.simulation.sources.material import Material


def resident(seed: int = 0, number: int = 0, muffled_db: float = 0.0) -> Resident:
    domain = Domain.draw_shifted(np.random.default_rng(seed), 0.7, muffled_db)
    return Resident.draw(number, domain, Material(), np.random.default_rng([seed, number]))


def day(who: Resident, number: int, minutes: int = 24) -> StagedStretch:
    return who.stretch(minutes, Material(), np.random.default_rng(number))


def test_a_shifted_domain_has_few_frequent_scenarios() -> None:
    mix = np.sort(Domain.draw_shifted(np.random.default_rng(3), 0.7, 0.0).mix)
    assert mix.sum() == pytest.approx(1)
    assert mix[-5:].sum() > 0.6
    assert mix[:5].sum() < 0.15


def test_a_shifted_domain_keeps_every_spell_and_sound_of_a_scenario() -> None:
    for name, setting in Domain.draw_shifted(np.random.default_rng(3), 0.7, 0.0).settings.items():
        usual = SETTINGS[name]
        assert setting.shared_time == 0.7
        assert set(setting.own) == set(usual.own)
        assert set(setting.far) == set(usual.far)
        assert setting.rooms == usual.rooms
        assert setting.far != usual.far or not usual.far


def test_a_usual_domain_is_that_of_the_training_days() -> None:
    usual = Domain.usual()
    assert usual.settings is SETTINGS
    assert (usual.mix == 1 / len(SCENARIOS)).all()


def test_a_day_lasts_as_long_as_asked_and_is_its_generators() -> None:
    who = resident()
    one, again, other = day(who, 1).plan, day(who, 1).plan, day(who, 2).plan
    assert one.seconds == 24 * 60
    assert one == again != other


def test_a_wearers_rooms_are_the_same_every_day_and_another_wearers_are_not() -> None:
    def rooms(who: Resident, number: int) -> dict[tuple[str, str], int]:
        plan = day(who, number, 120).plan
        first = {span.start_s: span for span in reversed(plan.scenarios)}
        return {(span.room.kind, span.label): span.room.seed for span in first.values()}

    who, other = resident(), resident(number=1)
    one, two, theirs = rooms(who, 1), rooms(who, 2), rooms(other, 1)
    both = one.keys() & two.keys()
    assert both
    assert all(one[at] == two[at] for at in both)
    assert not set(one.values()) & set(theirs.values())


def test_at_home_two_things_of_a_kind_sound_and_interferers_are_anything() -> None:
    plan = day(resident(), 1, 240).plan
    sources: dict[str, set[int]] = {}
    for sound in plan.sounds:
        if not sound.interferer and sound.room.kind != "street":
            sources.setdefault(sound.label, set()).add(sound.source)
    assert sources
    assert max(len(things) for things in sources.values()) <= 2
    assert len({s.source for s in plan.sounds if s.interferer}) > 50


def test_muffled_earphones_lose_with_every_octave() -> None:
    clear, muffled = (day(resident(muffled_db=db), 1).stage.audio(0, 20) for db in (0.0, 6.0))
    level = [np.abs(np.fft.rfft(wave, axis=1)).mean(axis=0) for wave in (clear, muffled)]
    hertz = np.fft.rfftfreq(clear.shape[1], 1 / 16_000)
    for octaves in (1, 3):
        near = np.abs(hertz - MUFFLED_FROM_HZ * 2**octaves) < 5
        lost = 20 * np.log10(level[0][near].mean() / level[1][near].mean())
        assert lost == pytest.approx(6 * octaves, abs=0.5)
    low = hertz < MUFFLED_FROM_HZ
    assert level[1][low].mean() == pytest.approx(level[0][low].mean(), rel=0.01)

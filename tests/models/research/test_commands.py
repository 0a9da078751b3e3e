"""Each of research's commands names what it cannot use, in one line."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from models.recordings.shared_data import CIPIC, ENVIRONMENT
from models.research.lib.error_lines import UNUSABLE
from schemas.atomic_file import write_atomically

RESEARCH = Path(__file__).parents[3] / "models" / "research"
# What is unusable: a folder without any file, one of recordings with damaged ears, no file, and a
# label.
EMPTY, DAMAGED, ABSENT, NO_LETTER = "empty", "damaged", "absent", "???"
TWO_FILES = f"--source {ABSENT} --target {ABSENT} --json out"
# Arguments of each command, one of which is unusable where the shared folder, the damaged, is not.
ARGUMENTS = {
    "egolog.__main__": f"har --cache cache --out {EMPTY}",
    "egolog.activity_seconds": f"--out out --weights {EMPTY}",
    "egolog.audio.audioset_parents": f"--out out --labels {EMPTY}",
    "egolog.audio.mel_bank": f"--out {EMPTY}",
    "egolog.coreset": "--cache cache --out out",
    "egolog.localization.distance_head": "--cache cache --out out",
    "egolog.offline_expert": "--cache cache --processes 1 --out out",
    "evaluation.__main__": f"--data {ABSENT}",
    "evaluation.ablations": f"--weights {EMPTY}",
    "evaluation.composed_days.scenario_memory": f"--weights {EMPTY}",
    "evaluation.corrections.__main__": f"--weights {EMPTY}",
    "evaluation.corrections.adapter": "--wearers 1 --processes 1",
    "evaluation.interference.gate": f"--weights {EMPTY}",
    "evaluation.interference.undisturbed": f"--weights {EMPTY}",
    "evaluation.localization.direction_memory": f"--weights {EMPTY}",
    "evaluation.localization.sound_places": f"--weights {EMPTY}",
    "evaluation.motion.confidence": f"--weights {EMPTY}",
    "evaluation.motion.familiarity": f"--data {ABSENT}",
    "evaluation.offline_expert_table": f"--draw {ABSENT}/table.png",
    "evaluation.self_training.__main__": f"--shares --processes 1 --weights {EMPTY}",
    "evaluation.sounds.audio_tagger": ABSENT,
    "evaluation.sounds.speech_filter": f"--weights {EMPTY}",
    "graphs": f"--out out --weights {EMPTY} localization",
    "int8": "--cache cache --out out",
    "lanhar.datasets.__main__": f"hapt --out out {EMPTY}",
    "lanhar.evaluation.__main__": TWO_FILES,
    "lanhar.evaluation.ablations": TWO_FILES,
    "lanhar.evaluation.figures": f"--runs runs --data {EMPTY}",
    "lanhar.evaluation.leave_one_out": f"--runs runs --data {EMPTY}",
    "lanhar.evaluation.live": f"--weights {EMPTY}",
    "lanhar.evaluation.positions": f"--data {EMPTY}",
    "lanhar.evaluation.results": f"--runs runs --workers 1 --out out --data {EMPTY}",
    "lanhar.interpretation.__main__": f"--out out --data {ABSENT}",
    "lanhar.interpretation.describe": f"--endpoint http://127.0.0.1:1 --out out {NO_LETTER}",
    "lanhar.phone": f"--out out --weights {EMPTY}",
    "lanhar.training.__main__": f"--out out --data {EMPTY}",
    "lanhar.training.distil": f"--out out --data {EMPTY}",
    "lanhar.training.last_layers": f"--out out --data {EMPTY}",
    "lanhar.training.position": f"--out out --data {EMPTY}",
    "lanhar.training.position_readout": f"--out out --data {EMPTY}",
    "lanhar.training.readings": f"--out {EMPTY}",
    "lanhar.training.train_on": f"--out out --data {EMPTY}",
    "lanhar.training.withheld": f"--data {EMPTY}",
    "papers.__main__": f"--ego4d {EMPTY}",
    "papers.names": f"list --table {ABSENT}",
    "trained_on": f"--out out --data {EMPTY}",
    "without_gyroscope.__main__": f"--out out --data {EMPTY}",
}


def commands() -> list[str]:
    """Return the modules of research that run as commands, below `models.research`."""
    files = [path for path in RESEARCH.rglob("*.py") if "\nif __name__ ==" in path.read_text()]
    return sorted(".".join(path.relative_to(RESEARCH).with_suffix("").parts) for path in files)


def status_of(command: str) -> object:
    """Run a command with its arguments; also argparse ends with a status."""
    try:
        return import_module(f"models.research.{command}").main(ARGUMENTS[command].split())
    except SystemExit as ended:
        return ended.code


@pytest.mark.parametrize("command", commands())
def test_unusable_input_is_one_line(
    command: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(EMPTY).mkdir()
    (Path(DAMAGED) / "audio").mkdir(parents=True)
    write_atomically(Path(DAMAGED) / CIPIC, "no arrays")
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / DAMAGED))
    assert status_of(command) == UNUSABLE
    *usage, line = capsys.readouterr().err.splitlines()
    assert not usage or usage[0].startswith("usage: ")
    assert any(named in line for named in (EMPTY, DAMAGED, ABSENT, NO_LETTER))

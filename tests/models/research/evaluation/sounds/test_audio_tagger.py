"""Rules of the comparison of recognisers, on random weights and made-up recordings."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile
import torch

from models.egolog.audio_tagger.parents import PARENTS
from models.recordings import unseen
from models.recordings.shared_data import URBANSOUND8K
from models.research.egolog.recogniser.sound_names import PARENT_OF_CATEGORY, PARENT_OF_SOUND
from models.research.evaluation.sounds import audio_tagger
from models.research.evaluation.sounds.audio_tagger import (
    LabelledSound,
    labelled_sounds,
    of_ours,
    of_tagger,
    of_yamnet,
    top1,
)
from models.research.lib import sizes
from models.research.lib.error_lines import UNUSABLE
from models.serving.audio_tagger import open_audio_tagger
from tests.models import fresh, small_data
from tests.models.research.papers.pretrained import small_files

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tagger") / "mn04_as.pt"
    torch.save(small_files.efficientat(), path)
    return path


def test_a_clip_is_right_where_the_likeliest_parent_is_its_own(tmp_path: Path) -> None:
    paths = [tmp_path / f"{level}.wav" for level in (1, 2, 3, 4)]
    for level, path in enumerate(paths, 1):
        soundfile.write(path, np.full(16_000, level / 10), 16_000)

    def loud_dogs(wave: NDArray[np.float32]) -> NDArray[np.float32]:
        out = np.zeros(len(PARENTS), np.float32)
        out[PARENTS.index("dog" if wave.mean() > 0.15 else "cat")] = 1.0
        return out

    parents = ("dog", "dog", "cat", "dog")
    clips = [LabelledSound(p, parent) for p, parent in zip(paths, parents, strict=True)]
    assert top1(loud_dogs, clips) == 0.5


def test_each_recogniser_gives_probabilities_of_the_parents(weights: Path, tmp_path: Path) -> None:
    class Patches:
        def __call__(self, wave: NDArray[np.float32]) -> tuple[None, NDArray[np.float32]]:
            return None, np.array([[0.2, 0.9, 0.4], [0.4, 0.9, 0.0]], np.float32)

    wave = (0.1 * np.random.default_rng(0).standard_normal(70_000)).astype(np.float32)
    tagged = of_tagger(open_audio_tagger(weights))(wave)
    assert tagged.shape == (len(PARENTS),)
    assert ((tagged >= 0) & (tagged <= 1)).all()
    ours = of_ours(fresh.encoders().audio)(wave)
    named = {PARENTS[at] for at in np.flatnonzero(ours)}
    assert named == set(PARENT_OF_SOUND.values())
    patches: object = Patches()
    folded = of_yamnet(patches, ["Bark", "Vehicle", "Howl"])(wave)  # type: ignore[arg-type]
    assert folded[PARENTS.index("dog")] == pytest.approx(0.3)
    assert folded.sum() == pytest.approx(0.3)


def test_clips_of_the_test_fold_are_measured_and_what_is_absent_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = small_data.write(tmp_path / "data")
    sounds = labelled_sounds(data)
    assert {clip.parent for clip in sounds["esc50"]} == {
        PARENT_OF_CATEGORY[category] for category in small_data.CATEGORIES_WRITTEN
    }
    assert len(labelled_sounds(data, every=2)["esc50"]) == len(sounds["esc50"]) // 2
    assert "skipped: audio/urbansound8k_16k is not in" in capsys.readouterr().out


def test_clips_that_were_trained_on_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_data.streets(tmp_path / URBANSOUND8K)
    assert len(labelled_sounds(tmp_path)["urbansound8k"]) == len(small_data.STREET_CLIPS)
    monkeypatch.setattr(unseen, "trained_on", lambda: {"sounds": [], "street": ["103-5-0-0"]})
    paths = [clip.path.stem for clip in labelled_sounds(tmp_path)["urbansound8k"]]
    assert paths == ["100-3-0-0", "100-3-0-1", "101-7-0-0", "101-2-0-0"]


def test_one_command_prints_parents_and_cost(
    weights: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sizes, "REPEATS", 1)
    data = small_data.write(tmp_path / "data")
    registry = fresh.registry(tmp_path / "weights")
    out = tmp_path / "figures.json"
    audio_tagger.main(
        [
            str(weights),
            *("--data", str(data)),
            *("--weights", str(registry.weights_dir)),
            *("--json", str(out)),
        ]
    )
    figures = json.loads(out.read_text())
    assert set(figures) == {"esc50"}
    assert set(figures["esc50"]["top1"]) == {"audio tagger", "ours"}
    printed = capsys.readouterr().out
    assert "| cost of a wearer-second | MFLOP | ms |" in printed
    # 0.11 GMAC for ten seconds, as published.
    [row] = [line for line in printed.splitlines() if line.startswith("| audio tagger |")]
    assert float(row.split("|")[2]) == pytest.approx(2 * 110 / 10, rel=0.05)


def test_a_wrong_file_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [str(tmp_path / "mn04_as.pt"), "--data", str(tmp_path)]
    assert audio_tagger.main(arguments) == UNUSABLE
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("mn04_as.pt do not exist")

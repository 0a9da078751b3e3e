"""The mel filter bank by torchaudio, stored with the weights so that serving needs no torchaudio.

python -m models.research.egolog.audio.mel_bank
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

import numpy as np
from torchaudio.functional import melscale_fbanks

from models.features import MEL_BANK, FeatureConfig
from models.research.lib.error_lines import one_line_errors
from models.serving.registry import WEIGHTS_DIR
from schemas.atomic_file import atomic_path
from schemas.output_path import output_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor


def mel_bank(config: FeatureConfig) -> Tensor:
    """Return the mel filter bank (F, M) of Slaney's scale."""
    bank: Tensor = melscale_fbanks(
        n_freqs=config.n_fft // 2 + 1,
        f_min=config.f_min_hz,
        f_max=config.sample_rate / 2,
        n_mels=config.mels,
        sample_rate=config.sample_rate,
        mel_scale="slaney",
    )
    return bank


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Write the filter bank of the default feature configuration."""
    parser = argparse.ArgumentParser(
        prog="python -m models.research.egolog.audio.mel_bank", description=__doc__
    )
    parser.add_argument(
        "--out", type=output_file, default=str(WEIGHTS_DIR / MEL_BANK), help="output file"
    )
    options = parser.parse_args(arguments)
    with atomic_path(options.out) as draft, draft.open("wb") as file:
        np.savez_compressed(file, bank=mel_bank(FeatureConfig()).numpy())
    return 0


if __name__ == "__main__":
    sys.exit(main())

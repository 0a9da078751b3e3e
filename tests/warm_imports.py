"""What `tests.warm_process` imports before it forks: libraries, and nothing that reads settings.

Faust's command line keeps the arguments that it finds when it is imported, so it is not among them.
"""

import scipy.signal
import scipy.stats
import torch
import torchaudio

from models.serving import open_vocabulary, predict, registry

__all__ = ["open_vocabulary", "predict", "registry", "scipy", "torch", "torchaudio"]

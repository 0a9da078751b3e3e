"""What `tests.warm_process` imports before it forks: all but what reads settings or arguments.

`streams.app` reads its settings, and Faust's command line keeps the arguments that it finds, when
they are imported, so neither they nor the app's commands are among them.
"""

import faust
import scipy.special

from models.serving import open_vocabulary, predict, registry, session
from streams import frame_reader, log, refiner
from streams.engine import app, worker
from streams.engine.kafka import topic
from streams.finetuning import finetuner
from streams.labels import editor
from streams.producers import replay
from streams.web import routes

__all__ = [
    "app",
    "editor",
    "faust",
    "finetuner",
    "frame_reader",
    "log",
    "open_vocabulary",
    "predict",
    "refiner",
    "registry",
    "replay",
    "routes",
    "scipy",
    "session",
    "topic",
    "worker",
]

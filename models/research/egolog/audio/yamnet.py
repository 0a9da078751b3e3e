"""YAMNet as baseline and teacher: its embeddings and scores, and its accuracy on ESC-50.

It runs from a .tflite file with ai-edge-litert, an extra for training and evaluation only.
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from models.labels import CATEGORIES
from models.recordings.datasets.esc50 import Clip, waveform
from models.research.lib.errors import ResearchError
from schemas.extras import needs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Float32 = NDArray[np.float32]

RATE = 16_000
PATCH = 15_600
HOP = 7_680  # half of a patch's 0.96 s
WIDTH = 1024
SCORES = 521
_EMBEDDING = "global_average_pooling2d/Mean"


class YamnetError(ResearchError):
    """YAMNet cannot run: its file or the interpreter is missing, or the file is not YAMNet's."""


class Yamnet:
    """Runs YAMNet patch by patch on one thread."""

    def __init__(self, path: Path) -> None:
        with needs("ai_edge_litert", "YAMNet needs", YamnetError):
            from ai_edge_litert.interpreter import Interpreter
        if not path.is_file():
            raise YamnetError(f"yamnet {path} does not exist; expected YAMNet's .tflite file")
        try:
            # Preserved, since the embedding is an inner tensor.
            interpreter: Any = Interpreter(
                str(path), num_threads=1, experimental_preserve_all_tensors=True
            )
            interpreter.allocate_tensors()
        except ValueError as error:
            raise YamnetError(
                f"yamnet {path} cannot be read ({error}); expected a .tflite"
            ) from error
        self._run = interpreter
        self._input = interpreter.get_input_details()[0]["index"]
        self._output = interpreter.get_output_details()[0]["index"]
        named = [
            detail["index"]
            for detail in interpreter.get_tensor_details()
            if detail["name"].endswith(_EMBEDDING) and list(detail["shape"]) == [1, WIDTH]
        ]
        if len(named) != 1:
            raise YamnetError(
                f"yamnet {path} has no {WIDTH}-wide embedding; expected YAMNet itself"
            )
        self._embedding = named[0]

    def __call__(self, samples: Float32) -> tuple[Float32, Float32]:
        """(n,) at 16 kHz -> embeddings (P, 1024) and scores (P, 521), a patch each 0.48 s.

        Sound shorter than a patch is padded with silence.
        """
        padded = np.pad(samples, (0, max(0, PATCH - len(samples)))).astype(np.float32)
        starts = range(0, len(padded) - PATCH + 1, HOP)
        embeddings = np.empty((len(starts), WIDTH), np.float32)
        scores = np.empty((len(starts), SCORES), np.float32)
        for row, start in enumerate(starts):
            self._run.set_tensor(self._input, padded[start : start + PATCH])
            self._run.invoke()
            embeddings[row] = self._run.get_tensor(self._embedding)[0]
            scores[row] = self._run.get_tensor(self._output)[0]
        return embeddings, scores


SYNONYMS: dict[str, tuple[str, ...]] = {
    "dog": ("Dog", "Bark", "Yip", "Howl", "Bow-wow", "Growling", "Whimper (dog)"),
    "rooster": ("Crowing, cock-a-doodle-doo",),
    "pig": ("Pig", "Oink"),
    "cow": ("Cattle, bovinae", "Moo"),
    "frog": ("Frog", "Croak"),
    "cat": ("Cat", "Purr", "Meow", "Hiss", "Caterwaul"),
    "hen": ("Chicken, rooster", "Cluck"),
    "insects": ("Insect", "Mosquito", "Fly, housefly", "Buzz", "Bee, wasp, etc."),
    "sheep": ("Sheep", "Goat", "Bleat"),
    "crow": ("Crow", "Caw"),
    "rain": ("Rain", "Raindrop", "Rain on surface"),
    "sea_waves": ("Ocean", "Waves, surf"),
    "crackling_fire": ("Fire", "Crackle"),
    "crickets": ("Cricket",),
    "chirping_birds": (
        "Bird",
        "Bird vocalization, bird call, bird song",
        "Chirp, tweet",
        "Squawk",
    ),
    "water_drops": ("Drip",),
    "wind": ("Wind", "Wind noise (microphone)", "Rustling leaves"),
    "pouring_water": ("Pour", "Fill (with liquid)", "Trickle, dribble", "Gush", "Liquid"),
    "toilet_flush": ("Toilet flush",),
    "thunderstorm": ("Thunderstorm", "Thunder"),
    "crying_baby": ("Baby cry, infant cry", "Crying, sobbing"),
    "sneezing": ("Sneeze",),
    "clapping": ("Clapping", "Applause", "Hands"),
    "breathing": ("Breathing", "Wheeze", "Gasp", "Pant", "Sniff"),
    "coughing": ("Cough", "Throat clearing"),
    "footsteps": ("Walk, footsteps", "Run", "Shuffle"),
    "laughing": (
        "Laughter",
        "Baby laughter",
        "Giggle",
        "Snicker",
        "Belly laugh",
        "Chuckle, chortle",
    ),
    "brushing_teeth": ("Toothbrush", "Electric toothbrush"),
    "snoring": ("Snoring", "Snort"),
    "drinking_sipping": ("Gargling", "Stomach rumble", "Burping, eructation"),
    "door_wood_knock": ("Knock", "Tap"),
    "mouse_click": ("Clicking",),
    "keyboard_typing": ("Typing", "Typewriter", "Computer keyboard"),
    "door_wood_creaks": ("Creak", "Squeak", "Door"),
    "can_opening": ("Burst, pop", "Hiss", "Crushing"),
    "washing_machine": ("Mechanical fan", "Mechanisms", "Pump (liquid)"),
    "vacuum_cleaner": ("Vacuum cleaner", "Hair dryer"),
    "clock_alarm": ("Alarm clock", "Alarm", "Beep, bleep", "Buzzer"),
    "clock_tick": ("Clock", "Tick", "Tick-tock"),
    "glass_breaking": ("Glass", "Shatter", "Breaking", "Smash, crash", "Chink, clink"),
    "helicopter": ("Helicopter",),
    "chainsaw": ("Chainsaw", "Lawn mower", "Light engine (high frequency)"),
    "siren": (
        "Siren",
        "Civil defense siren",
        "Police car (siren)",
        "Ambulance (siren)",
        "Fire engine, fire truck (siren)",
        "Emergency vehicle",
    ),
    "car_horn": ("Vehicle horn, car horn, honking", "Toot", "Air horn, truck horn"),
    "engine": (
        "Engine",
        "Medium engine (mid frequency)",
        "Heavy engine (low frequency)",
        "Engine knocking",
        "Engine starting",
        "Idling",
        "Accelerating, revving, vroom",
    ),
    "train": (
        "Train",
        "Rail transport",
        "Train whistle",
        "Train horn",
        "Railroad car, train wagon",
        "Train wheels squealing",
        "Subway, metro, underground",
    ),
    "church_bells": ("Bell", "Church bell", "Change ringing (campanology)"),
    "airplane": (
        "Aircraft",
        "Aircraft engine",
        "Jet engine",
        "Propeller, airscrew",
        "Fixed-wing aircraft, airplane",
    ),
    "fireworks": ("Fireworks", "Firecracker"),
    "hand_saw": ("Sawing", "Filing (rasp)"),
}
"""AudioSet's names for each ESC-50 category; a category's score is the maximum over its names.

Drinking/sipping, washing machine and can opening have no class among AudioSet's 521.
"""


def class_names(path: Path) -> list[str]:
    """Read the 521 display names from YAMNet's class map (.csv); raises `YamnetError`."""
    if not path.is_file():
        raise YamnetError(f"class map {path} does not exist; expected yamnet_class_map.csv")
    with path.open(newline="") as file:
        names = [row.get("display_name", "") for row in csv.DictReader(file)]
    if len(names) != SCORES:
        raise YamnetError(f"class map {path} has {len(names)} classes; expected {SCORES}")
    return names


def top1(yamnet: Yamnet, names: Sequence[str], clips: Sequence[Clip]) -> float:
    """Return the top-1 accuracy of clips by `SYNONYMS`.

    A clip's scores are the mean over its patches.
    """
    rows = [[names.index(name) for name in SYNONYMS[category]] for category in CATEGORIES]
    right = 0
    for clip in clips:
        mean = yamnet(waveform(clip))[1].mean(axis=0)
        right += int(np.argmax([mean[row].max() for row in rows]) == clip.category)
    return right / len(clips)

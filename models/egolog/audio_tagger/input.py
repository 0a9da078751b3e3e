"""Constants of the audio tagger's input, separate from the modules that need torch."""

RATE = 32_000
MELS = 128
HOP = 320

STEPS = RATE // HOP
"""Steps of log-mel per second."""

SEGMENT_S = 5
"""Length of a tagged window, s: the paper's window for the prompt (EgoLog §4.4)."""

TAGGER_MEL = "tagger_mel"
"""The key of the log-mel in a window's features."""

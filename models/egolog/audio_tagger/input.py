"""What an audio tagger takes of each second, told apart from the networks that make and take it."""

RATE = 32_000
MELS = 128
HOP = 320

STEPS = RATE // HOP
"""Steps of log-mel a second."""

SEGMENT_S = 5
"""What is tagged at once, s: the paper's window for the prompt (EgoLog §4.4)."""

TAGGER_MEL = "tagger_mel"
"""The name of the log-mel among a window's features."""

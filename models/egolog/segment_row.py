"""The layout of a segment's row in the scenario network's input.

A row has the features of sound and of motion, their embeddings in the shared space (EgoLog §4.1.2),
their similarity, the segment's key-frame weight, and two flags of presence. The widths are those of
the shipped encoders. This module does not need torch.
"""

SOUND_FEATURES = 256
MOTION_FEATURES = 128
EMBEDDING = 128
AFTER_EMBEDDINGS = 4
"""The last columns: similarity, key-frame weight and two flags."""


def row_width(sound: int, motion: int, embedding: int) -> int:
    """Return the number of columns."""
    return sound + motion + 2 * embedding + AFTER_EMBEDDINGS


ROW_WIDTH = row_width(SOUND_FEATURES, MOTION_FEATURES, EMBEDDING)

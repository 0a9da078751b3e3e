"""The row of one segment, as the scenario network takes it.

Features of sound and of motion, the embedding of each in the space that they share (EgoLog §4.1.2),
then the similarity of both, the segment's share, and whether each was there. The widths are those
of the shipped encoders. Nothing of this needs torch.
"""

SOUND_FEATURES = 256
MOTION_FEATURES = 128
EMBEDDING = 128
AFTER_EMBEDDINGS = 4
"""The similarity, the share and two flags: the last columns."""


def row_width(sound: int, motion: int, embedding: int) -> int:
    """Return the number of columns."""
    return sound + motion + 2 * embedding + AFTER_EMBEDDINGS


ROW_WIDTH = row_width(SOUND_FEATURES, MOTION_FEATURES, EMBEDDING)

"""The sound encoder (EgoLog §4.1.2): clips, augmentations, training and low-rank compression."""

"""The audio tagger of EgoLog §4.4.1: AudioSet's classes, folded to parents."""

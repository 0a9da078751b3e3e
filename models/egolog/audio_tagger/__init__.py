"""The recogniser that EgoLog §4.4.1 plugs in: AudioSet's classes, folded to parents."""

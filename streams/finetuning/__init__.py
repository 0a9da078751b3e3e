"""The fine-tuner: a separate service beside the workers (EgoLog §4.4.2)."""

"""The fine-tuner: a service of its own beside the workers (EgoLog §4.4.2)."""

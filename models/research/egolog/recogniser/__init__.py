"""The recogniser of sound events, taught by a network of EfficientAT on real recordings."""

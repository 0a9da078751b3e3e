"""The recogniser of sound events, distilled from a network of EfficientAT on real recordings."""

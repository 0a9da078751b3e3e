"""Days of the same wearers, lived one after another."""

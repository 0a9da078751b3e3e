"""Training the motion networks for devices without a gyroscope."""

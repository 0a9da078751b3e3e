"""Data and loops that train the networks; nothing here is needed for inference."""

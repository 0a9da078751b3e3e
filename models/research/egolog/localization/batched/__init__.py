"""Training seconds rendered many at a time on a graphics card, while the network learns."""

"""Training and evaluating LanHAR."""

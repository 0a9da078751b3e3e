"""What a worker loads: weights by name and hash, and what the agents call."""

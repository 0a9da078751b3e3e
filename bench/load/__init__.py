"""What the benchmarks send: a simulated recording, the frames of a fleet, and how they are sent."""

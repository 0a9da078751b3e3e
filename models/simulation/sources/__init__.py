"""Real material that days are composed of: sounds, ears, head motion."""

"""Real sounds, ears and head motion of which days are composed."""

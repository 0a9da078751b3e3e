"""A simulated wearer: seeded scenarios, sounds, rooms, ears and head motion, with their truth."""

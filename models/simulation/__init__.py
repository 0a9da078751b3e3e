"""A simulated wearer: seeded scenarios, sounds, rooms, ears and head motion, with their truth.

Nothing that serves imports it.
"""

from schemas.extras import one_line_for_missing_extras

one_line_for_missing_extras()

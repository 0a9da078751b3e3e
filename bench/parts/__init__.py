"""The parts of `python -m bench`, one measurement each, and the plan of their sizes."""

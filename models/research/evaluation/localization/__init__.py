"""Evaluation of where sounds come from (EgoLog §5.4): rendered, measured, and in composed days."""

"""Evaluation with a far loudspeaker, and the choice of when the interference gate closes."""

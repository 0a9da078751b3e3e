"""Evaluation on unseen composed days, binaural and as in the stream."""

"""EgoLog's networks, their features, training data and weights; knows only `schemas`."""

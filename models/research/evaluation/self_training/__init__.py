"""How well the loop of refining and learning works: days of the same wearers, measured."""

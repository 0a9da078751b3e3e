"""The gain from a wearer's corrections, and the choice of the adapter that learns from them."""

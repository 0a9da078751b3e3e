"""What a wearer's corrections teach, and the choice of the adapter that applies them at once."""

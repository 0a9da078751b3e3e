"""What tames Faust: guarded consumption, our codec, raw bytes decoded by topic."""

"""What the networks of both papers share: window lengths, finding and loading weights, layers."""

"""What is kept of a device besides its log, and the erasure of all of it."""

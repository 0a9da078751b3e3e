"""What is kept of a device besides its log: checkpoints, corrected windows, live states.

And the erasure of all of it.
"""

"""What every training and measuring uses."""

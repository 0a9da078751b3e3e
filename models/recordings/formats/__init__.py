"""What the readers are made of: CSV files, arrays and pickles, read with care."""

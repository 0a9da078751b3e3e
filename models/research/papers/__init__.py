"""The papers' tables, on their own data sets and encoders."""

"""The page of the daily log and its HTTP interface, served by the worker."""

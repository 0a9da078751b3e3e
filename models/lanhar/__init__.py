"""LanHAR: activities recognised across data sets, and added, through descriptions in language."""

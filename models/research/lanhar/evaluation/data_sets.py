"""The data sets that are compared with one another."""

DATA_SETS = {
    "HAPT": "uci_hapt_20hz.npz",
    "ClassyGlass": "classyglass_50hz.npz",
    "WISDM": "wisdm19_phone_20hz.npz",
}
"""Name to file in the folder of motion; the further figures go from the first to the second."""

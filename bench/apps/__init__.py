"""The product's app as it is measured: its threads have names, its networks may cost nothing."""

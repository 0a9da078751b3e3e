"""The networks and rules of EgoLog, one section of the paper a file.

How they are trained and measured is in `models.research`, how they serve in `models.serving`.
"""

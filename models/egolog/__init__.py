"""The networks and rules of EgoLog, one section of the paper a file."""

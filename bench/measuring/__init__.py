"""Measuring a process from outside: CPU time, memory, topics, exported metrics, the machine."""

"""Pure stream logic, one operator a file: no Faust, no network, no clock but event time.

The agents in `streams` feed them; `models` has what needs weights.
"""

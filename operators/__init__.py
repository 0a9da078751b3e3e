"""Pure stream logic: no Faust, no network, no clock but event time."""

"""How LanHAR is trained, compared and measured."""

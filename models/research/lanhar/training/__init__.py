"""Training the text encoder and the sensor encoder of LanHAR (§3.4, §3.5.2, §3.6)."""

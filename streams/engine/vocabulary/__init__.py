"""The labels known by their description, and activities ranked against them (LanHAR §3.6)."""

"""LanHAR's baselines (§4.1.3), on the same windows, augmentation and selection rule."""

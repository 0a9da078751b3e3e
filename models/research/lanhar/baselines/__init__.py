"""What LanHAR is compared with (§4.1.3): the same windows, augmentation and selection rule."""

"""Motion files of phones, earphones, watches and loggers."""

from models.recordings.imports.motion.groups import MotionGroup, motion_groups
from models.recordings.imports.motion.motion_file import MotionFile, Stretch
from models.recordings.imports.motion.reader import is_motion, read_motion

__all__ = ["MotionFile", "MotionGroup", "Stretch", "is_motion", "motion_groups", "read_motion"]

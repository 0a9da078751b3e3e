"""Words in the names of columns."""

from __future__ import annotations

# fmt: off
TIME_WORDS = frozenset(
    {
        "clock", "date", "datetime", "elapsed", "epoc", "epoch", "micros", "microseconds",
        "millis", "milliseconds", "nanoseconds", "seconds", "systime", "t", "time", "timems",
        "timens", "times", "timestamp", "timestampms", "timestampns", "timestamps", "ts", "unix",
        "unixtime", "utc", "walltime",
    }
)
# Times of other sensors in the same row, and quantities named after a time.
OTHER_TIMES = frozenset(
    {
        "activity", "altimeter", "avaudio", "battery", "count", "delta", "dt", "duration",
        "frequency", "gps", "heading", "interval", "label", "location", "offset", "pedometer",
        "zone",
    }
)
OTHER_SENSORS = frozenset(
    {
        "abs", "absolute", "angle", "attitude", "bias", "calibration", "compass", "location",
        "mag", "magn", "magnet", "magnetic", "magnetometer", "magnitude", "mean", "norm",
        "orientation", "pitch", "pressure", "quat", "quaternion", "roll", "std", "step", "temp",
        "total", "variance", "yaw",
    }
)
# fmt: on

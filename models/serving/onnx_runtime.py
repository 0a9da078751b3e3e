"""ONNX Runtime, kept from telling its maker about this machine.

Its package for Linux writes an id of the machine to the home folder and sends events about each
process and session to Microsoft, unless this variable is set before it is imported.
"""

from __future__ import annotations

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime

__all__ = ["onnxruntime"]

"""Localization of one second as ONNX Runtime serves it."""

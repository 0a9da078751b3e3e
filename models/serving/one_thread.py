"""Pinning torch to one thread, for serving, training and measuring."""

from __future__ import annotations

import torch


def pin_one_thread() -> None:
    """Make torch compute on the calling thread only, for the rest of this process.

    Results then do not depend on the number of cores, and pools of threads or processes scale only
    if each member uses one core.
    """
    if torch.get_num_threads() != 1:
        torch.set_num_threads(1)

"""Torch on one thread, as networks are served, trained and measured."""

from __future__ import annotations

import torch


def pin_one_thread() -> None:
    """Let torch compute on the calling thread alone, in this process from now on.

    Results are then the same on any number of cores, and a pool of threads or processes gets the
    throughput of its cores only when each member keeps to one of them.
    """
    if torch.get_num_threads() != 1:
        torch.set_num_threads(1)

from __future__ import annotations

import mmap
import os
import sys
import threading
import time
from pathlib import Path

import pytest

from bench.apps.thread_names import name_threads
from bench.measuring.cpu import ENDED, CpuTime, cpu_time, resident_mb

linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def burn(cpu_s: float) -> None:
    began = time.thread_time()
    while time.thread_time() - began < cpu_s:
        pass


@linux
def test_what_a_named_thread_computes_is_counted_under_its_name() -> None:
    stop, computed = threading.Event(), threading.Event()

    def work() -> None:
        burn(0.1)
        computed.set()
        stop.wait()

    before = cpu_time([os.getpid()])
    thread = threading.Thread(target=work, name="inference_3")
    thread.start()
    try:
        name_threads()
        computed.wait()
        spent = cpu_time([os.getpid()]).since(before)
    finally:
        stop.set()
        thread.join()
    assert spent.threads_s["inference"] >= 0.1
    assert spent.total_s >= spent.threads_s["inference"] - 0.02


@linux
def test_what_a_thread_that_has_ended_computed_is_still_in_the_total() -> None:
    before = cpu_time([os.getpid()])
    thread = threading.Thread(target=burn, args=(0.1,))
    thread.start()
    thread.join()
    # Python is done with a thread a moment before the kernel is.
    while Path(f"/proc/self/task/{thread.native_id}").exists():
        time.sleep(0.001)
    spent = cpu_time([os.getpid()]).since(before)
    # The kernel tells the whole in hundredths of a second.
    assert spent.total_s >= 0.1 - 0.03
    assert spent.threads_s[ENDED] >= 0.1 - 0.05


@linux
def test_several_processes_are_added_up() -> None:
    once, twice = cpu_time([os.getpid()]), cpu_time([os.getpid(), os.getpid()])
    assert twice.total_s >= 2 * once.total_s


@linux
def test_a_process_that_has_ended_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        cpu_time([2**22 + 1])


@linux
def test_memory_is_that_of_the_process_now() -> None:
    before = resident_mb(os.getpid())
    # Not from the heap, which may still have as much of what was freed.
    with mmap.mmap(-1, 64 * 2**20) as block:
        block[::4096] = b"\1" * len(block[::4096])
        assert resident_mb(os.getpid()) > before + 32


def test_a_thread_that_began_later_counts_from_nothing() -> None:
    spent = CpuTime(3.0, {"main": 2.0, "new": 1.0}).since(CpuTime(1.5, {"main": 1.5}))
    assert spent == CpuTime(1.5, {"main": 0.5, "new": 1.0})

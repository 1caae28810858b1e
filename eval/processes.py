"""Commands of the project run as processes, for their time and their memory."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from pathlib import Path

import psutil

#: The project's folder.
HERE = Path(__file__).resolve().parents[1]


class PeakMemory:
    """Peak resident memory of a process and its children, sampled every 20 ms, in MB."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._stop = threading.Event()
        self.peak = 0.0
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self) -> None:
        while not self._stop.wait(0.02):
            try:
                family = [self._process, *self._process.children(recursive=True)]
                total = sum(one.memory_info().rss for one in family if one.is_running())
            except psutil.Error:
                continue
            self.peak = max(self.peak, total / 1e6)

    def __enter__(self) -> PeakMemory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


def timed(command: list[str], **environment: str) -> tuple[bytes, float]:
    """Run a command; return its output and its duration in seconds, process start included."""
    started = time.perf_counter()
    output = _start(command, environment, subprocess.PIPE).communicate()[0]
    return output, time.perf_counter() - started


def peak_of(command: list[str], **environment: str) -> float:
    """Run a command once more for its memory: sampling would disturb the timing."""
    process = _start(command, environment, subprocess.DEVNULL)
    with PeakMemory(process.pid) as memory:
        process.wait()
    return memory.peak


def _start(command: list[str], environment: dict[str, str], output: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        env={**os.environ, **environment},
        stdout=output,
        stderr=subprocess.DEVNULL,
        cwd=HERE,
    )

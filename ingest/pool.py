"""Reading in worker processes, each under limits of time and memory.

A file that hangs, exhausts memory or crashes its reader costs one worker, which is replaced;
the file is refused and the import goes on.
"""

from __future__ import annotations

import multiprocessing
import resource
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pebble import ProcessExpired, ProcessPool

from advisor.errors import ReadRefused
from advisor.settings import Settings
from ingest.read import ReadResult, read_file

_RECYCLE_AFTER = 500


@dataclass(frozen=True, slots=True)
class ReadTask:
    """A file to read: its place, its format and the id its document will have."""

    path: Path
    format: str
    document_id: str


def _limit_memory(megabytes: int) -> None:
    size = megabytes * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (size, size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _work(task: ReadTask, max_pages: int) -> ReadResult | ReadRefused:
    try:
        return read_file(task.path, task.format, task.document_id, max_pages)
    except ReadRefused as refusal:
        return refusal
    except (MemoryError, RecursionError):
        return ReadRefused("read_too_heavy")
    except PermissionError:
        return ReadRefused("read_forbidden")
    except Exception as error:
        return ReadRefused("read_failed", reason=type(error).__name__)


def read_all(
    tasks: Iterable[ReadTask], settings: Settings
) -> Iterator[tuple[ReadTask, ReadResult | ReadRefused]]:
    """Read files in parallel; yield each task with its result, in the order given."""
    waiting = iter(tasks)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["ingest.pool"])
    pool: Any = ProcessPool(
        max_workers=settings.workers,
        max_tasks=_RECYCLE_AFTER,
        initializer=_limit_memory,
        initargs=[settings.read_memory_mb],
        context=context,
    )
    with pool:
        try:
            running: deque[tuple[ReadTask, Any]] = deque()
            while True:
                while len(running) < 4 * settings.workers:
                    task = next(waiting, None)
                    if task is None:
                        break
                    future = pool.schedule(
                        _work, args=[task, settings.read_max_pages], timeout=settings.read_timeout
                    )
                    running.append((task, future))
                if not running:
                    return
                task, future = running.popleft()
                yield task, _outcome(future, settings)
        finally:
            # Reached early only when the import is interrupted: no worker must outlive it.
            pool.stop()
            pool.join()


def _outcome(future: Any, settings: Settings) -> ReadResult | ReadRefused:
    try:
        result: ReadResult | ReadRefused = future.result()
        return result
    except FutureTimeout:
        return ReadRefused("read_too_slow", seconds=settings.read_timeout)
    except ProcessExpired:
        return ReadRefused("read_crashed")
    except MemoryError:
        return ReadRefused("read_too_heavy")

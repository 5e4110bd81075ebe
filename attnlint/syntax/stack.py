"""A thread with room for deeply nested code: parsers and tree walks recurse once a level."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from typing import TypeVar

T = TypeVar("T")

_MEGABYTE = 1 << 20
_SIZES = (512 * _MEGABYTE, 128 * _MEGABYTE, 32 * _MEGABYTE)
_BYTES_PER_FRAME = 4096

_this_thread = threading.local()
_lock = threading.Lock()
_limits: list[int] = []  # the recursion limits asked for by the big threads now running
_usual_limit = 0


def on_big_stack(function: Callable[[], T], wait: Callable[[threading.Thread], None] = threading.Thread.join) -> T:
    """Run ``function`` on a thread with a big stack and a recursion limit to match; what it raises is raised here.

    A call from such a thread runs directly. The memory is virtual: only what the recursion touches is ever used.
    ``wait`` returns when the thread has ended.
    """
    if getattr(_this_thread, "big", False):
        return function()
    results: list[T] = []
    errors: list[BaseException] = []
    context = copy_context()

    def call(stack: int) -> None:
        _this_thread.big = True
        try:
            with _recursion_limit(stack // _BYTES_PER_FRAME):
                results.append(context.run(function))
        except BaseException as error:
            errors.append(error)

    wait(_start(call))
    if errors:
        raise errors.pop()
    return results.pop()


def _start(call: Callable[[int], None]) -> threading.Thread:
    """Start ``call`` on a thread with the biggest stack that the system grants."""
    with _lock:
        usual = threading.stack_size()
        try:
            for size in _SIZES:
                try:
                    threading.stack_size(size)
                    thread = threading.Thread(target=call, args=(size,), name="attnlint big stack", daemon=True)
                    thread.start()
                    return thread
                except (RuntimeError, ValueError, MemoryError):
                    continue
        finally:
            threading.stack_size(usual)
    raise MemoryError(f"no thread with a stack of {_SIZES[-1] // _MEGABYTE} MB can be started")


@contextmanager
def _recursion_limit(limit: int) -> Iterator[None]:
    """Raise the interpreter's recursion limit until the last of the threads that need it is done."""
    global _usual_limit
    with _lock:
        if not _limits:
            _usual_limit = sys.getrecursionlimit()
        _limits.append(limit)
        sys.setrecursionlimit(max(_usual_limit, *_limits))
    try:
        yield
    finally:
        with _lock:
            _limits.remove(limit)
            if not _limits:
                sys.setrecursionlimit(_usual_limit)

"""Imports that cost a start no more than they must, nor anything later.

Some libraries import another one where it is installed, for a feature of theirs that we do not use, and every start
pays for it: Kopf takes the Kubernetes client for its models, structlog takes rich for its tracebacks.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_THRESHOLDS = (20_000, 50, 100)
"""New objects before the garbage collector looks at the youngest, and how many such looks before it looks at the older.

Python's 700, 10 and 10 are for small programs: a tenth of our time (measured) went into looking at users who stay.
"""


@contextmanager
def without(package: str) -> Iterator[None]:
    """Whoever imports the package meanwhile finds it not installed, unless it has been imported before.

    None in `sys.modules` is how Python spells that (language reference, "The module cache").
    """
    if package in sys.modules:
        yield
        return
    sys.modules[package] = None  # type: ignore[assignment]  # typeshed knows modules only
    try:
        yield
    finally:
        del sys.modules[package]


@contextmanager
def for_good() -> Iterator[None]:
    """What is imported meanwhile stays until the process ends, so nobody looks through it for garbage, now or later.

    Looking is a tenth of the operator's imports, and 10 to 20 ms of each full collection, when its loop stands still
    (measured).
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(*_THRESHOLDS)
        gc.enable()

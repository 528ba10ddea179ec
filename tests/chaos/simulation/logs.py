"""The operator's log while it is simulated: nothing is printed, and what matters is kept.

Errors always matter, because each would be a bug. What the log says of a healthy operator is a test of its own.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager

import structlog


@contextmanager
def captured(level: int = logging.ERROR) -> Iterator[list[str]]:
    """What is logged meanwhile at that level or above, in one line each."""
    lines: list[str] = []

    def keep(_logger: object, _method: str, event: MutableMapping[str, object]) -> str:
        raised = event.pop("exc_info", None)
        if raised is True:
            raised = __import__("sys").exc_info()[1]
        where = traceback.format_tb(raised.__traceback__)[-1].strip() if isinstance(raised, BaseException) else ""
        lines.append(f"{event} {raised!r} {where}".strip() if raised else f"{event}")
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(
        processors=[keep],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.ReturnLoggerFactory(),
        cache_logger_on_first_use=False,
    )
    try:
        yield lines
    finally:
        structlog.configure(**before)

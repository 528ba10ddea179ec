"""The operator's log while it is simulated: nothing is printed, and errors are kept, because each would be a bug."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager

import structlog


@contextmanager
def captured() -> Iterator[list[str]]:
    """The errors that are logged meanwhile, in one line each."""
    errors: list[str] = []

    def keep(_logger: object, _method: str, event: MutableMapping[str, object]) -> str:
        raised = event.pop("exc_info", None)
        if raised is True:
            raised = __import__("sys").exc_info()[1]
        where = traceback.format_tb(raised.__traceback__)[-1].strip() if isinstance(raised, BaseException) else ""
        errors.append(f"{event} {raised!r} {where}".strip() if raised else f"{event}")
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(
        processors=[keep],
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        logger_factory=structlog.ReturnLoggerFactory(),
        cache_logger_on_first_use=False,
    )
    try:
        yield errors
    finally:
        structlog.configure(**before)

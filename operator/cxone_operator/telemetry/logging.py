"""Structured logs: one line per change of state, JSON for machines or a console form for people.

Two safeguards sit in the pipeline, so that no call site has to remember them: values under secret-sounding keys are
dropped, and e-mail addresses are masked everywhere but in audit lines.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Literal

import structlog

LogFormat = Literal["json", "console"]

_SECRET_KEYS = re.compile(r"secret|token|password|authorization|credential", re.IGNORECASE)
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+")


def configure_logging(log_format: LogFormat, level: str) -> None:
    """Route structlog and the standard library's loggers (Kopf's, aiohttp's) through one pipeline to stderr."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if log_format == "json" else structlog.dev.ConsoleRenderer(colors=False)
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.getLogger("kopf").setLevel(logging.WARNING)
    logging.getLogger("kopf.objects").setLevel(logging.WARNING)


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger whose first argument is an event name and whose keywords are its values."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


def redact(_logger: object, _method: str, event: MutableMapping[str, object]) -> MutableMapping[str, object]:
    """Drop secrets by key and mask addresses by form (a structlog processor)."""
    for key, value in event.items():
        event[key] = "[redacted]" if _SECRET_KEYS.search(key) else _masked(value)
    return event


def _masked(value: object) -> object:
    """Numbers as they are; everything else as text, or text within lists and mappings, without addresses."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {
            str(key): "[redacted]" if _SECRET_KEYS.search(str(key)) else _masked(item) for key, item in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked(item) for item in value]
    return _EMAIL.sub("[address]", str(value))

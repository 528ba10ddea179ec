"""Structured logs: one line per change of state, JSON for machines or a console form for people.

Two safeguards sit in the pipeline, so that no call site has to remember them: values under secret-sounding keys and
after the word Bearer or Basic are dropped, and e-mail addresses are masked everywhere but in audit lines.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from types import TracebackType
from typing import Literal

import structlog

LogFormat = Literal["json", "console"]

_SECRET_KEYS = re.compile(r"secret|token|password|authorization|credential", re.IGNORECASE)
_AUTHORIZATION = re.compile(r"\b(Bearer|Basic)\s+[\w.~+/=-]+", re.IGNORECASE)
_EMAIL = re.compile(r"(?<!\S)\S+(?:@|%40)\S+")
"""The whole word around an @, also where it is percent-encoded: the CRD takes every character but blanks."""


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
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _renderer(log_format)],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in ("kopf", "kopf.objects"):
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    logging.captureWarnings(capture=True)
    sys.excepthook = _log_crash


def _renderer(log_format: LogFormat) -> structlog.typing.Processor:
    """Tracebacks are text already when they get here, and masked; a prettier form would show local variables."""
    if log_format == "json":
        return structlog.processors.JSONRenderer()
    return structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)


def _log_crash(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    """An exception that nobody caught ends the process; its last words go through the pipeline, too."""
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, traceback)
        return
    get_logger(__name__).critical("crashed", exc_info=(kind, error, traceback))


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
    return _EMAIL.sub("[address]", _AUTHORIZATION.sub(r"\1 [redacted]", str(value)))


class Streak:
    """A failure that lasts: told when it begins and when it is over, and for each attempt in between at debug only."""

    def __init__(self, log: structlog.stdlib.BoundLogger, begins: str, ends: str) -> None:
        self._log = log
        self._begins = begins
        self._ends = ends
        self._lasts = False

    def failed(self, **values: object) -> None:
        """One more attempt has failed."""
        if self._lasts:
            self._log.debug(self._begins, **values)
        else:
            self._log.warning(self._begins, **values)
        self._lasts = True

    def ended(self, **values: object) -> None:
        """An attempt has succeeded."""
        if self._lasts:
            self._log.info(self._ends, **values)
        self._lasts = False

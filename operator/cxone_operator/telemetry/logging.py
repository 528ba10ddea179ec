"""Structured logs: one line per change of state, JSON for machines or a console form for people.

Redaction sits in the pipeline, so that no call site has to remember it.
"""

from __future__ import annotations

import logging
import sys
from types import TracebackType
from typing import Literal

from cxone_operator.imports import without
from cxone_operator.telemetry.redaction import redact

with without("rich"):
    import structlog

LogFormat = Literal["json", "console"]


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

"""Files that are replaced while we run, as Kubernetes does with mounted Secrets: read again when they have changed."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Sequence
from pathlib import Path

from cxone_operator.telemetry.logging import get_logger

_SECONDS = 2.0
"""Between two looks; Kubernetes itself takes up to a minute to bring a new Secret."""

log = get_logger(__name__)


def load_tls(certificate: Path, key: Path) -> ssl.SSLContext:
    """A server's context; loading the files into it again renews it for new connections. Raises OSError."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    return context


async def reread(paths: Sequence[Path], read: Callable[[], None]) -> None:
    """Call `read` after each change of a file, until cancelled; while what is new is unusable, the old stays in use."""
    seen = await asyncio.to_thread(_versions, paths)
    while True:
        await asyncio.sleep(_SECONDS)
        found = await asyncio.to_thread(_versions, paths)
        if found != seen:
            seen = found
            try:
                read()
            except (OSError, ValueError) as error:
                log.error("file_not_usable", error=str(error))
            else:
                log.info("files_read_again", files=[path.name for path in paths])


def _versions(paths: Sequence[Path]) -> tuple[object, ...]:
    return tuple(map(_version, paths))


def _version(path: Path) -> object:
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_ino, found.st_mtime_ns, found.st_size)

"""The web site that HR systems call: one path, bounds before anything is read, JSON out."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Mapping

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from cxone_operator.bridge.event import PATH
from cxone_operator.bridge.recorder import Recorder, Result
from cxone_operator.bridge.service import RETRY_AFTER, Reply, Service

BODY_BYTES = 64_000
_BODY_SECONDS = 10.0
"""For a body to arrive; one that trickles in keeps memory that others need."""
_AT_ONCE = 512
"""Requests; with the largest body each, they hold 32 MB. More get 503 at once and come again."""
_FINISH_SECONDS = 12.0
"""What was accepted is finished at a stop; longer than any event may take."""


class _Malformed(logging.Filter):
    """What is not HTTP is answered with 400; whoever sends it must not fill our logs with tracebacks."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep everything else."""
        return record.exc_info is None or not isinstance(record.exc_info[1], HttpProcessingError)


class WebhookSite:
    """Listens on one address."""

    def __init__(self, service: Service, recorder: Recorder, tls: ssl.SSLContext | None) -> None:
        self._service = service
        self._recorder = recorder
        self._tls = tls
        self._under_way = 0
        app = web.Application(client_max_size=BODY_BYTES)
        app.router.add_post(PATH, self._post)
        logger = logging.getLogger(__name__)
        logger.addFilter(_Malformed())
        self._runner = web.AppRunner(
            app,
            access_log=None,
            logger=logger,
            auto_decompress=False,  # the signature is of the bytes that were sent
            shutdown_timeout=_FINISH_SECONDS,
        )

    async def start(self, host: str, port: int) -> int:
        """Listen, for an empty host on all addresses; the port, which the system chooses for 0.

        Raises OSError where it is taken.
        """
        await self._runner.setup()
        await web.TCPSite(self._runner, host or None, port, ssl_context=self._tls).start()
        return int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Accept nothing more, and finish what was accepted."""
        await self._runner.cleanup()

    async def _post(self, request: web.Request) -> web.Response:
        if self._under_way >= _AT_ONCE:
            return self._refuse(503, "unavailable", "too many requests at once; send it again", RETRY_AFTER)
        self._under_way += 1
        try:
            return await self._read_and_handle(request)
        finally:
            self._under_way -= 1

    async def _read_and_handle(self, request: web.Request) -> web.Response:
        too_large = f"the body must not be larger than {BODY_BYTES} bytes"
        if (request.content_length or 0) > BODY_BYTES:
            return self._refuse(413, "too_large", too_large)
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return self._refuse(413, "too_large", too_large)
        except TimeoutError:
            return self._refuse(408, "invalid", f"the body must arrive within {_BODY_SECONDS:.0f} s")
        return _response(await self._service.handle(request.headers, body))

    def _refuse(
        self, status: int, result: Result, error: str, headers: Mapping[str, str] | None = None
    ) -> web.Response:
        self._recorder.answered("", result, 0.0)
        response = _response(Reply(status, {"error": error}, result, headers or {}))
        response.force_close()
        return response


def _response(reply: Reply) -> web.Response:
    return web.json_response(reply.body, status=reply.status, headers=reply.headers)

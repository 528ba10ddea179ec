"""Health, readiness and metrics on one small web site, up before anything else is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from cxone_operator.telemetry.metrics import REGISTRY

Check = Callable[[], str | None]
"""Says what is wrong, None where nothing is."""
Handler = Callable[[web.Request], Awaitable[web.Response]]


class Site:
    """The web site of one process."""

    def __init__(self, alive: Check, ready: Check, set_gauges: Callable[[], None]) -> None:
        app = web.Application()
        app.router.add_get("/healthz", _answering(alive))
        app.router.add_get("/readyz", _answering(ready))
        app.router.add_get("/metrics", _metrics(set_gauges))
        self._runner = web.AppRunner(app, access_log=None)

    async def start(self, host: str, port: int) -> int:
        """Listen, for an empty host on all addresses; the port, which the system chooses for 0.

        Raises OSError where it is taken.
        """
        await self._runner.setup()
        site = web.TCPSite(self._runner, host or None, port)
        await site.start()
        return int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Stop listening."""
        await self._runner.cleanup()


def _answering(check: Check) -> Handler:
    async def answer(_request: web.Request) -> web.Response:
        problem = check()
        return web.Response(text="ok\n") if problem is None else web.Response(status=503, text=f"{problem}\n")

    return answer


def _metrics(set_gauges: Callable[[], None]) -> Handler:
    async def answer(_request: web.Request) -> web.Response:
        set_gauges()
        return web.Response(body=generate_latest(REGISTRY), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return answer

"""Many simulated CXone tenants in one process, each on a port of its own: `python -m measure.tenants COUNT READY_FILE`.

A process for each would take more memory than all else that is measured together. They are as apart as in processes of
their own: users, seats, limits and faults are each tenant's own. The ready file gets their addresses, a line each.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
from aiohttp import web

from controlplane.processes import spawn
from cxone_simulator.app import create_app
from cxone_simulator.settings import Settings
from cxone_simulator.world import make_world
from measure.place import Place
from measure.remote import Remote
from measure.waiting import until

_START_SECONDS = 60.0
_SECRET = Settings().client_secret
"""All of them have it; it opens nothing but these."""


@asynccontextmanager
async def tenants(place: Place, count: int) -> AsyncIterator[list[Remote]]:
    """So many tenants, that end with the block."""
    ready, log = place.directory / "tenants.ready", place.directory / "tenants.log"
    command = [sys.executable, "-m", "measure.tenants", str(count), str(ready)]
    process = spawn("tenants", command, log, die_with_parent=True)
    try:
        await until(lambda: ready.exists() or not process.alive, _START_SECONDS)
        if not process.alive:
            raise RuntimeError(f"the tenants ended: {log.read_text()[-2000:]}")
        async with aiohttp.ClientSession() as session:
            yield [Remote(session, url, _SECRET) for url in ready.read_text().split()]
    finally:
        process.stop()


async def _serve(count: int, ready: Path) -> None:
    async with AsyncExitStack() as stack:
        urls = []
        for _ in range(count):
            runner = web.AppRunner(create_app(make_world(Settings(), time.monotonic)), access_log=None)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            urls.append(f"http://127.0.0.1:{runner.addresses[0][1]}")
        draft = ready.with_suffix(".draft")
        draft.write_text("\n".join(urls))
        os.replace(draft, ready)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), Path(sys.argv[2])))

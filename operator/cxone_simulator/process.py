"""One tenant on one port, until the process is told to stop."""

from __future__ import annotations

import asyncio
import signal
import time
from pathlib import Path

import click
from aiohttp import web

from cxone_simulator.app import create_app
from cxone_simulator.settings import Settings
from cxone_simulator.world import World, make_world


def run_simulator(settings: Settings, users: int, host: str, port: int, ready_file: Path | None) -> None:
    """With that many users to start with; an empty host is all addresses. Raises OSError where one cannot be had."""
    world = make_world(settings, time.monotonic)
    world.tenant.preload(users)
    asyncio.run(_serve(world, host, port, ready_file))


async def _serve(world: World, host: str, port: int, ready_file: Path | None) -> None:
    stop = _stop_signal()
    runner = web.AppRunner(create_app(world), access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, host or None, port).start()
        url = f"http://{f'[{host}]' if ':' in host else host or '127.0.0.1'}:{runner.addresses[0][1]}"
        click.echo(f"cxone-simulator listening on {url}")
        if ready_file is not None:
            await asyncio.to_thread(_announce, ready_file, url)
        await stop.wait()
    finally:
        await runner.cleanup()


def _announce(ready_file: Path, url: str) -> None:
    """Whoever sees the file can read all of it."""
    draft = ready_file.with_name(f".{ready_file.name}.draft")
    try:
        draft.write_text(url + "\n")
        draft.replace(ready_file)
    except OSError as error:
        raise click.ClickException(f"cannot write {ready_file}: {error}") from error


def _stop_signal() -> asyncio.Event:
    """Set when the process is told to stop; in place before anybody knows that it is ready."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop

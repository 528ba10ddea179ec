"""`cxone-simulator`: one tenant on one port, until it is told to stop."""

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


def _names(_context: click.Context, _option: click.Parameter, value: str) -> list[str]:
    return [name.strip() for name in value.split(",") if name.strip()]


_SECONDS = click.FloatRange(0, 1e9)


@click.command()
@click.version_option(package_name="cxone-operator")
@click.option("--listen", default="127.0.0.1:8090", show_default=True, metavar="HOST:PORT", help="Port 0: a free one")
@click.option("--ready-file", type=click.Path(dir_okay=False, path_type=Path), help="Gets the base URL when listening")
@click.option("--client-id", default="demo", show_default=True)
@click.option("--client-secret", default="demo-secret", envvar="CXONE_SIMULATOR_CLIENT_SECRET", help="[demo-secret]")
@click.option("--seats", default=1000, show_default=True, type=click.IntRange(0))
@click.option(
    "--users", default=0, show_default=True, type=click.IntRange(0, 1_000_000), help="Active users to start with"
)
@click.option("--roles", default=",".join(Settings().roles), show_default=True, callback=_names)
@click.option("--groups", default=",".join(Settings().groups), show_default=True, callback=_names)
@click.option("--requests-per-minute", default=100, show_default=True, type=click.IntRange(0), help="0: no limit")
@click.option("--job-seconds", default=1.0, show_default=True, type=_SECONDS)
@click.option("--latency-seconds", default=0.0, show_default=True, type=_SECONDS)
@click.option("--reclaim-delay-seconds", default=0.0, show_default=True, type=_SECONDS)
@click.option("--token-seconds", default=3600.0, show_default=True, type=click.FloatRange(1, 1e9))
@click.option("--bulk-mode", default="async", show_default=True, type=click.Choice(["async", "sync", "off"]))
@click.option("--bulk-results", is_flag=True, help="Jobs end with the result of each operation")
@click.option("--max-page-size", default=1000, show_default=True, type=click.IntRange(1))
@click.option("--allow-delete", is_flag=True, help="Offer DELETE of users")
def main(listen: str, ready_file: Path | None, users: int, **options: object) -> None:
    """A CXone tenant to try things against, in memory."""
    host, colon, port = listen.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise click.BadParameter(f"'{listen}' is not HOST:PORT, for example 127.0.0.1:8090", param_hint="--listen")
    world = make_world(Settings(**options), time.monotonic)  # type: ignore[arg-type]
    world.tenant.preload(users)
    try:
        asyncio.run(_serve(world, host.strip("[]") or "127.0.0.1", int(port), ready_file))
    except OSError as error:
        raise click.ClickException(f"cannot listen on {listen}: {error}") from error


async def _serve(world: World, host: str, port: int, ready_file: Path | None) -> None:
    stop = _stop_signal()
    runner = web.AppRunner(create_app(world), access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        url = f"http://{f'[{host}]' if ':' in host else host}:{runner.addresses[0][1]}"
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

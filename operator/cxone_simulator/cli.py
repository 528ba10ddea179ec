"""`cxone-simulator`: its options. What serves is imported when they are right, so that `--help` is answered at once."""

from __future__ import annotations

from pathlib import Path

import click

from cxone_simulator.settings import Settings


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
    from cxone_simulator.process import run_simulator

    settings = Settings(**options)  # type: ignore[arg-type]
    try:
        run_simulator(settings, users, host.strip("[]") or "127.0.0.1", int(port), ready_file)
    except OSError as error:
        raise click.ClickException(f"cannot listen on {listen}: {error}") from error

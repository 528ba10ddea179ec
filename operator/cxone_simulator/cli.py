"""`cxone-simulator`: its options. What serves is imported when they are right, so that `--help` is answered at once."""

from __future__ import annotations

from pathlib import Path

import click
from click.core import ParameterSource

from cxone_simulator.settings import PRESETS, Settings, preset_of, settings_of


def _names(_context: click.Context, _option: click.Parameter, value: str) -> list[str]:
    return [name.strip() for name in value.split(",") if name.strip()]


_SECONDS = click.FloatRange(0, 1e9)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="cxone-operator")
@click.option("--listen", default="127.0.0.1:8090", show_default=True, metavar="HOST:PORT", help="Port 0: a free one")
@click.option("--ready-file", type=click.Path(dir_okay=False, path_type=Path), help="Gets the base URL when listening")
@click.option(
    "--preset", default="Platform", show_default=True, type=click.Choice(PRESETS), help="The API that it speaks"
)
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
@click.option("--bulk-mode", type=click.Choice(["async", "sync", "off"]), help="[default: async; sync for RFC7644]")
@click.option("--bulk-results", is_flag=True, help="Jobs end with the result of each operation")
@click.option("--max-page-size", default=1000, show_default=True, type=click.IntRange(1))
@click.option(
    "--allow-delete/--no-allow-delete", default=None, help="Offer DELETE of users  [default: only for RFC7644]"
)
@click.option("--static-token", default="", envvar="CXONE_SIMULATOR_STATIC_TOKEN", help="RFC7644: a token always good")
@click.option("--patch-supported/--no-patch-supported", default=True, help="RFC7644: else PATCH is 501")
@click.option("--etags/--no-etags", default=True, help="RFC7644: else there are no versions")
@click.option(
    "--cursor-paging", default="off", show_default=True, type=click.Choice(["off", "offered", "forced"]), help="RFC7644"
)
@click.option("--filter-supported/--no-filter-supported", default=True, help="RFC7644: else every filter is 400")
@click.option("--or-supported/--no-or-supported", default=True, help="RFC7644: else a filter with or is 400")
@click.option(
    "--roles-form",
    default="values",
    show_default=True,
    type=click.Choice(["values", "ids", "none", "entitlements"]),
    help="RFC7644: roles by name, by id, not at all, or as entitlements",
)
@click.option("--member-filters/--no-member-filters", default=True, help="RFC7644: else members[…] in a PATCH is 400")
@click.option("--shows-user-groups/--no-shows-user-groups", default=True, help="RFC7644: else users have no groups")
@click.option("--licenses", is_flag=True, help="RFC7644: the licence API of Platform as well")
@click.option("--teams", default=",".join(Settings().teams), show_default=True, callback=_names, help="UserHub")
@click.option("--access-key-id", default=Settings().access_key_id, show_default=True, help="UserHub")
@click.option(
    "--access-key-secret",
    default=Settings().access_key_secret,
    envvar="CXONE_SIMULATOR_ACCESS_KEY_SECRET",
    help="UserHub  [demo-key-secret]",
)
@click.option("--api-endpoint", default="", metavar="URL", help="UserHub: what discovery answers; else this server")
@click.option("--undeactivatable", default="", callback=_names, help="UserHub: userNames that a batch leaves active")
@click.pass_context
def main(
    context: click.Context, /, listen: str, ready_file: Path | None, preset: str, users: int, **options: object
) -> None:
    """A CXone tenant to try things against, in memory."""
    host, colon, port = listen.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise click.BadParameter(f"'{listen}' is not HOST:PORT, for example 127.0.0.1:8090", param_hint="--listen")
    _check_presets(context, preset)
    from cxone_simulator.process import run_simulator

    settings = settings_of(preset, **options)
    try:
        run_simulator(settings, users, host.strip("[]"), int(port), ready_file)
    except OSError as error:
        raise click.ClickException(f"cannot listen on {listen}: {error}") from error


def _check_presets(context: click.Context, preset: str) -> None:
    """An option that the preset does not heed is a mistake, unless it came with the environment."""
    for option in context.command.params:
        only = preset_of(str(option.name))
        typed = context.get_parameter_source(str(option.name)) is ParameterSource.COMMANDLINE
        if typed and only not in (None, preset):
            raise click.UsageError(f"{option.opts[0]} is an option of --preset {only}, not of {preset}")

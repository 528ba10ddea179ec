"""`make demo`: three acts on a real API server, with a live table, figures and commands to look around with."""

from __future__ import annotations

import argparse
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.table import Table

from controlplane.errors import ControlPlaneError
from demo import scenario, verdict
from demo.stage import Stage, StageError
from demo.view import Resource, reasons, resources

_ACT_SECONDS = 180.0
console = Console()


def main() -> int:
    """Run the demonstration; 0 only if it ended as it should."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="cxone-demo-") as directory:
        try:
            with Stage(Path(directory), "--seats", str(scenario.SEATS)) as stage:
                return _perform(stage, stay=not options.exit)
        except (StageError, ControlPlaneError) as error:
            console.print(f"[red]{error}[/]")
            return 1
        except KeyboardInterrupt:
            return 130


def _perform(stage: Stage, *, stay: bool) -> int:
    stage.simulator.send("POST", "outside", [person.remote() for person in scenario.IN_CXONE])
    stage.start_operator()
    console.rule("Act 1: 200 joiners, an existing user, two misspelt, and five seats too few")
    _apply(stage, scenario.tenant(stage.simulator.url, stage.secret))
    started = time.monotonic()
    _apply(stage, [person.manifest() for person in scenario.FIRST_ACT])
    found = _watch(stage, verdict.first_act_is_over)
    first = time.monotonic() - started
    console.rule("Act 2: a mover, and five leavers whose seats the waiting joiners get")
    _apply(stage, [person.manifest() for person in scenario.SECOND_ACT])
    found = _watch(stage, verdict.second_act_is_over)
    console.rule("Act 3: HR hires somebody, and terminates a visitor whose seat they get")
    stage.start_bridge()
    _hr(stage, "hire", scenario.NEWCOMER.user_name, "--role", "Agent", "--group", "Support-Team")
    _watch(stage, verdict.newcomer_waits)
    _hr(stage, "terminate", scenario.VISITOR.user_name)
    found = _watch(stage, verdict.third_act_is_over)
    wrong = verdict.problems(found, stage.simulator)
    _summarise(stage, found, first, wrong)
    if stay:
        _look_around(stage)
    return 1 if wrong else 0


def _apply(stage: Stage, items: list[dict[str, object]]) -> None:
    stage.plane.kubectl("apply", "--server-side", "-f", "-", input=scenario.as_list(items))


def _hr(stage: Stage, *event: str) -> None:
    """Send one event as an HR system would, and show it."""
    options = ["--secret-file", str(stage.hr_secret), "--url", stage.bridge_url]
    executable = Path(sys.executable).with_name("cxone-operator")
    answer = subprocess.run(
        [executable, "bridge", "send", *event, *options], capture_output=True, text=True, check=False
    )
    console.print(f"$ cxone-operator bridge send {' '.join(event)}\n{(answer.stdout + answer.stderr).strip()}")


def _watch(stage: Stage, over: Callable[[dict[str, Resource]], bool]) -> dict[str, Resource]:
    """Show the table until the act is over, or has lasted too long."""
    deadline = time.monotonic() + _ACT_SECONDS
    with Live(console=console, refresh_per_second=4, transient=False) as live:
        while True:
            found = resources(stage.plane, scenario.NAMESPACE)
            live.update(_table(found, stage))
            if over(found) or time.monotonic() > deadline:
                break
            time.sleep(0.5)
    if not console.is_terminal:
        console.print()
    return found


def _table(found: dict[str, Resource], stage: Stage) -> Table:
    stats = stage.simulator.get("stats")
    seats = stats["licenses"]
    table = Table(
        caption=f"CXone: {stats['total']} requests, {stats['throttled']} refused with 429, "
        f"{seats['used']} of {seats['total']} seats"
    )
    for column in ("Ready", "Reason", "Users", "For example"):
        table.add_column(column)
    examples = {(resource.ready, resource.reason): resource for resource in found.values()}
    for state, count in sorted(reasons(found.values()).items(), reverse=True):
        table.add_row(*state, str(count), f"{examples[state].name}: {examples[state].message}")
    return table


def _summarise(stage: Stage, found: dict[str, Resource], first: float, wrong: list[str]) -> None:
    stats = stage.simulator.get("stats")
    waits = sorted(item.seconds_to_ready for item in found.values() if item.seconds_to_ready is not None)
    console.rule("Summary")
    console.print(
        f"Act 1 took {first:.0f} s; seconds from apply to Ready: median {statistics.median(waits):.0f}, "
        f"95 % {waits[int(len(waits) * 0.95)]:.0f}, longest {waits[-1]:.0f} (those who waited for a seat)"
    )
    console.print(
        f"Requests to CXone: {stats['total']}, {stats['total'] / len(found):.2f} for each user; "
        f"at most {stats['max_in_window']} in 60 s; answered 429: {stats['throttled']}"
    )
    for problem in wrong[:10]:
        console.print(f"[red]not as expected:[/] {problem}")
    if not wrong:
        console.print("[green]The end is as expected, in CXone and on the resources.[/]")


def _look_around(stage: Stage) -> None:
    kubectl = f"{stage.plane.binaries.kubectl} --kubeconfig {stage.plane.kubeconfig} -n {scenario.NAMESPACE}"
    console.print(
        f"\nLook around:\n"
        f"  {kubectl} get cxu\n"
        f"  {kubectl} describe cxu misspelt-role\n"
        f"  {kubectl} get cxt default -o yaml\n"
        f"  curl -s {stage.simulator.url}/_simulator/stats\n"
        f"  tail -f {stage.operator_log}\n"
        f"  cxone-operator bridge send terminate {scenario.NEWCOMER.user_name} "
        f"--secret-file {stage.hr_secret} --url {stage.bridge_url}\n"
        f"Ctrl-C ends everything.",
        soft_wrap=True,
        highlight=False,
    )
    while True:
        time.sleep(1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--exit", action="store_true", help="end by itself; exit code 0 only if all went as expected")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

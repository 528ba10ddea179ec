"""A benchmark and its runs: bounded in time, and whatever a run had found when it ended is kept.

A run records figures one by one. When its time is up, or something fails, or somebody presses Ctrl-C, everything that
it started is ended, and the result says how far it had come. Each figure may have a baseline, which was measured in the
same run on the same machine: absolute seconds say little where a machine does other work as well.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from measure.table import table

RESULTS = Path(__file__).parents[1] / "results"
_TELL_SECONDS = 15.0
"""How often a run says how far it is; seldom enough to cost nothing."""


@dataclass(slots=True)
class Run:
    """What one run has found so far."""

    number: int = 0
    figures: dict[str, float] = field(default_factory=dict)
    baselines: dict[str, float] = field(default_factory=dict)
    incomplete: str = ""
    """Why it ended early, and how far it had come; empty where it did not."""
    progress: Callable[[], str] = lambda: "setting up"
    """How far the run is, in words; set by whatever waits for long."""
    reached: str = "nothing"
    """What `progress` said last; when a run is over, nobody is left to ask."""

    def record(self, name: str, value: float, digits: int = 2) -> None:
        """Keep a figure."""
        self.figures[name] = round(value, digits)

    def compare(self, name: str, value: float, digits: int = 2) -> None:
        """Keep the baseline of a figure."""
        self.baselines[name] = round(value, digits)


@dataclass(frozen=True, slots=True)
class Benchmark:
    """What one module measures."""

    measure: Callable[[Run, argparse.Namespace], Awaitable[None]]
    limit_seconds: float
    """How long one run may take."""
    options: Callable[[argparse.ArgumentParser], None] = lambda _parser: None
    """Adds the benchmark's own options."""
    targets: Callable[[argparse.Namespace], Mapping[str, float]] = lambda _options: {}
    """The most that a figure may be, as the design has it; figures without a target only inform."""
    runs: int = 1


def p95(values: Iterable[float]) -> float:
    """The nearest rank, which of eight values is the last."""
    ordered = sorted(values)
    return ordered[-(-95 * len(ordered) // 100) - 1]


def execute(name: str, description: str, benchmark: Benchmark, arguments: list[str]) -> int:
    """Run it as often as asked, write the result and print the table; the exit code."""
    options = _options(name, description, benchmark, arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    runs: list[Run] = []
    try:
        for number in range(options.runs):
            runs.append(Run(number))
            asyncio.run(_bounded(name, benchmark, runs[-1], options))
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
    finally:
        targets = benchmark.targets(options)
        print(table([(run.figures, run.baselines) for run in runs], targets))
        for run in runs:
            if run.incomplete:
                print(f"run {run.number + 1} is incomplete: {run.incomplete}")
        print(f"written: {_write(name, options, runs, targets)}")
    return int(any(run.incomplete for run in runs))


def _options(name: str, description: str, benchmark: Benchmark, arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog=f"make bench NAME={name} ARGS=…",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--runs", type=int, default=benchmark.runs, help="[%(default)s]")
    parser.add_argument(
        "--limit-seconds", type=float, default=benchmark.limit_seconds, help="how long one run may take [%(default)s]"
    )
    benchmark.options(parser)
    return parser.parse_args(arguments)


async def _bounded(name: str, benchmark: Benchmark, run: Run, options: argparse.Namespace) -> None:
    """A run that fails is a result as well: what the operator did not survive is worth knowing."""
    telling = asyncio.create_task(_tell(f"{name} {run.number + 1}/{options.runs}", run))
    limit = asyncio.timeout(options.limit_seconds)
    run.incomplete = "interrupted"
    try:
        async with limit:
            await benchmark.measure(run, options)
        run.incomplete = ""
    except Exception as error:
        if not limit.expired():
            run.incomplete = f"{type(error).__name__}: {error}; reached: {run.reached}"
            raise
        run.incomplete = f"stopped after {options.limit_seconds:.0f} s; reached: {run.reached}"
    finally:
        telling.cancel()


async def _tell(title: str, run: Run) -> None:
    started = told = time.monotonic()
    while True:
        await asyncio.sleep(1.0)
        run.reached, now = run.progress(), time.monotonic()
        if now - told >= _TELL_SECONDS:
            told = now
            print(f"{title}, {now - started:.0f} s: {run.reached}", file=sys.stderr, flush=True)


def _write(name: str, options: argparse.Namespace, runs: list[Run], targets: Mapping[str, float]) -> Path:
    report = {
        "benchmark": name,
        "options": vars(options),
        "machine": {"cpus": os.cpu_count(), "python": platform.python_version(), "load": os.getloadavg()},
        "targets_at_most": targets,
        "runs": [
            {"figures": run.figures, "baselines": run.baselines, "incomplete": run.incomplete or None} for run in runs
        ],
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(report, indent=2) + "\n")
    return path

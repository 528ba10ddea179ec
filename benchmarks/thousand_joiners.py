"""How long N new users take at a limited number of requests, and what they cost (`make bench`).

A fresh operator on a real API server, and a simulated CXone that admits 100 requests in any 60 s. The clock runs from
the first create to the moment at which the last resource is Ready. Then, idle, one user at a time: apply to Ready.
Writes benchmarks/results/thousand_joiners.json and prints the same as a table.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import platform
import ssl
import statistics
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

from controlplane.plane import ControlPlane
from controlplane.processes import Process
from demo import scenario
from demo.scenario import NAMESPACE, Person
from demo.stage import Stage
from demo.view import resources

RESULTS = Path(__file__).with_name("results")
_CREATORS = 8
_LIMIT_SECONDS = 300.0
_TICKS = os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Run the benchmark as often as asked, and report every run."""
    options = _options()
    runs = [measure(options.users, options.singles) for _ in range(options.runs)]
    report = {
        "users": options.users,
        "machine": {"cpus": os.cpu_count(), "python": platform.python_version()},
        "runs": runs,
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "thousand_joiners.json").write_text(json.dumps(report, indent=2) + "\n")
    print(table(runs))


def measure(users: int, singles: int) -> dict[str, float]:
    """One run from nothing to everybody Ready."""
    with (
        tempfile.TemporaryDirectory() as directory,
        Stage(Path(directory), "--seats", str(users + singles + 10)) as stage,
    ):
        stage.plane.kubectl(
            "apply", "-f", "-", input=scenario.as_list(scenario.tenant(stage.simulator.url, stage.secret))
        )
        time.sleep(2.5)  # a fresh CRD makes the API server delay creates for two seconds
        operator = stage.start_operator()
        time.sleep(3)
        joiners = [Person(f"joiner-{number:05}") for number in range(users)]
        started = time.monotonic()
        _create(stage.plane, joiners)
        _until_ready(stage.plane, users)
        seconds = time.monotonic() - started
        stats = stage.simulator.get("stats")
        result = {
            "seconds_to_last_ready": round(seconds, 1),
            "requests": stats["total"],
            "requests_per_user": round(stats["total"] / users, 3),
            "answered_429": stats["throttled"],
            "most_requests_in_60_s": stats["max_in_window"],
            "operator_cpu_ms_per_user": round(1000 * cpu_seconds(operator) / users, 2),
            "operator_resident_mb": round(_resident_mb(operator), 1),
        }
        if singles:
            result |= _idle(stage, users, singles)
        return result


def _idle(stage: Stage, users: int, singles: int) -> dict[str, float]:
    """Apply to Ready, one user at a time, once the burst has left the window."""
    time.sleep(61)
    waits = []
    for number in range(singles):
        started = time.monotonic()
        _create(stage.plane, [Person(f"single-{number}")])
        _until_ready(stage.plane, users + number + 1, every=0.05)
        waits.append(time.monotonic() - started)
        time.sleep(1)
    waits.sort()
    return {
        "idle_seconds_to_ready_median": round(statistics.median(waits), 2),
        "idle_seconds_to_ready_p95": round(waits[int(0.95 * (len(waits) - 1))], 2),
    }


def table(runs: list[dict[str, float]]) -> str:
    """One row for each figure: its minimum, median and maximum over the runs."""
    rows = [f"{'figure':<32}{'min':>10}{'median':>10}{'max':>10}"]
    for name in runs[0]:
        values = [run[name] for run in runs]
        rows.append(f"{name:<32}{min(values):>10}{statistics.median(values):>10}{max(values):>10}")
    return "\n".join(rows)


def _create(plane: ControlPlane, people: Iterable[Person]) -> None:
    """As fast as a few connections can."""
    portions: list[list[Person]] = [[] for _ in range(_CREATORS)]
    for index, person in enumerate(people):
        portions[index % _CREATORS].append(person)
    with ThreadPoolExecutor(_CREATORS) as pool:
        list(pool.map(lambda portion: _create_portion(plane, portion), portions))


def _create_portion(plane: ControlPlane, people: list[Person]) -> None:
    address = urlsplit(plane.url)
    context = ssl.create_default_context(cafile=str(plane.certificate))
    connection = http.client.HTTPSConnection(address.hostname or "", address.port, context=context, timeout=30)
    headers = {"Authorization": f"Bearer {plane.token}", "Content-Type": "application/json"}
    for person in people:
        path = f"/apis/cxone.dev/v1alpha1/namespaces/{NAMESPACE}/cxoneusers"
        connection.request("POST", path, json.dumps(person.manifest()), headers)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 201:
            raise SystemExit(f"the API server answered {answer.status}: {body.decode()}")
    connection.close()


def _until_ready(plane: ControlPlane, count: int, every: float = 0.5) -> None:
    deadline = time.monotonic() + _LIMIT_SECONDS
    while sum(resource.is_ready for resource in resources(plane, NAMESPACE).values()) < count:
        if time.monotonic() > deadline:
            raise SystemExit(f"not everybody was Ready after {_LIMIT_SECONDS:.0f} s")
        time.sleep(every)


def cpu_seconds(process: Process) -> float:
    """Processor time that it has used so far."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _resident_mb(process: Process) -> float:
    pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--users", type=int, default=1000)
    parser.add_argument("--singles", type=int, default=20, help="users created one at a time afterwards; 0 for none")
    parser.add_argument("--runs", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()

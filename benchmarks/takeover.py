"""How long nobody acts when the leader ends or dies, and whether two ever act (`make bench-takeover`).

Two replicas on a real API server with a stream of new users. The leader gets SIGTERM or SIGKILL, or is frozen and
woken up again after the other has taken over. Counted from the signal: until the other holds the Lease, and until its
first change in CXone. Writes of the old leader after the new one held the Lease are counted from both audit trails.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from controlplane.processes import Process
from demo import scenario
from demo.scenario import Person
from demo.stage import Stage, start_operator
from support.kube import Kube
from thousand_joiners import RESULTS, table

_LIMIT_SECONDS = 60.0
_PAUSE_SECONDS = 0.1


class Replica:
    """One operator process and its log."""

    def __init__(self, stage: Stage, name: str) -> None:
        self.log = stage.directory / f"{name}.log"
        self.process: Process = start_operator(self.log, stage.plane.kubeconfig)

    def lines(self) -> list[dict[str, object]]:
        """Everything that it logged."""
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]

    def times_of(self, event: str) -> list[float]:
        """When it logged that event."""
        return [_seconds(line["timestamp"]) for line in self.lines() if line.get("event") == event]

    def remote_writes(self) -> list[float]:
        """When it changed something in CXone, by its audit trail."""
        return [_seconds(line["time"]) for line in self.lines() if line.get("log") == "audit"]


class Joiners(threading.Thread):
    """New users, one after the other, until told to stop."""

    def __init__(self, kube: Kube) -> None:
        super().__init__(daemon=True)
        self._kube = kube
        self._enough = threading.Event()
        self.created = 0

    def run(self) -> None:
        """Create."""
        while not self._enough.wait(_PAUSE_SECONDS):
            self._kube.create(Person(f"joiner-{self.created:05}").manifest()).accepted()
            self.created += 1

    def stop(self) -> None:
        """End."""
        self._enough.set()
        self.join()


def measure(number: signal.Signals) -> dict[str, float]:
    """One takeover."""
    with tempfile.TemporaryDirectory() as directory, Stage(Path(directory), "--requests-per-minute", "0") as stage:
        tenant = scenario.tenant(stage.simulator.url, stage.secret)
        tenant[-1]["spec"]["rateLimit"] = {"requestsPerMinute": 6000}
        stage.plane.kubectl("apply", "-f", "-", input=scenario.as_list(tenant))
        time.sleep(2.5)  # a fresh CRD makes the API server delay creates for two seconds
        replicas = [Replica(stage, "first")]
        try:
            _until(lambda: bool(replicas[0].times_of("lease_acquired")))
            replicas.append(Replica(stage, "second"))
            _until(lambda: bool(replicas[1].times_of("waiting_for_lease")))
            return _take_over(stage, *replicas, number)
        finally:
            for replica in replicas:
                replica.process.stop(0.0)


def _take_over(stage: Stage, old: Replica, new: Replica, number: signal.Signals) -> dict[str, float]:
    joiners = Joiners(Kube(stage.plane.url, stage.plane.token, stage.plane.certificate))
    joiners.start()
    _until(lambda: len(old.remote_writes()) > 10)
    signalled = time.time()
    os.kill(old.process.pid, number)
    _until(lambda: bool(new.times_of("lease_acquired")) and bool(new.remote_writes()))
    if number is signal.SIGSTOP:
        os.kill(old.process.pid, signal.SIGCONT)
        _until(lambda: not old.process.alive)
    joiners.stop()
    _until(lambda: stage.simulator.get("stats")["users"]["active"] == joiners.created)
    led = new.times_of("lease_acquired")[0]
    created = [entry for entry in stage.simulator.get("journal")["entries"] if entry["effect"] == "created"]
    return {
        f"{number.name} seconds_to_lease": round(led - signalled, 2),
        f"{number.name} seconds_to_first_remote_write": round(min(new.remote_writes()) - signalled, 2),
        f"{number.name} writes_by_two_leaders": sum(at > led for at in old.remote_writes()),
        f"{number.name} users_created_twice": len(created) - len({entry["userName"] for entry in created}),
    }


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _LIMIT_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"waited for more than {_LIMIT_SECONDS:.0f} s")
        time.sleep(0.02)


def _seconds(timestamp: object) -> float:
    return datetime.fromisoformat(str(timestamp)).timestamp()


def main() -> None:
    """Run each kind as often as asked."""
    parser = argparse.ArgumentParser(prog="make bench-takeover", description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    runs: list[dict[str, float]] = []
    for _ in range(parser.parse_args().runs):
        runs.append({})
        for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGSTOP):
            runs[-1] |= measure(number)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "takeover.json").write_text(json.dumps({"runs": runs}, indent=2) + "\n")
    print(table(runs))


if __name__ == "__main__":
    main()

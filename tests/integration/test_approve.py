"""`approve` on real parts: who is held is shown, with why and by whom, and goes when somebody says so."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from support.cxone import Company
from support.doctor import command
from support.waiting import eventually

STAFF = [f"user-{number:02}" for number in range(8)]
"""With so few active users the allowance is the floor, five."""
EXECUTABLE = Path(sys.executable).with_name("cxone-operator")


@pytest.fixture
def staffed(company: Company) -> Company:
    """Eight active users, of whom six are about to leave, each two in another way."""
    company.open(safety={})
    company.join(*STAFF)
    now = datetime.now(UTC).isoformat()
    for name in STAFF[:2]:
        company.change(name, activeUntil=now)
    company.leave(*STAFF[2:4])
    company.delete(*STAFF[4:6])
    company.until_held(6)
    return company


def run(company: Company, *arguments: str) -> Result:
    return command(company.plane.kubeconfig, "approve", "default", "-n", company.namespace, *arguments)


def deactivated(company: Company) -> int:
    return company.effects().count("deactivated")


def answered(company: Company, answer: str) -> tuple[int, str]:
    """Exit code and what the terminal showed, of the installed command, where somebody types; nothing is Ctrl-C."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [str(EXECUTABLE), "approve", "default", "-n", company.namespace],
        env={"KUBECONFIG": str(company.plane.kubeconfig), "PATH": "", "TERM": "xterm", "COLUMNS": "200"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell may have us ignore it
    )
    os.close(theirs)
    with process, os.fdopen(ours, "r+b", buffering=0) as terminal:
        shown = _read_until(terminal, b"lose access?")
        if answer:
            terminal.write(answer.encode())
        else:
            _interrupt(process)
        shown += _read_until(terminal, b"no such words")
        return process.wait(20), shown.decode()


def _interrupt(process: subprocess.Popen[bytes]) -> None:
    """As a person would: a signal that comes just before the process begins to read is noticed with the next one."""
    while process.poll() is None:
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(2)


def _read_until(terminal: FileIO, words: bytes) -> bytes:
    """All that is shown until these words, or the end: a terminal that nobody has any more fails to be read."""
    shown = b""
    with contextlib.suppress(OSError):
        while words not in shown and (part := terminal.read(4096)):
            shown += part
    return shown


def test_who_is_held_why_and_by_whom(staffed: Company) -> None:
    """For programs, with the hash that they need; nothing is approved by looking."""
    result = run(staffed, "-o", "json")
    assert result.exit_code == 0
    shown = json.loads(result.stdout)
    assert (shown["held"], shown["complete"], shown["approved"]) == (6, True, False)
    assert shown["planHash"] == staffed.deprovisioning()["planHash"]
    people = {one["resource"]: one for one in shown["people"]}
    assert sorted(people) == STAFF[:6]
    assert people["user-00"]["userName"] == "user-00@example.com"
    assert "has passed" in people["user-00"]["why"]
    assert (people["user-02"]["why"], people["user-02"]["requestedBy"]) == ("active: false", "tests")
    assert (people["user-04"]["why"], people["user-04"]["requestedBy"]) == ("deleted", "")
    assert deactivated(staffed) == 0


def test_a_script_approves_what_it_has_seen_and_nothing_else(staffed: Company) -> None:
    """A hash that is out of date is refused, the right one lets just them go, and the audit trail says who it was."""
    stale = staffed.until_held(6)
    staffed.leave("user-06")
    plan = staffed.until_held(7)
    refused = run(staffed, "--yes", stale)
    assert refused.exit_code == 1
    assert f"{stale} is not the plan: the plan is {plan} now, with 7 users" in refused.stderr
    assert "cxone.dev/approve-deprovisioning" not in staffed.tenant()["metadata"].get("annotations", {})

    given = run(staffed, "--yes", plan, "-o", "yaml")
    assert given.exit_code == 0, given.output
    assert "approved: true" in given.stdout
    eventually(lambda: deactivated(staffed) == 7)
    assert staffed.active() == 1
    (line,) = [line for line in staffed.trail() if line["action"] == "approve-deprovisioning"]
    assert line["requestedBy"] == "cxone-approve"

    eventually(lambda: staffed.deprovisioning()["held"] == 0)
    again = run(staffed, "--yes", plan)
    assert (again.exit_code, "nobody is held now" in again.stderr) == (1, True)
    calm = run(staffed)
    assert (calm.exit_code, calm.stdout, calm.stderr) == (0, "", "nobody is held\n")


def test_a_person_is_asked(staffed: Company) -> None:
    """No is no; yes is yes; and where nobody can answer, nothing happens."""
    piped = run(staffed)
    assert piped.exit_code == 1
    assert [line.split("\t")[1] for line in piped.stdout.splitlines()] == STAFF[:6]
    assert f"--yes {staffed.deprovisioning()['planHash']}" in piped.stderr

    code, shown = answered(staffed, "n\n")
    assert (code, "nothing was approved" in shown) == (1, True)
    assert "user-00@example.com" in shown
    assert deactivated(staffed) == 0
    code, shown = answered(staffed, "y\n")
    assert (code, "approved: 6 users lose access" in shown) == (0, True)
    eventually(lambda: deactivated(staffed) == 6)


def test_ctrl_c_at_the_question(staffed: Company) -> None:
    """Ends without a traceback, and without an approval."""
    code, shown = answered(staffed, "")
    assert (code, "Traceback" in shown) == (1, False)
    assert deactivated(staffed) == 0


def test_mistakes(company: Company) -> None:
    """A tenant that is not there; no tenant at all; a kubeconfig that is not there."""
    missing = run(company)
    assert (missing.exit_code, "kubectl get cxonetenants" in missing.stderr) == (1, True)
    assert command(company.plane.kubeconfig, "approve").exit_code == 2
    nowhere: Any = company.directory / "nowhere"
    assert command(nowhere, "approve", "default").exit_code == 1

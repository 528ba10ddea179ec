"""What `cxone-operator plan` says is what the operator then does: for random people, on each API, write by write."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.cxone import Company
from support.waiting import eventually

Json = dict[str, Any]
Steps = dict[str, tuple[str, dict[str, str]]]
"""Resource → what becomes of it, and the fields that change."""

COMMAND = Path(sys.executable).with_name("cxone-operator")
NAMES = [f"person-{number:02}" for number in range(24)]
ROLES = ("Agent", "Supervisor", "Evaluator")
GROUPS = ("Support-Team", "Sales-Team", "QA-Team")
ACCESS_KEY = "canary-access-key-secret"
PRESETS = {
    "Platform": (),
    "RFC7644": ("--preset", "RFC7644"),
    "UserHub": ("--preset", "UserHub", "--access-key-secret", ACCESS_KEY),
}
WRITES = ("delete", "deactivate", "create", "adopt", "update")
"""The weightiest first, in the words of the audit trail."""
QUIET_SECONDS = 2.0
SEEDS = range(int(os.environ.get("PLAN_SEEDS", "1")))
"""More of them is more people: PLAN_SEEDS=20 make test ARGS=tests/integration/test_plan.py"""
UNDER_WAY = ("Progressing", "Pending", "JobRunning", "RateLimited", "Deleting")
"""Reasons of somebody for whom something is still to come."""


def run(company: Company, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`plan`, as a person runs it."""
    variables = {**os.environ, "KUBECONFIG": str(company.plane.kubeconfig), **environment}
    command = [str(COMMAND), "plan", "-n", company.namespace, *options]
    return subprocess.run(command, capture_output=True, text=True, env=variables, check=False)


def planned(company: Company) -> Steps:
    """What it says of the cluster as it is."""
    done = run(company, "-o", "json")
    assert done.returncode in (0, 3), done.stderr
    found = json.loads(done.stdout)["steps"]
    return {step["resource"].partition("/")[2]: (step["outcome"], step["changes"]) for step in found}


def carried_out(lines: list[Json]) -> Steps:
    """What the audit trail says, in the same words: one outcome for each resource; a seat given back is part of it."""
    steps: Steps = {}
    for line in lines:
        name, action, changes = line["resource"]["name"], line["action"], line.get("changes", {})
        before, seen = steps.get(name, ("", {}))
        if line["result"] == "held":
            steps[name] = ("held", {**seen, **changes})
        elif line["result"] in ("refused", "failure"):
            steps[name] = (before or "refused", {**seen, **changes})
        elif action in WRITES:
            weight = min((action, before or action), key=lambda word: (*WRITES, "rename").index(word))
            renames = "userName" in changes and weight in ("update", "rename")
            steps[name] = ("rename" if renames or before == "rename" else weight, {**seen, **changes})
    return steps


def acting(steps: Steps) -> Steps:
    """Without those of whom the audit trail says nothing."""
    return {name: step for name, step in steps.items() if step[0] not in ("nothing", "waits")}


class Chance:
    """A company with random people in it."""

    def __init__(self, company: Company, preset: str, seed: int) -> None:
        self.company = company
        self.preset = preset
        self.renames = preset == "Platform" or len(SEEDS) > 1
        """A restarted operator waits for half a minute before it renames anybody."""
        self.random = random.Random(f"{preset}-{seed}")

    def open(self) -> None:
        """A tenant with random policies; nobody works for it yet."""
        pick = self.random.choice
        counted = {"mode": "CountUsers", "limit": pick((12, 20, 100))}
        licences = {"Platform": ({"mode": "Quota"}, {"mode": "Quota", "reserve": 3}, counted, {"mode": "None"})}
        guard = pick(({"maxPercent": 100, "maxUsers": 1000}, {"maxPercent": 10, "maxUsers": 5, "minUsers": 2}))
        key = {"accessKeyId": "demo-key", "accessKeySecret": ACCESS_KEY} if self.preset == "UserHub" else {}
        self.company.put_secret(self.company.secret, **key)
        self.company.create_tenant(
            api={"preset": self.preset},
            license=pick(licences.get(self.preset, (counted, {"mode": "None"}))),
            bulk={"mode": pick(("Auto", "Off")), "maxOperations": 100, "jobTimeoutSeconds": 10},
            safety={"deprovisioning": guard, "allowDelete": True, "protectedUsers": ["person-00@*"]},
        )

    def accounts(self) -> None:
        """Somebody has made some of them by hand; not all of them can work."""
        for name in self.random.sample(NAMES, 10):
            self.company.make_outside(f"{name}@example.com", active=self.random.random() < 0.7)

    def resources(self) -> None:
        """Some are declared, each in a way of its own."""
        for name in self.random.sample(NAMES, 18):
            self.company.create(name, **self._spec())

    def changes(self) -> None:
        """A day later: people change, leave, and are taken out of Git; somebody has been at CXone by hand."""
        for name in [body["metadata"]["name"] for body in self.company.users()]:
            dice = self.random.random()
            if dice < 0.2:
                self.company.change(name, active=False)
            elif dice < 0.35:
                self.company.change(name, role=self.random.choice(ROLES), active=True)
            elif dice < 0.45 and self.renames:
                self.company.change(name, userName=f"new-{name}@example.com")
            elif dice < 0.6:
                self.company.delete(name)
            elif dice < 0.7:
                self.company.change_outside(f"{name}@example.com", active=False)
        taken = {body["metadata"]["name"] for body in self.company.users()}
        for name in self.random.sample([name for name in NAMES if name not in taken], 3):
            self.company.create(name, **self._spec())

    def _spec(self) -> Json:
        pick, likely = self.random.choice, self.random.random
        spec: Json = {"role": pick(ROLES), "groups": self.random.sample(GROUPS, self.random.randint(0, 2))}
        if self.preset == "UserHub":
            spec = {"role": pick(("Agent", "Supervisor")), "groups": None}
        return {
            **spec,
            "active": likely() < 0.85,
            "adoptionPolicy": "Never" if likely() < 0.15 else "Adopt",
            "managementPolicy": "ObserveOnly" if likely() < 0.1 else "Full",
            "suspend": likely() < 0.1,
            "deletionPolicy": pick((None, "Delete", "Retain")),
        }


def lived(company: Company, before: int) -> Steps:
    """Start the operator, wait until it has nothing left to do, stop it: what its audit trail says since."""
    company.operator.start()
    told, since = -1, time.monotonic()

    def quiet() -> bool:
        nonlocal told, since
        lines = len(company.trail()) + len(company.journal())
        if lines != told:
            told, since = lines, time.monotonic()
        return told > 0 and time.monotonic() - since > QUIET_SECONDS and all(map(spoken, company.users()))

    eventually(quiet, 90.0, every=0.25)
    company.operator.stop()
    return carried_out(company.trail()[before:])


def spoken(body: Json) -> bool:
    """The operator has said how it ends."""
    status = body.get("status", {})
    ready = next((item for item in status.get("conditions", []) if item["type"] == "Ready"), {"reason": "Pending"})
    return status.get("observedGeneration") == body["metadata"]["generation"] and ready["reason"] not in UNDER_WAY


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("preset", PRESETS)
def test_what_is_planned_is_what_is_done(make_own_company: Callable[..., Company], preset: str, seed: int) -> None:
    """The guard, seats and policies included; and once more after a day of changes."""
    company = make_own_company(*PRESETS[preset], "--seats", "40")
    chance = Chance(company, preset, seed)
    chance.open()
    chance.accounts()
    chance.resources()
    assert acting(planned(company)) == lived(company, 0)
    chance.changes()
    assert acting(planned(company)) == lived(company, len(company.trail()))
    assert {outcome for outcome, _ in planned(company).values()} <= {"nothing", "waits", "held", "refused"}
